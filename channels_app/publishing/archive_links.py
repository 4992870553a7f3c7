"""Catch-up addresses that carry a provider's login go out as an address of ours, which fills them in (30 §16.4).

``http://host/timeshift/USER/PASS/{duration:60}/{Y}-{m}-{d}/1.ts`` becomes
``<base>/stream/<uuid>/archive?v={duration:60}&v={Y}&v={m}&v={d}``: the player fills in the placeholders as always, and the
redirect puts their values where they belong.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

_PLACEHOLDER = re.compile(r"\$?\{[^{}\"\n]{1,40}\}")
_VALUE = re.compile(r"[\w:.\- +%]{0,64}", re.ASCII)


def placeholders(source: str) -> list[str]:
    """The placeholders of a catch-up address in their order."""
    return _PLACEHOLDER.findall(source)


def archive_query(source: str) -> str:
    """The query under which a player hands the values of all placeholders to us."""
    return "&".join(f"v={placeholder}" for placeholder in placeholders(source))


def fill_in(source: str, values: Sequence[str]) -> str | None:
    """The provider's address with ``values`` in place of its placeholders; None when they do not fit."""
    if len(values) != len(placeholders(source)) or not all(_VALUE.fullmatch(value) for value in values):
        return None
    remaining = iter(values)
    return _PLACEHOLDER.sub(lambda _found: quote(next(remaining), safe=":+-."), source)
