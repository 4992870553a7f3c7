"""Guide sources, their entries, and programmes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ecm_site.dispatcharr.paging import read_pages
from ecm_site.dispatcharr.resources.checking import batches, made, row, rows
from ecm_site.dispatcharr.row_stream import is_list, rows_in
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import CurrentProgramme, GuideEntry, GuideSource, Programme
from ecm_site.dispatcharr.transport import BULK

ENTRIES_NOW = 50  # the server takes no more entries at once
CHANNELS_NOW = 500
SEARCH_PAGE = 500  # its largest page
_SOURCES = "/api/epg/sources/"
_ENTRIES = "/api/epg/epgdata/"


class Guide:
    def __init__(self, session: Session) -> None:
        self._session = session

    def sources(self) -> list[GuideSource]:
        what = "list the guide sources"
        return cast("list[GuideSource]", rows(self._session.get(_SOURCES, what=what), what=what))

    def source(self, source_id: int) -> GuideSource:
        """Raises ``NotFound``."""
        what = "read a guide source"
        return cast(GuideSource, row(self._session.get(f"{_SOURCES}{source_id}/", what=what), what=what))

    def create_source(self, values: Mapping[str, Any]) -> GuideSource:
        """An active one refreshes by itself."""
        what = "create a guide source"
        return cast(GuideSource, made(self._session.post(_SOURCES, dict(values), what=what), what=what))

    def update_source(self, source_id: int, values: Mapping[str, Any]) -> GuideSource:
        what = "change a guide source"
        return cast(GuideSource, row(self._session.patch(f"{_SOURCES}{source_id}/", dict(values), what=what), what=what))

    def delete_source(self, source_id: int) -> None:
        self._session.delete(f"{_SOURCES}{source_id}/", what="delete a guide source", patience=BULK)

    def refresh(self, source_id: int, *, force: bool = False) -> None:
        """Ask for a refresh; answered the same for a source that does not exist. Done when ``updated_at`` has changed:
        ``status`` turns to success before the programmes are there. ``force`` also reads a file that has not changed."""
        self._session.post("/api/epg/import/", {"id": source_id, "force": force}, what="refresh a guide source")

    def upload_source(self, fields: Mapping[str, str], name: str, content: bytes) -> GuideSource:
        """Create a source from a guide file called ``name``. The server makes it inactive, whatever ``fields`` say."""
        what = "upload a guide"
        file = (name, content, "application/xml")
        return cast(
            GuideSource, made(self._session.upload(f"{_SOURCES}upload/", fields, file, what=what, patience=BULK), what=what)
        )

    def entry_rows(self) -> Iterator[GuideEntry]:
        """Every entry of every source, one at a time: one request, since the server has neither pages nor filters here.

        Older servers answer with pages instead, which are then read one by one.
        """
        what = "list the guide entries"
        body = self._session.get_body(_ENTRIES, what=what, patience=BULK)
        if is_list(body):
            yield from cast("Iterator[GuideEntry]", rows_in(body, what=what))
            return
        first = sum(1 for _ in rows_in(body, what=what, key="results"))  # the page size that this server really has
        if first:
            yield from cast("Iterator[GuideEntry]", read_pages(self._session, _ENTRIES, {}, page_size=first, what=what))

    def entries(self) -> list[GuideEntry]:
        """As :meth:`entry_rows`, all at once."""
        return list(self.entry_rows())

    def grid_rows(self) -> Iterator[Programme]:
        """Programmes from an hour ago to a day ahead, with invented ones (ids are texts) for channels without guide."""
        what = "read the guide"
        body = self._session.get_body("/api/epg/grid/", what=what, patience=BULK)
        return cast("Iterator[Programme]", rows_in(body, what=what, key="data"))

    def grid(self) -> list[Programme]:
        """As :meth:`grid_rows`, all at once."""
        return list(self.grid_rows())

    def search(self, **filters: str) -> Iterator[Programme]:
        """Programmes that match, page by page; see the server's documentation for the filters."""
        found = read_pages(self._session, "/api/epg/programs/search/", filters, page_size=SEARCH_PAGE, what="search the guide")
        return cast("Iterator[Programme]", found)

    def now_on_channels(self, channel_uuids: Iterable[str]) -> Iterator[CurrentProgramme]:
        """What channels show now."""
        return self._current("channel_uuids", list(channel_uuids), CHANNELS_NOW)

    def now_on_entries(self, entry_ids: Iterable[int]) -> Iterator[CurrentProgramme]:
        """What guide entries show now, also such as no channel uses."""
        return self._current("epg_data_ids", list(entry_ids), ENTRIES_NOW)

    def _current(self, key: str, chosen: list[Any], size: int) -> Iterator[CurrentProgramme]:
        what = "read what is on now"
        for part in batches(chosen, size):
            found = rows(self._session.read("/api/epg/current-programs/", {key: part}, what=what), what=what)
            yield from cast("list[CurrentProgramme]", found)
