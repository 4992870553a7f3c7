"""The server's streams of one account as a source for the importer."""

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.entries import (
    DEFAULT_GROUP,
    ID_LIMIT,
    NAME_LIMIT,
    URL_LIMIT,
    Entry,
    GroupHint,
    ReadReport,
    channel_number,
    content_marks,
    mark_key,
    storable,
)
from m3u_app.importing.directives import looks_playable
from m3u_app.importing.fields import one_line
from m3u_app.importing.spool import Spool
from m3u_app.mirror.read_ahead import There, read_streams
from m3u_app.providers.loose_values import count_of, text_of
from tasks_app.mirror.readable import is_id
from tasks_app.progress import Progress

CATCHUP_DAYS_MAX = 3_650
_BATCH = 500  # the importer gathers several
_VERSION = "2"  # of the mapping: another one has every stream looked at again


class StreamSource:
    """An :class:`~m3u_app.entries.EntrySource`: live streams come as entries, stale ones are put aside in ``stale``.

    ``group_names``: names here by id on the server. ``present`` are groups that are there whether or not streams are in them.
    ``are_listed``: the server itself gave ``ids``, just now.
    """

    def __init__(
        self,
        client: Dispatcharr,
        account_there: int,
        ids: "array[int]",
        *,
        group_names: Mapping[int, str],
        present: list[str],
        progress: Progress,
        stale: Spool,
        are_listed: bool,
    ) -> None:
        self.report = ReadReport()
        self.header: dict[str, Any] = {}
        self.account_changes: dict[str, Any] = {}
        self.groups = [GroupHint(name) for name in present]
        self.size = len(ids)
        self.stale = stale
        self._client = client
        self._account = account_there
        self._ids = ids
        self._names = group_names
        self._progress = progress
        self._are_listed = are_listed

    def batches(self, salt: bytes) -> Iterator[list[tuple[int, Any]]]:
        key = mark_key(salt, _VERSION)
        for rows in read_streams(self._client, self._ids, self._progress, are_listed=self._are_listed):
            live: list[There] = []
            stale: list[tuple[Any, ...]] = []
            for row in rows:
                if is_id(row.m3u_account) and row.m3u_account != self._account:
                    continue  # it went there since the ids were listed
                self.report.seen += 1
                if row.is_stale:
                    stale.append((row.id, text_of(row.last_seen), *self.parse(row)))
                else:
                    live.append(row)
            if stale:
                self.stale.extend(stale)
            for start in range(0, len(live), _BATCH):
                part = live[start : start + _BATCH]
                yield list(zip(content_marks([row.content for row in part], key), part, strict=True))

    def parse(self, raw: There) -> Entry:
        """Read loosely: nothing of it is ever sent back. Each is one line, for they are written into playlists."""
        number, provider_id = str(raw.id), text_of(raw.stream_id)[:ID_LIMIT]
        logo = one_line(text_of(raw.logo_url))
        url = one_line(text_of(raw.url))
        name = one_line(text_of(raw.name)) or f"Stream {number}"
        return storable(
            Entry(
                name=name[:NAME_LIMIT],
                url=url[:URL_LIMIT] if looks_playable(url) else "",
                tvg_id=one_line(text_of(raw.tvg_id))[:ID_LIMIT],
                logo_url=logo if len(logo) <= URL_LIMIT else "",
                stream_chno=channel_number(raw.stream_chno),
                provider_stream_id=number,
                is_adult=bool(raw.is_adult),
                is_catchup=bool(raw.is_catchup),
                catchup_days=count_of(raw.catchup_days, most=CATCHUP_DAYS_MAX),
                extras={"xtream": {"stream_id": provider_id}} if provider_id else None,
                group=self._names.get(raw.channel_group if isinstance(raw.channel_group, int) else 0, DEFAULT_GROUP),
                identity_key=number,
            )
        )

    @property
    def position(self) -> int:
        return self.report.seen

    def accept(self) -> None:
        return None

    def __enter__(self) -> "StreamSource":
        return self

    def __exit__(self, *exc: object) -> None:
        return None
