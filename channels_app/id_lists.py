"""Lists of ids as requests carry them; anything malformed counts as not given."""

from collections.abc import Iterable

from django.core.exceptions import RequestDataTooBig
from django.http import QueryDict

MOST_IDS = 50_000


def ids_in(values: QueryDict, name: str) -> tuple[int, ...]:
    """Ids under ``name``, repeated or joined by commas, each once and in order."""
    return numbers_in(values.getlist(name))


def numbers_in(texts: Iterable[str]) -> tuple[int, ...]:
    parts = (part.strip() for text in texts for part in text.split(","))
    found = dict.fromkeys(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19)
    if len(found) > MOST_IDS:  # cutting them off silently would do something else than was asked
        raise RequestDataTooBig(f"More than {MOST_IDS} ids in one request.")
    return tuple(found)
