"""Turns anything into plain JSON values without secrets, for details of runs and for the journal."""

import math
import re
from collections.abc import Mapping
from typing import Any

from ecm_site.crypto import PREFIX
from ecm_site.masking import MASK, mask_text

_SECRET_KEY = re.compile(r"(?i)(^|_)(password|passwd|passphrase|token|secret|api_?key|webhook(_url)?|private_key)($|_)")


def plain(value: Any, *, mask: bool) -> Any:
    """Return ``value`` as JSON can hold it: unknown types become text, sets become lists, NaN becomes None.

    Values under keys that name a secret are always replaced. With ``mask``, credentials inside texts are too.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _hidden(part) if is_secret(str(key)) else plain(part, mask=mask) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, mask=mask) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(part, mask=mask) for part in value), key=str)
    text = str(value).replace("\x00", "")
    if not mask:
        return text
    return MASK if text.startswith(PREFIX) else mask_text(text)  # an encrypted secret says nothing to anybody


def is_secret(key: str) -> bool:
    """True when a field of this name must never be shown or kept outside its own encrypted column."""
    return bool(_SECRET_KEY.search(key))


def _hidden(value: Any) -> Any:
    return MASK if value and not isinstance(value, bool) else value
