"""JSON without blanks, in the way of the hottest loop."""

import json
from json import encoder as _encoder
from typing import Any

_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_make = getattr(_encoder, "c_make_encoder", None)  # None in an interpreter without the C part of json
# JSONEncoder.encode builds this very object anew on each call, which takes longer than encoding a small dict.
_encode = _make and _make(None, _plain.default, _encoder.encode_basestring, None, ":", ",", False, False, True)


def encode_json(value: Any) -> str:
    """``value`` as JSON text, characters beyond ASCII as they are. Lists, dicts, texts, numbers and booleans only."""
    return "".join(_encode(value, 0)) if _encode else _plain.encode(value)
