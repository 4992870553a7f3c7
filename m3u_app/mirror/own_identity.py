"""Gives mirrored streams the identity that our own refreshes know them by: the way back to standalone (20 §3.7)."""

import json
import logging
from collections.abc import Iterator
from typing import Any

from m3u_app.entries import Entry
from m3u_app.importing.addresses import split_address
from m3u_app.importing.identity import IdentityMaker, identity_fields, identity_maker
from m3u_app.mirror.stream_identity import remote_id_of
from m3u_app.models import Account, AccountType
from m3u_app.raw_sql import execute_many, read_rows
from m3u_app.write_turns import WriteTurns

logger = logging.getLogger(__name__)

_AT_ONCE = 2000
_SELECT = (
    "SELECT s.id, s.provider_stream_id, s.stream_hash, s.name, s.url, s.tvg_id, COALESCE(g.name, ''),"
    " s.extras FROM m3u_app_stream s"
    " LEFT JOIN m3u_app_streamgroup g ON g.id = s.group_id"
    " WHERE s.account_id = %s AND s.is_custom = 0 AND s.id > %s ORDER BY s.id LIMIT %s"
)
_UPDATE = (
    "UPDATE m3u_app_stream SET stream_hash = %s, provider_stream_id = %s, content_mark = 0 WHERE id = %s"
    " AND NOT EXISTS (SELECT 1 FROM m3u_app_stream o WHERE SUBSTR(o.stream_hash, 1, 8) = SUBSTR(%s, 1, 8) AND o.id <> %s)"
)


def own_identity(account: Account) -> int:
    """Re-key the mirrored streams of ``account``; rows, groups and their places on channels stay. Returns how many it were.

    Marks become unknown ones, so that the next refresh of our own looks at every stream. Of two streams that would be one by
    our rules the later keeps the server's identity; that refresh decides what becomes of it.
    """
    maker = identity_maker(account.pk, identity_fields(account))
    turns = WriteTurns()
    changed = 0
    for rows in _portions(account.pk):
        updates = [update for row in rows if (update := _rekeyed(row, account, maker)) is not None]
        if updates:
            with turns.turn(len(updates)):
                changed += execute_many(_UPDATE, updates)
    logger.info("[M3U] Account id=%s: %s streams have our own identity again", account.pk, changed)
    return changed


def is_mirrored_still(account_id: int) -> bool:
    """Whether :func:`own_identity` did not come to its end: the last stream still has the server's identity."""
    last = read_rows(
        "SELECT provider_stream_id, stream_hash FROM m3u_app_stream WHERE account_id = %s AND is_custom = 0"
        " ORDER BY id DESC LIMIT 1",
        [account_id],
    )
    return any(remote_id_of(written, bytes(stored)) is not None for written, stored in last)


def _portions(account_id: int) -> Iterator[list[tuple[Any, ...]]]:
    last = 0
    while rows := list(read_rows(_SELECT, [account_id, last, _AT_ONCE])):
        yield rows
        last = rows[-1][0]


def _rekeyed(row: tuple[Any, ...], account: Account, maker: IdentityMaker) -> tuple[Any, ...] | None:
    row_id, written, stored, name, url, tvg_id, group, extras = row
    if remote_id_of(written, bytes(stored)) is None:
        return None
    number = _number(url, extras) if account.account_type == AccountType.XTREAM else ""
    identity = maker(Entry(name=name, url=url, tvg_id=tvg_id, group=group, identity_key=number))
    return identity, number, row_id, identity, row_id


def _number(url: str, extras: str | None) -> str:
    """The panel's number of a stream: what the server said of it, else what its address shows."""
    xtream = (json.loads(extras) if extras else {}).get("xtream")
    return (
        str(xtream.get("stream_id") or "")
        if isinstance(xtream, dict) and xtream.get("stream_id")
        else split_address(url).number
    )
