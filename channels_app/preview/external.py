"""What other players are handed: small M3U files, and scripts that make browsers start VLC (10 §19)."""

import re
from dataclasses import dataclass
from pathlib import Path

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9]")
_LONGEST_NAME = 100
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029\0]+")
_SCRIPTS = Path(__file__).parent / "vlc_scripts"


@dataclass(frozen=True)
class Script:
    """``system`` is part of its address; ``run`` is what to type once it is downloaded."""

    system: str
    title: str
    file_name: str
    icon: str
    run: str
    removes: str

    def text(self) -> str:
        return (_SCRIPTS / self.file_name).read_text(encoding="utf-8")


SCRIPTS = (
    Script(
        "windows",
        "Windows",
        "ecm-vlc-windows.ps1",
        icon="brand-windows",
        run="powershell -ExecutionPolicy Bypass -File ecm-vlc-windows.ps1",
        removes="powershell -ExecutionPolicy Bypass -File ecm-vlc-windows.ps1 -Remove",
    ),
    Script(
        "linux",
        "Linux",
        "ecm-vlc-linux.sh",
        icon="terminal-2",
        run="sh ecm-vlc-linux.sh",
        removes="sh ecm-vlc-linux.sh --remove",
    ),
    Script(
        "macos",
        "macOS",
        "ecm-vlc-macos.sh",
        icon="brand-apple",
        run="sh ecm-vlc-macos.sh",
        removes="sh ecm-vlc-macos.sh --remove",
    ),
)


def find_script(system: str) -> Script | None:
    return next((script for script in SCRIPTS if script.system == system), None)


def m3u_text(name: str, url: str) -> str:
    """A playlist of one entry: header, name, address. Line breaks are taken out, so neither can add lines."""
    return f"#EXTM3U\n#EXTINF:-1,{_on_one_line(name)}\n{_BREAKS.sub('', url)}\n"


def m3u_file_name(name: str) -> str:
    """Every character that is no letter or digit becomes ``_``: ``Fox___Friends.m3u`` (10 §25 row 111)."""
    return f"{_NOT_IN_FILE_NAMES.sub('_', name)[:_LONGEST_NAME] or 'stream'}.m3u"


def _on_one_line(name: str) -> str:
    return _BREAKS.sub(" ", name).strip()
