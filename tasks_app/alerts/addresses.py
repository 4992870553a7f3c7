"""Lists of e-mail addresses as people type and paste them (A-1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

_FORBIDDEN = re.compile(r"[\r\n<>:\x00-\x1f\x7f]")
_is_address = EmailValidator()
MOST_RECIPIENTS = 100


@dataclass(frozen=True)
class Recipients:
    addresses: tuple[str, ...]
    duplicates: int = 0


class InvalidRecipients(ValueError):
    """The message names the entry."""


def read_recipients(value: object) -> Recipients:
    """Take comma text (semicolons and line breaks count as commas) or a list; trim, drop blanks and repeats in any case.

    Raises :class:`InvalidRecipients`, also when nothing is left. A line break inside an entry of a *list* is refused: there
    it is no separator but an attempt to write mail headers.
    """
    if isinstance(value, str):
        entries: Iterable[object] = re.split(r"[,;\n]", value.replace("\r\n", "\n").replace("\r", "\n"))
    elif isinstance(value, list | tuple):
        entries = value
    else:
        entries = ()
    found: dict[str, str] = {}
    duplicates = 0
    for entry in entries:
        if not isinstance(entry, str):
            raise InvalidRecipients(f"“{str(entry)[:60]}” is not an e-mail address.")
        address = entry.strip(" \t")
        if not address.strip():
            continue
        if not is_address(address):
            raise InvalidRecipients(
                f"“{address.splitlines()[0][:100]}” is not an e-mail address. Write it as name@example.org."
            )
        if address.lower() in found:
            duplicates += 1
        else:
            found[address.lower()] = address
    if not found:
        raise InvalidRecipients("Enter at least one e-mail address.")
    if len(found) > MOST_RECIPIENTS:
        raise InvalidRecipients(f"At most {MOST_RECIPIENTS} addresses; there are {len(found)}.")
    return Recipients(tuple(found.values()), duplicates)


def is_address(text: str) -> bool:
    """A plain address: valid, ASCII before the @, and nothing in it that could write a header."""
    if _FORBIDDEN.search(text) or len(text) > 254:
        return False
    try:
        _is_address(text)
    except ValidationError:
        return False
    return True
