"""Texts that are different for every channel: ``{name}.uk`` becomes "BBC One.uk"."""

import re
from collections.abc import Callable
from decimal import Decimal

from channels_app.commands import FieldValue
from channels_app.numbering import format_number

Values = dict[str, FieldValue]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NOT_PLAIN = re.compile(r"[\W_]+")

PLACEHOLDERS: dict[str, str] = {
    "name": "the name",
    "compact": "the name without spaces and signs",
    "number": "the number",
    "group": "the group's name",
    "tvg_id": "the TVG-ID as it is",
    "gracenote_id": "the Gracenote id as it is",
}


def compile_text(text: str) -> Callable[[Values, str], str]:
    """A function of a channel's values and its group's name. Raises ``ValueError`` for a placeholder that does not exist."""
    unknown = [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"There is no {{{unknown[0][:40]}}}. Use {known}.")
    if not _PLACEHOLDER.search(text):
        return lambda _values, _group: text
    return lambda values, group: _PLACEHOLDER.sub(lambda found: _value(found[1], values, group), text)


def _value(name: str, values: Values, group: str) -> str:
    if name == "group":
        return group
    if name == "compact":
        return _NOT_PLAIN.sub("", str(values["name"]))
    value = values[name]
    return format_number(value) if isinstance(value, Decimal) else str(value or "")
