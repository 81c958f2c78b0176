#!/usr/bin/env bash
# Lets codesign find the certificate in MACOS_CERTIFICATE (base64 of a .p12): a keychain of its own, which ends
# with the machine. Prints nothing of it.
set -euo pipefail
keychain="$RUNNER_TEMP/signing.keychain-db"
password=$(openssl rand -hex 24)
file="$RUNNER_TEMP/certificate.p12"
trap 'rm -f "$file"' EXIT
printf '%s' "$MACOS_CERTIFICATE" | base64 --decode >"$file"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 21600 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$file" -P "$MACOS_CERTIFICATE_PASSWORD" -A -t cert -f pkcs12 -k "$keychain"
security set-key-partition-list -S apple-tool:,apple: -k "$password" "$keychain" >/dev/null
security list-keychains -d user -s "$keychain" login.keychain-db
