"""Reads values out of JSON bodies; what is wrong is named by its field."""

from collections.abc import Mapping
from typing import Any

from tasks_app.views.api.answers import Refused

LARGEST_ID = 2**62


def whole_id(value: object, name: str) -> int:
    """An id. Raises :class:`Refused` (422) naming ``name``."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_ID:
        raise wrong(name, f"{name} must be an id: a whole number.")
    return value


def id_list(sent: Mapping[str, Any], name: str, *, most: int) -> list[int]:
    """A list of ids under ``name``; missing or null = empty."""
    found = sent.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise wrong(name, f"{name} must be a list of ids.")
    if len(found) > most:
        raise wrong(name, f"{name} may hold {most:,} ids at most; it has {len(found):,}.")
    return [whole_id(value, f"{name}.{place}") for place, value in enumerate(found)]


def object_list(sent: Mapping[str, Any], name: str, *, most: int) -> list[dict[str, Any]]:
    """A list of objects under ``name``; missing or null = empty."""
    found = sent.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise wrong(name, f"{name} must be a list of objects.")
    if len(found) > most:
        raise wrong(name, f"{name} may hold {most:,} objects at most; it has {len(found):,}.")
    return found


def text_of(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise wrong(name, f"{name} must be a text.")
    return value


def wrong(name: str, sentence: str) -> Refused:
    return Refused(422, sentence, errors={name: [sentence]})
