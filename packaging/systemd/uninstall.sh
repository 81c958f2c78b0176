#!/bin/sh
# Removes the service and its program:
#   sudo sh packaging/systemd/uninstall.sh [--purge]
# Settings, master key, state and logs stay; --purge removes them too, and with them every stored
# password, key and the audit trail.
set -eu

fail() {
  printf 'uninstall.sh: %s\n' "$*" >&2
  exit 1
}

purge=no
for option in "$@"; do
  case "$option" in
  --purge) purge=yes ;;
  -h | --help)
    sed -n '2,/^set /p' "$0" | sed -n 's/^# \{0,1\}//p'
    exit 0
    ;;
  *) fail "there is no option $option. See: sh $0 --help" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || fail "this needs root. Run: sudo sh $0"
[ -d /run/systemd/system ] || fail "this machine was not started by systemd, so no service can be removed."

if [ -e /usr/local/lib/systemd/system/vmart-backend.service ]; then
  systemctl --quiet disable --now vmart-backend.service
fi
rm -f /usr/local/lib/systemd/system/vmart-backend.service /usr/local/lib/sysusers.d/vmart-backend.conf \
  /usr/local/lib/tmpfiles.d/vmart-backend.conf /usr/local/sbin/vmart-backend /run/vmart-backend.install
rm -rf /opt/vmart-backend
for folder in systemd/system systemd sysusers.d tmpfiles.d; do # those that the installation made
  rmdir "/usr/local/lib/$folder" 2>/dev/null || true
done
systemctl daemon-reload
systemctl reset-failed vmart-backend.service 2>/dev/null || true
if [ $purge = yes ]; then
  rm -rf /etc/vmart /var/lib/vmart /var/log/vmart /etc/systemd/system/vmart-backend.service.d
  systemctl daemon-reload
  if getent passwd vmart >/dev/null; then userdel vmart; fi
  echo "Removed, with all settings, keys, state and logs."
else
  echo "Removed. Left in place: /etc/vmart, /var/lib/vmart, /var/log/vmart and the account vmart (--purge removes them)."
fi
