#!/bin/sh
# Lets the browser start VLC: makes a small app for addresses that begin with vlc://, for your user only.
#   sh ecm-vlc-macos.sh            set up
#   sh ecm-vlc-macos.sh --remove   take it away again
set -eu

app="$HOME/Applications/ECM Open in VLC.app"
register="/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister"

if [ "${1:-}" = "--remove" ]; then
    [ ! -d "$app" ] || "$register" -u "$app"
    rm -rf "$app"
    echo "Removed."
    exit 0
fi

if [ ! -d "/Applications/VLC.app" ] && [ ! -d "$HOME/Applications/VLC.app" ]; then
    echo "VLC was not found. Install it first: https://www.videolan.org/vlc/" >&2
    exit 1
fi

mkdir -p "$HOME/Applications"
rm -rf "$app"
# Some browsers turn vlc://http://host into vlc://http//host; both are understood. Nothing but web addresses is opened.
osacompile -o "$app" <<'SCRIPT'
on open location this
    set wanted to do shell script "printf '%s' " & quoted form of this & " | sed -E 's#^vlc:(//)?##; s#^(https?):?/+#\\1://#'"
    if wanted starts with "http://" or wanted starts with "https://" then
        do shell script "open -a VLC " & quoted form of wanted
    end if
end open location
SCRIPT
plist="$app/Contents/Info.plist"
/usr/libexec/PlistBuddy -c "Add :CFBundleIdentifier string org.ecm.open-in-vlc" "$plist" 2>/dev/null ||
    /usr/libexec/PlistBuddy -c "Set :CFBundleIdentifier org.ecm.open-in-vlc" "$plist"
/usr/libexec/PlistBuddy \
    -c "Add :LSUIElement bool true" \
    -c "Add :CFBundleURLTypes array" \
    -c "Add :CFBundleURLTypes:0 dict" \
    -c "Add :CFBundleURLTypes:0:CFBundleURLName string VLC" \
    -c "Add :CFBundleURLTypes:0:CFBundleURLSchemes array" \
    -c "Add :CFBundleURLTypes:0:CFBundleURLSchemes:0 string vlc" "$plist"
"$register" "$app"
echo "Done. The browser asks once whether it may open \"ECM Open in VLC\"."
