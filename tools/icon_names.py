"""Finds the names of all icons that pages, Python and scripts of this project ask for.

Understood are ``{% icon "refresh" %}`` (also with ``|yesno:"check,x"``), ``with icon="refresh"``, ``"icon": "refresh"``,
``icon="refresh"``, ``icon: "refresh"``, ``icon("refresh")``, ``icons.svg#refresh`` and, in Python, every text in a dictionary
whose name ends in ``ICONS``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SKIPPED_FOLDERS = {"tests", "migrations", "node_modules", "build", "data", "__pycache__"}
_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ICON_TAG = re.compile(r"{%-?\s*icon\s+(.*?)%}", re.DOTALL)
_QUOTED = re.compile(r"""["']([^"']*)["']""")
_ASSIGNED = re.compile(rf"""\bicon["']?\s*[=:(]\s*["']({_NAME})["']""")
_ANNOTATED = re.compile(rf"""\bicon\s*:\s*[\w\[\]| ]+=\s*["']({_NAME})["']""")
_LINKED = re.compile(rf"icons\.svg#({_NAME})")
_WHOLE_NAME = re.compile(rf"{_NAME}\Z")


def icon_names(root: Path, folders: list[str]) -> dict[str, Path]:
    """Return every icon name used below ``folders`` of ``root`` with one file that uses it."""
    found: dict[str, Path] = {}
    for path in _source_files(root, folders):
        text = path.read_text(encoding="utf-8")
        for name in _names_in(path, text):
            found.setdefault(name, path.relative_to(root))
    return found


def _source_files(root: Path, folders: list[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".html", ".py", ".js") and not SKIPPED_FOLDERS & set(path.relative_to(root).parts):
                yield path


def _names_in(path: Path, text: str) -> Iterator[str]:
    for pattern in (_ASSIGNED, _ANNOTATED, _LINKED):
        yield from pattern.findall(text)
    if path.suffix == ".html":
        for arguments in _ICON_TAG.findall(text):
            yield from _names_in_tag(arguments.strip())
    elif path.suffix == ".py" and "ICONS" in text:
        yield from _names_in_dictionaries(text)


def _names_in_tag(arguments: str) -> Iterator[str]:
    """The first argument names the icon: a text, or a variable with filters whose texts are alternatives."""
    first = re.match(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", arguments)
    if not first:
        return
    for quoted in _QUOTED.findall(first.group()):
        yield from (name for name in quoted.split(",") if _WHOLE_NAME.match(name))


def _names_in_dictionaries(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if not any(isinstance(target, ast.Name) and target.id.endswith("ICONS") for target in targets):
            continue
        value = node.value  # type: ignore[attr-defined]
        for item in value.values if isinstance(value, ast.Dict) else ():
            for part in ast.walk(item):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and _WHOLE_NAME.match(part.value):
                    yield part.value
