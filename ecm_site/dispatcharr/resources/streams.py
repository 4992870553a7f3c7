"""Streams. Reading all of them goes by ids, because paging loses rows when names tie (NOTES §4)."""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ecm_site.dispatcharr.errors import AnsweredElse
from ecm_site.dispatcharr.resources.checking import batches, counted_there, ids, made, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import Stream
from ecm_site.dispatcharr.transport import BULK

BATCH = 5_000  # 3 MB and some 0.7 s of the server per request
_PATH = "/api/channels/streams/"
_ID = re.compile(rb"\d+")
_ID_LIST = re.compile(rb"\s*\[\s*(?:\d{1,18}\s*(?:,\s*|(?=\])))*\]\s*")


class Streams:
    def __init__(self, session: Session) -> None:
        self._session = session

    def ids(self, *, account_id: int | None = None, group_name: str = "") -> list[int]:
        """Ids of all streams of active accounts, in one request. ``group_name`` is matched exactly."""
        params: dict[str, str] = {}
        if account_id is not None:
            params["m3u_account"] = str(account_id)
        if group_name:
            params["channel_group_name"] = group_name
        what = "list the ids of the streams"
        return ids(self._session.get(f"{_PATH}ids/", what=what, params=params, patience=BULK), what=what)

    def sorted_ids(self, *, account_id: int) -> "array[int]":
        """As :meth:`ids` of an account, in their order and as small as they can be: half a million take 4 MB instead of 40."""
        what = "list the ids of the streams"
        params = {"m3u_account": str(account_id)}
        body = self._session.get_body(f"{_PATH}ids/", what=what, params=params, patience=BULK)
        if not _ID_LIST.fullmatch(body):
            raise AnsweredElse(f"Dispatcharr did not answer with a list of ids when asked to {what}. Is its version supported?")
        found = array("q", (int(part[0]) for part in _ID.finditer(body)))
        if any(found[place] >= found[place + 1] for place in range(len(found) - 1)):
            found = array("q", sorted(set(found)))
        return found

    def by_ids(self, stream_ids: Iterable[int], *, batch: int = BATCH) -> Iterator[list[Stream]]:
        """The streams of ``stream_ids`` in lists of at most ``batch``, in no order. Those that are gone are left out;
        those of inactive accounts are there."""
        for part in batches(list(dict.fromkeys(stream_ids)), batch):
            what = "read streams"
            found = rows(self._session.read(f"{_PATH}by-ids/", {"ids": part}, what=what, patience=BULK), what=what)
            yield cast(list[Stream], found)

    def every(self, *, account_id: int | None = None, batch: int = BATCH) -> Iterator[list[Stream]]:
        """All streams (of one account) in lists: each that exists throughout exactly once, in flat memory."""
        yield from self.by_ids(self.ids(account_id=account_id), batch=batch)

    def count(self) -> int:
        """How many there are, without reading them."""
        what = "count the streams"
        page = row(self._session.get(_PATH, what=what, params={"page": 1, "page_size": 1}), what=what)
        return counted_there(page, "count")

    def get(self, stream_id: int) -> Stream:
        """Raises ``NotFound``, also for a stream of an inactive account."""
        return cast(Stream, row(self._session.get(f"{_PATH}{stream_id}/", what="read a stream"), what="read a stream"))

    def create(self, values: Mapping[str, Any]) -> Stream:
        """A custom stream when no ``m3u_account`` is given."""
        what = "create a stream"
        return cast(Stream, made(self._session.post(_PATH, dict(values), what=what), what=what))

    def update(self, stream_id: int, values: Mapping[str, Any]) -> Stream:
        """Name, url, tvg_id, group and account of a provider's stream are ignored without an error: compare the answer."""
        what = "change a stream"
        return cast(Stream, row(self._session.patch(f"{_PATH}{stream_id}/", dict(values), what=what), what=what))

    def delete(self, stream_id: int) -> None:
        """A provider's stream comes back with a new id at the next refresh. Raises ``NotFound``."""
        self._session.delete(f"{_PATH}{stream_id}/", what="delete a stream")

    def delete_many(self, stream_ids: Iterable[int]) -> None:
        """Ids that do not exist are passed over."""
        self._session.delete(f"{_PATH}bulk-delete/", {"stream_ids": list(stream_ids)}, what="delete streams", patience=BULK)
