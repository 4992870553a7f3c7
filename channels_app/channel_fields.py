"""The fields of a channel that an operator may set: how input is checked and how values are written in the journal."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from channels_app.commands import FieldValue
from channels_app.errors import EditRefused
from channels_app.logos.addresses import stored_name_of
from channels_app.numbering import format_number, parse_number

NAME_LENGTH = 512
LOGO_LENGTH = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class FieldSpec:
    label: str
    clean: Callable[[object], FieldValue]


def clean_text(value: object, *, longest: int) -> str:
    """Trim a text and turn control characters into spaces. Raises ``ValueError`` when it is too long."""
    text = "" if value is None else _CONTROL.sub(" ", str(value)).strip()
    if len(text) > longest:
        raise ValueError(f"This is too long: use at most {longest} characters.")
    return text


def clean_name(value: object) -> str:
    """A channel's name: required (10 §7.2)."""
    name = clean_text(value, longest=NAME_LENGTH)
    if not name:
        raise ValueError("Give the channel a name.")
    return name


def clean_number(value: object) -> Decimal | None:
    """A channel number: digits, a point allowed, or empty (10 §7.2). Raises ``ValueError`` with a sentence."""
    if isinstance(value, Decimal):
        return parse_number(f"{value:f}" if value.is_finite() else str(value))
    return None if value is None else parse_number(str(value))


def clean_logo(value: object) -> str:
    """A logo address: http or https with a host, that of an uploaded picture, or empty."""
    address = clean_text(value, longest=LOGO_LENGTH)
    if not address or stored_name_of(address):
        return address
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("Use an address that begins with http:// or https://, or leave it empty.")
    return address


def _clean_id(value: object) -> int | None:
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError:
        raise ValueError("Choose one of the list.") from None


def _clean_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Say yes or no.")  # noqa: TRY004 - callers catch one kind of error for all fields
    return value


def _text_field(label: str, longest: int) -> FieldSpec:
    return FieldSpec(label, lambda value: clean_text(value, longest=longest))


FIELDS: dict[str, FieldSpec] = {
    "name": FieldSpec("name", clean_name),
    "number": FieldSpec("number", clean_number),
    "group_id": FieldSpec("group", _clean_id),
    "tvg_id": _text_field("TVG-ID", 255),
    "gracenote_id": _text_field("Gracenote id", 64),
    "logo_url": FieldSpec("logo", clean_logo),
    "guide_entry_id": FieldSpec("guide entry", _clean_id),
    "stream_profile_id": FieldSpec("stream profile", _clean_id),
    "epg_locked": FieldSpec("guide lock", _clean_flag),
    "no_epg": FieldSpec("no guide", _clean_flag),
    "is_hidden": FieldSpec("hidden", _clean_flag),
}


def clean_fields(values: Mapping[str, object]) -> dict[str, FieldValue]:
    """Check ``values`` field by field; an unknown name is an error, never silently ignored (10 §7.2, §24).

    Raises :class:`EditRefused` naming every field that is wrong.
    """
    cleaned: dict[str, FieldValue] = {}
    problems: dict[str, str] = {}
    for name, value in values.items():
        spec = FIELDS.get(name)
        if spec is None:
            problems[name] = f"A channel has no field “{name[:60]}”."
            continue
        try:
            cleaned[name] = spec.clean(value)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise EditRefused(problems)
    return cleaned


def to_journal(name: str, value: FieldValue) -> str | int | bool | None:
    """A value as JSON keeps it: numbers as text without trailing zeros ("101", "4.1"), an empty one as None."""
    if name == "number":
        return format_number(value) or None if isinstance(value, Decimal) else None
    return str(value) if isinstance(value, Decimal) else value


def from_journal(name: str, value: object) -> FieldValue:
    """The opposite of :func:`to_journal`."""
    if name == "number":
        return None if value in (None, "") else Decimal(str(value))
    return value if isinstance(value, str | int | bool) else None


def same_value(name: str, left: FieldValue, right: FieldValue) -> bool:
    """True when two values mean the same; 101 and 101.0000 do."""
    return to_journal(name, left) == to_journal(name, right)


def changed_labels(names: list[str]) -> str:
    """ "name, number": the fields of a change, in words."""
    return ", ".join(FIELDS[name].label for name in FIELDS if name in names)
