"""Copies the front-end files that pages use from node_modules into build/vendor and cuts the icon sprite.

    python tools/vendor.py            # after "npm ci", or whenever a page uses a new icon

Third-party files are never committed; ``package-lock.json`` says which ones they are.
"""

import difflib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # so that the file also runs as a script

from tools.icon_names import icon_names  # noqa: E402

SOURCE_FOLDERS = ["templates", "static", "ecm_site", "tasks_app", "m3u_app", "epg_app", "channels_app"]
FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "Sortable.min.js": "sortablejs/Sortable.min.js",
    "mpegts.js": "mpegts.js/dist/mpegts.js",  # fetched when a preview opens, not before
}
# The last ones are bundled: in tabler.min.js, and two in mpegts.js.
PACKAGES = ("@tabler/core", "@tabler/icons", "sortablejs", "mpegts.js", "@popperjs/core", "es6-promise", "events")
# The maps themselves are not shipped; a comment that names one would make collectstatic look for it.
_SOURCE_MAP = re.compile(r"\n?(?://[#@] ?sourceMappingURL=[^\n]*|/\*[#@] ?sourceMappingURL=[^*]*\*/)\s*\Z")
_SVG_BODY = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)
_EMPTY_BOX = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class VendorError(Exception):
    """Something is missing; the message says what to do."""


def copy_files(modules: Path, target: Path) -> None:
    """Copy :data:`FILES` and write the licences of :data:`PACKAGES`. Raises :class:`VendorError` for a missing package."""
    target.mkdir(parents=True, exist_ok=True)
    for name, source in FILES.items():
        try:
            text = (modules / source).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise VendorError(f"{modules / source} is missing. Run: npm ci --ignore-scripts") from None
        _write(target / name, _SOURCE_MAP.sub("\n", text))
    _write(target / "LICENSES.txt", "\n".join(_licence(modules / package) for package in PACKAGES))


def cut_sprite(modules: Path, names: dict[str, Path]) -> tuple[str, list[str]]:
    """Return the sprite (one ``<symbol>`` an icon, its id the icon's name) and a sentence for each unknown name."""
    folder = modules / "@tabler" / "icons" / "icons"
    symbols, problems = [], []
    for name in sorted(names):
        source = folder / "outline" / f"{name}.svg"
        paint = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        if not source.is_file() and name.endswith("-filled"):
            source = folder / "filled" / f"{name.removesuffix('-filled')}.svg"
            paint = 'fill="currentColor"'
        if not source.is_file():
            close = difflib.get_close_matches(name, (path.stem for path in (folder / "outline").glob("*.svg")), n=3)
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            problems.append(f'{names[name]}: there is no Tabler icon "{name}".{hint}')
            continue
        match = _SVG_BODY.search(source.read_text(encoding="utf-8"))
        if match is None:
            raise VendorError(f"{source} is not an SVG picture. Run: npm ci --ignore-scripts")
        body = " ".join(_EMPTY_BOX.sub("", match.group(1)).split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n", problems


def build(root: Path) -> list[str]:
    """Fill ``build/vendor`` below ``root``. Returns problems with icon names; everything that is known is written anyway."""
    modules, target = root / "node_modules", root / "build" / "vendor"
    copy_files(modules, target)
    sprite, problems = cut_sprite(modules, icon_names(root, SOURCE_FOLDERS))
    _write(target / "icons.svg", sprite)
    return problems


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    head = f"{about['name']} {about['version']} ({about['license']}) {about.get('homepage', '')}\n"
    for name in ("LICENSE", "LICENSE.md", "LICENSE.txt"):
        if (package / name).is_file():
            return head + "\n" + (package / name).read_text(encoding="utf-8")
    author = about.get("author", "")
    return head + f"Author: {author.get('name', '') if isinstance(author, dict) else author}\n"


def _write(path: Path, text: str) -> None:
    """Write only what changed, so that file stamps and compressed copies stay valid."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    try:
        problems = build(ROOT)
    except VendorError as error:
        problems = [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
