"""How guide ids and names are made comparable for linking and searching (30 §7)."""

import unicodedata
from collections.abc import Iterable


def tvg_key(tvg_id: str) -> str:
    """The form by which ids are equal: trimmed, case-folded, at most 300 characters."""
    return tvg_id.strip().casefold()[:300]


def squash(text: str) -> str:
    """Lower-case letters and digits only, without accents: ``"FOX 5"`` → ``"fox5"``, ``"Télé 2"`` → ``"tele2"``."""
    folded = text.casefold()
    if folded.isascii():
        return "".join(filter(str.isalnum, folded))
    return "".join(char for char in unicodedata.normalize("NFKD", folded) if char.isalnum())


def search_text(tvg_id: str, names: Iterable[str]) -> str:
    """What the search looks into: id and names, one a line, first case-folded, then squashed; no line twice."""
    raw = [" ".join(text.casefold().split()) for text in (*names, tvg_id)]
    return "\n".join(dict.fromkeys(line for line in (*raw, *map(squash, raw)) if line))
