"""Guide sources, their entries, and programmes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ecm_site.dispatcharr.paging import read_pages
from ecm_site.dispatcharr.resources.checking import batches, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import CurrentProgramme, GuideEntry, GuideSource, Programme
from ecm_site.dispatcharr.transport import BULK

ENTRIES_NOW = 50  # the server takes no more entries at once
CHANNELS_NOW = 500
SEARCH_PAGE = 500  # its largest page
_SOURCES = "/api/epg/sources/"


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
        return cast(GuideSource, row(self._session.post(_SOURCES, dict(values), what=what), what=what))

    def update_source(self, source_id: int, values: Mapping[str, Any]) -> GuideSource:
        what = "change a guide source"
        return cast(GuideSource, row(self._session.patch(f"{_SOURCES}{source_id}/", dict(values), what=what), what=what))

    def delete_source(self, source_id: int) -> None:
        self._session.delete(f"{_SOURCES}{source_id}/", what="delete a guide source", patience=BULK)

    def refresh(self, source_id: int, *, force: bool = False) -> None:
        """Ask for a refresh; answered the same for a source that does not exist. Done when ``updated_at`` has changed:
        ``status`` turns to success before the programmes are there. ``force`` also reads a file that has not changed."""
        self._session.post("/api/epg/import/", {"id": source_id, "force": force}, what="refresh a guide source")

    def entries(self) -> list[GuideEntry]:
        """Every entry of every source: the server has neither pages nor filters here."""
        what = "list the guide entries"
        return cast("list[GuideEntry]", rows(self._session.get("/api/epg/epgdata/", what=what, patience=BULK), what=what))

    def grid(self) -> list[Programme]:
        """Programmes from an hour ago to a day ahead, with invented ones (ids are texts) for channels without guide."""
        what = "read the guide"
        found = row(self._session.get("/api/epg/grid/", what=what, patience=BULK), what=what)
        return cast("list[Programme]", rows(found.get("data"), what=what))

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
