#!/bin/sh
# Lets the browser start VLC: registers a program for addresses that begin with vlc://, for your user only.
#   sh ecm-vlc-linux.sh            set up
#   sh ecm-vlc-linux.sh --remove   take it away again
set -eu

program="$HOME/.local/bin/ecm-open-in-vlc"
entry="${XDG_DATA_HOME:-$HOME/.local/share}/applications/ecm-open-in-vlc.desktop"

if [ "${1:-}" = "--remove" ]; then
    rm -f "$program" "$entry"
    echo "Removed."
    exit 0
fi

if ! command -v vlc >/dev/null 2>&1; then
    echo "VLC was not found. Install it first, for example: sudo apt install vlc" >&2
    exit 1
fi

mkdir -p "$(dirname "$program")" "$(dirname "$entry")"
cat > "$program" <<'PROGRAM'
#!/bin/sh
# Some browsers turn vlc://http://host into vlc://http//host; both are understood. Nothing but web addresses is opened.
address=$(printf '%s' "$1" | sed -E 's#^vlc:(//)?##; s#^(https?):?/+#\1://#')
case "$address" in
    http://?*|https://?*) exec vlc -- "$address" ;;
    *) echo "This is not a web address: $address" >&2; exit 1 ;;
esac
PROGRAM
chmod 755 "$program"
cat > "$entry" <<ENTRY
[Desktop Entry]
Type=Application
Name=Open in VLC
Exec="$program" %u
NoDisplay=true
MimeType=x-scheme-handler/vlc;
ENTRY
if command -v xdg-mime >/dev/null 2>&1; then
    xdg-mime default ecm-open-in-vlc.desktop x-scheme-handler/vlc
else
    echo "xdg-mime was not found: choose \"Open in VLC\" yourself when the browser asks." >&2
fi
echo "Done. The browser asks once whether it may open VLC."
