"""What makes a stream the same stream from one refresh to the next (20 §3.7)."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from json.encoder import encode_basestring_ascii

from ecm_site.conf import IDENTITY_FIELDS, get_settings
from m3u_app.entries import Entry
from m3u_app.models import Account, AccountType

IdentityMaker = Callable[[Entry], bytes]


class IdentityRefused(ValueError):
    """The chosen fields would make all streams of an account one."""


def identity_fields(account: Account) -> tuple[str, ...]:
    """Return the fields whose values identify a stream of ``account``, sorted.

    The account's own choice goes before the global one. "m3u_id" means the account, which is always part of the identity.
    Tuners are identified by device and guide number whatever is chosen. Raises :class:`IdentityRefused` for a choice that
    distinguishes nothing.
    """
    if account.account_type == AccountType.HDHOMERUN:
        return ("url",)
    chosen = account.identity_fields if isinstance(account.identity_fields, list) else []
    fields = {field for field in chosen or get_settings().stream_identity if field in IDENTITY_FIELDS} - {"m3u_id"}
    if not fields:
        raise IdentityRefused(
            "The stream identity must use at least one of name, url, tvg_id or group; otherwise all streams are one."
        )
    return tuple(sorted(fields))


def identity_maker(account_id: int, fields: Sequence[str]) -> IdentityMaker:
    """Return the function that gives an entry's identity: SHA-256 of a JSON object with sorted keys.

    For entries with a key of their own (Xtream stream id, tuner channel) that key stands for the address, so that a new
    password or host changes nothing.
    """
    prefix = f'{{"account": {account_id}, '
    if tuple(fields) == ("url",):  # the usual choice, spelled out: json.dumps takes three times as long

        def by_url(entry: Entry) -> bytes:
            if entry.identity_key:
                text = f'{prefix}"stream_id": {encode_basestring_ascii(entry.identity_key)}}}'
            else:
                text = f'{prefix}"url": {encode_basestring_ascii(entry.url)}}}'
            return sha256(text.encode("ascii")).digest()

        return by_url

    def by_fields(entry: Entry) -> bytes:
        parts: dict[str, object] = {"account": account_id}
        for field in fields:
            if field == "url" and entry.identity_key:
                parts["stream_id"] = entry.identity_key
            else:
                parts[field] = getattr(entry, field)
        return sha256(json.dumps(parts, sort_keys=True).encode("ascii")).digest()

    return by_fields
