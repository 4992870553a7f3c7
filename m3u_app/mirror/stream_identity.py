"""Which stream here is which on the server. No links: a mirrored stream's identity is made from the server's id alone.

So a hundred thousand ids are translated by the one index that streams have anyway. Custom streams have links of their own and
are asked for as well, since channels know no difference.
"""

from collections.abc import Collection, Iterator
from hashlib import sha256

from m3u_app.mirror.custom_stream_kind import CustomStreamKind
from m3u_app.raw_sql import read_rows, read_rows_in
from m3u_app.stream_users import used_streams
from tasks_app.models import MirrorLink

_AT_ONCE = 500
_KEY_BYTES = 8  # what the unique index holds of an identity
_FIND = (  # answered by the index alone
    "WITH wanted(identity) AS (VALUES {keys}) SELECT wanted.identity, s.id FROM wanted"
    " CROSS JOIN m3u_app_stream s ON SUBSTR(s.stream_hash, 1, 8) = wanted.identity"
)
_STORED = "SELECT id, provider_stream_id, SUBSTR(stream_hash, 1, 8) FROM m3u_app_stream WHERE is_custom = 0 AND id IN ({ids})"


def mirror_identity(remote_id: int) -> bytes:
    """The identity of the server's stream ``remote_id``, whatever account it is in."""
    return sha256(b"dispatcharr stream %d" % remote_id).digest()


def locals_of(remote_ids: Collection[int]) -> dict[int, int]:
    """Our ids by the server's, of those streams that are here."""
    found: dict[int, int] = {}
    for part in _parts(remote_ids):
        keys = {mirror_identity(number)[:_KEY_BYTES]: number for number in part}
        sql = _FIND.replace("{keys}", ", ".join(["(%s)"] * len(keys)))
        found |= {keys[bytes(key)]: row_id for key, row_id in read_rows(sql, list(keys))}
    missing = [number for number in remote_ids if number not in found]
    for part in _parts(missing):
        links = MirrorLink.objects.filter(kind=CustomStreamKind.name, remote_id__in=part)
        found |= dict(links.values_list("remote_id", "local_id"))
    return found


def remotes_of(local_ids: Collection[int]) -> dict[int, int]:
    """The server's ids by ours, of those streams that are there."""
    found: dict[int, int] = {}
    for part in _parts(local_ids):
        for row_id, written, key in read_rows_in(_STORED, part):
            remote_id = remote_id_of(written, bytes(key))
            if remote_id is not None:
                found[row_id] = remote_id
    missing = [number for number in local_ids if number not in found]
    for part in _parts(missing):
        links = MirrorLink.objects.filter(kind=CustomStreamKind.name, local_id__in=part)
        found |= dict(links.values_list("local_id", "remote_id"))
    return found


def owners_of(local_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """With what each of our streams is on the server: its account, or by itself."""
    found: dict[int, tuple[str, int]] = {}
    for part in _parts(local_ids):
        for row_id, account_id in read_rows_in("SELECT id, account_id FROM m3u_app_stream WHERE id IN ({ids})", part):
            found[row_id] = (CustomStreamKind.name, row_id) if account_id is None else ("account", account_id)
    return found


def remote_id_of(provider_stream_id: str, identity: bytes) -> int | None:
    """The server's id of a stored stream; None for one whose identity is not made from that: it was never mirrored."""
    if not (provider_stream_id.isascii() and provider_stream_id.isdigit() and len(provider_stream_id) < 19):
        return None
    number = int(provider_stream_id)
    return number if mirror_identity(number)[:_KEY_BYTES] == identity[:_KEY_BYTES] else None


def known_remote_ids(account_id: int) -> list[int]:
    """The server's ids of the mirrored streams of an account."""
    rows = read_rows(
        "SELECT provider_stream_id, SUBSTR(stream_hash, 1, 8) FROM m3u_app_stream WHERE account_id = %s AND is_custom = 0",
        [account_id],
    )
    found = (remote_id_of(written, bytes(key)) for written, key in rows)
    return sorted(number for number in found if number is not None)


def used_but_gone(account_id: int, remote_ids: Collection[int]) -> list[int]:
    """Our ids of the mirrored streams of an account that something uses and that are none of ``remote_ids``."""
    rows = read_rows(
        "SELECT id, provider_stream_id, SUBSTR(stream_hash, 1, 8) FROM m3u_app_stream WHERE account_id = %s AND is_custom = 0",
        [account_id],
    )
    there = set(remote_ids)
    known = ((row_id, remote_id_of(written, bytes(key))) for row_id, written, key in rows)
    gone = [row_id for row_id, number in known if number is not None and number not in there]
    return sorted(pk for part in _parts(gone) for pk in used_streams(part))


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    together = list(ids)
    for start in range(0, len(together), _AT_ONCE):
        yield together[start : start + _AT_ONCE]
