#!/bin/sh
# Installs the backend as a service, or brings an installed one up to this version:
#   sudo sh packaging/systemd/install.sh [--start] [--python PATH]
# Settings, keys and state that are there already stay as they are. What it puts where:
#   /opt/vmart-backend           the program; the version before stays beside it until the next upgrade
#   /usr/local                   the unit, and the command vmart-backend
#   /etc/vmart                   settings, certificates, the master key
#   /var/lib/vmart               state (made by the service), /var/log/vmart its log
set -eu
umask 022
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

start=no
python=python3
while [ $# -gt 0 ]; do
  case "$1" in
  --start) start=yes ;;
  --python)
    [ $# -ge 2 ] || fail "--python needs a path, such as --python /usr/bin/python3.11"
    python=$2
    shift
    ;;
  -h | --help)
    sed -n '2,/^set /p' "$0" | sed -n 's/^# \{0,1\}//p'
    exit 0
    ;;
  *) fail "there is no option $1. See: sh $0 --help" ;;
  esac
  shift
done

[ "$(id -u)" -eq 0 ] || fail "this needs root. Run: sudo sh $0"
[ -d /run/systemd/system ] || fail "this machine was not started by systemd. See docs/install.md for other ways."
found=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
[ "${found:-0}" -ge 250 ] || fail "systemd 250 or newer is needed; this is ${found:-an unknown version}."

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
opt=/opt/vmart-backend
etc=/etc/vmart
lock=requirements/server.lock
for part in server shared docs "$lock"; do
  [ -e "$source/$part" ] || fail "$source/$part is missing. Run this from a whole copy of the project."
done
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null ||
  fail "$python is not a Python from 3.11 to 3.14. Install one, or name it with --python."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make environments. Install that part of it (apt install python3-venv) and try again."
exec 9>/run/vmart-backend.install
flock -n 9 || fail "another installation is running. Wait until it has ended."
has_key() { [ -e $etc/master.key ] || [ -e $etc/master.key.sealed ]; }
if [ -e /var/lib/vmart/backend/state.db ] && ! has_key && [ ! -e /var/lib/vmart/.key ]; then
  fail "/var/lib/vmart holds a state, but $etc/master.key, which sealed it, is missing. Restore it from a backup."
fi

# -- The program: made whole beside the old one, then put in its place -------------------------

digest() { sha256sum | cut -c1-12; }
content() { (cd "$source" && find server shared docs packaging/systemd -type f ! -name '*.pyc' | LC_ALL=C sort | xargs sha256sum); }

environment=$opt/environments/$({ cat "$source/$lock" && "$python" -c 'import sys; print(sys.version, sys.executable)'; } | digest)
if [ ! -e "$environment/.whole" ]; then
  say "Fetching the packages into $environment"
  rm -rf "$environment"
  mkdir -p "$environment"
  "$python" -m venv "$environment"
  "$environment/bin/python" -m pip install --require-hashes --no-deps --only-binary :all: --no-input \
    --disable-pip-version-check --quiet -r "$source/$lock" ||
    fail "the packages could not be installed. What was there goes on; run the same command again."
  # What was built by others needs libraries of the system, which a very small one may lack.
  lacking=$("$environment/bin/python" -c 'import cryptography.fernet, duckdb, numpy, sqlglot, uvloop' 2>&1 | tail -n 1)
  [ -z "$lacking" ] ||
    fail "a package cannot be loaded ($lacking). Install what it needs (on Debian: apt install libstdc++6) and try again."
  touch "$environment/.whole"
fi
release=$opt/releases/$({ content && echo "$environment"; } | digest)
if [ ! -e "$release/.whole" ]; then
  say "Installing into $release"
  rm -rf "$release"
  mkdir -p "$release/app" "$release/docs"
  (cd "$source" && tar -cf - --exclude=__pycache__ server shared) | tar -C "$release/app" --no-same-owner -xf -
  cp "$source"/docs/*.md "$release/docs/"
  cp "$here/backend_config.yaml" "$here/vmart-server" "$release/"
  ln -s "$environment" "$release/venv"
  chmod -R u=rwX,go=rX "$release/app" "$release/docs"
  chmod 644 "$release/backend_config.yaml"
  chmod 755 "$release/vmart-server"
  "$release/venv/bin/python" -m compileall -q "$release/app"
  "$release/vmart-server" --help >/dev/null || fail "the program does not run."
  touch "$release/.whole"
fi

# -- What surrounds it ------------------------------------------------------------------------

unit=/usr/local/lib/systemd/system/vmart-backend.service
same=no
if [ "$(readlink $opt/current 2>/dev/null)" = "$release" ] && cmp -s "$here/vmart-backend.service" $unit; then
  same=yes
fi
install -D -m 644 "$here/vmart-backend.sysusers.conf" /usr/local/lib/sysusers.d/vmart-backend.conf
install -D -m 644 "$here/vmart-backend.tmpfiles.conf" /usr/local/lib/tmpfiles.d/vmart-backend.conf
install -D -m 644 "$here/vmart-backend.service" $unit
install -D -m 755 "$here/vmart-backend" /usr/local/sbin/vmart-backend
systemd-sysusers /usr/local/lib/sysusers.d/vmart-backend.conf
systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/vmart-backend.conf
if [ ! -e $etc/backend_config.yaml ]; then
  install -m 640 -o root -g vmart "$here/backend_config.yaml" $etc/backend_config.yaml
fi
if ! has_key; then
  fresh=$etc/.master.key.new
  (
    umask 077
    if [ -e /var/lib/vmart/.key ]; then # a state that was moved here; read as its owner, wherever that leads
      setpriv --reuid=vmart --regid=vmart --init-groups cat /var/lib/vmart/.key >$fresh
    else
      "$environment/bin/python" -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())' >$fresh
    fi
  )
  mv $fresh $etc/master.key
  say "The master key is $etc/master.key. Back it up: without it, stored passwords are lost."
fi

# -- In its place -----------------------------------------------------------------------------

before=$(readlink $opt/current 2>/dev/null || true)
if [ "$before" != "$release" ]; then
  ln -sfn "$release" $opt/current.new
  mv -T $opt/current.new $opt/current
  for old in "$opt"/releases/*; do
    case "$old" in "$release" | "$before") ;; *) rm -rf "$old" ;; esac
  done
fi
kept=$(readlink "$opt"/releases/*/venv)
for old in "$opt"/environments/*; do
  case "$kept" in *"$old"*) ;; *) rm -rf "$old" ;; esac
done
systemctl daemon-reload
systemctl --quiet enable vmart-backend.service
if systemctl --quiet is-active vmart-backend.service; then
  if [ $same = yes ]; then
    say "This version is installed and runs already."
    exit 0
  fi
  start=yes
fi
if [ $start = yes ]; then
  systemctl restart vmart-backend.service ||
    fail "it does not start. The reason stands in: journalctl -u vmart-backend -n 20"
  say "The backend runs: systemctl status vmart-backend"
else
  say "Installed. Look at $etc/backend_config.yaml, then: systemctl start vmart-backend"
fi
