#!/usr/bin/env bash
# The disk image around the .app in dist/, notarised when there are credentials for it:
# APPLE_ID, APPLE_TEAM_ID and APPLE_PASSWORD (an app-specific one), and VMART_CODESIGN_IDENTITY to sign.
set -euo pipefail
release=$1
cd "$(dirname "$0")/../.."
app="dist/V-Mart AI Agent.app"
image="dist/vmart-agent-$release-macos-$(uname -m).dmg"

notarise() {
  if [ -z "${VMART_CODESIGN_IDENTITY:-}" ] || [ -z "${APPLE_ID:-}" ]; then
    echo "Not notarised: there are no credentials."
    return
  fi
  xcrun notarytool submit "$1" --wait --apple-id "$APPLE_ID" --team-id "$APPLE_TEAM_ID" --password "$APPLE_PASSWORD"
}

if [ -n "${VMART_CODESIGN_IDENTITY:-}" ]; then
  codesign --force --deep --timestamp --options runtime --entitlements packaging/macos/entitlements.plist \
    --sign "$VMART_CODESIGN_IDENTITY" "$app"
  codesign --verify --deep --strict "$app"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ditto "$app" "$folder/V-Mart AI Agent.app"
ln -s /Applications "$folder/Applications"
hdiutil create -volname "V-Mart AI Agent" -srcfolder "$folder" -format ULFO -ov "$image"
if [ -n "${VMART_CODESIGN_IDENTITY:-}" ]; then
  codesign --timestamp --sign "$VMART_CODESIGN_IDENTITY" "$image"
fi
notarise "$image"
if [ -n "${VMART_CODESIGN_IDENTITY:-}" ] && [ -n "${APPLE_ID:-}" ]; then
  xcrun stapler staple "$image"
fi
