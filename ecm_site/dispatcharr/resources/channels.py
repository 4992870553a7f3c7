"""Channels with their ordered streams, one by one and many at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ecm_site.dispatcharr.paging import pages
from ecm_site.dispatcharr.resources.checking import batches, counted_there, distinct, ids, made, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import BulkCreation, Channel, ChannelSummary, Stream
from ecm_site.dispatcharr.transport import BULK

PAGE = 500
EDIT_BATCH = 500  # with three streams each 8 to 13 s of the server
_PATH = "/api/channels/channels/"


class Channels:
    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Channel]:
        """Every channel, hidden ones as well, in one request (1 MB per 1,300 channels); paging could lose some."""
        what = "list the channels"
        found = self._session.get(_PATH, what=what, params={"visibility_filter": "all"}, patience=BULK)
        return cast("list[Channel]", rows(found, what=what))

    def in_pages(self, *, ordering: str) -> Iterator[list[Channel]]:
        """The channels as they come, ``PAGE`` at a time, sorted by ``name`` or ``channel_number``.

        For whoever works on the first ones before the rest is read. Rows that change places meanwhile come twice or never.
        """
        what = "list the channels"
        params = {"visibility_filter": "all", "ordering": ordering}
        for page in pages(self._session, _PATH, params, page_size=PAGE, what=what, key="id"):
            yield cast("list[Channel]", page["results"])

    def overridden(self) -> list[Channel]:
        """Channels of auto-sync on which somebody has set something; hidden ones as well."""
        what = "list the channels with overrides"
        params = {"visibility_filter": "all", "only_has_overrides": "true"}
        return cast("list[Channel]", rows(self._session.get(_PATH, what=what, params=params, patience=BULK), what=what))

    def ids(self) -> list[int]:
        what = "list the ids of the channels"
        return ids(self._session.get(f"{_PATH}ids/", what=what, params={"visibility_filter": "all"}), what=what)

    def summary(self) -> list[ChannelSummary]:
        """Id, uuid, name, number, logo, group and guide entry of each: thirty times faster than :meth:`all`."""
        what = "list the channels"
        found = self._session.get(f"{_PATH}summary/", what=what, params={"visibility_filter": "all"})
        return cast("list[ChannelSummary]", rows(found, what=what))

    def get(self, channel_id: int) -> Channel:
        """Raises ``NotFound``."""
        what = "read a channel"
        return cast(Channel, row(self._session.get(f"{_PATH}{channel_id}/", what=what), what=what))

    def streams(self, channel_id: int) -> list[Stream]:
        """The full streams of a channel in order."""
        what = "read the streams of a channel"
        return cast("list[Stream]", rows(self._session.get(f"{_PATH}{channel_id}/streams/", what=what), what=what))

    def create(self, values: Mapping[str, Any]) -> Channel:
        """Create one channel; only ``name`` is needed.

        The server accepts the same name and number twice, so after an error with ``maybe_done`` look for it before trying
        again. Refused ``channel_profile_ids`` leave the channel behind: then look as well (NOTES §6).
        """
        what = "create a channel"
        with self._session.stream_writes:
            return cast(Channel, made(self._session.post(_PATH, _writable(values), what=what), what=what))

    def update(self, channel_id: int, values: Mapping[str, Any]) -> Channel:
        """Change what ``values`` names; ``streams`` replaces the list and its order. A guide entry that is linked this way
        gets no programmes: use :meth:`link_guide`."""
        what = "change a channel"
        with self._session.stream_writes:
            return cast(Channel, row(self._session.patch(f"{_PATH}{channel_id}/", _writable(values), what=what), what=what))

    def delete(self, channel_id: int) -> None:
        """Raises ``NotFound``."""
        self._session.delete(f"{_PATH}{channel_id}/", what="delete a channel")

    def create_from_stream(self, values: Mapping[str, Any]) -> Channel:
        """``stream_id`` and perhaps ``name``, ``channel_number`` (a taken one becomes the next free one without an error)
        and ``channel_profile_ids``: name, group, tvg_id, logo and guide come from the stream."""
        what = "create a channel from a stream"
        return cast(Channel, made(self._session.post(f"{_PATH}from-stream/", dict(values), what=what), what=what))

    def create_from_streams(
        self,
        stream_ids: Sequence[int],
        *,
        starting_number: int | None = None,
        profile_ids: list[int] | None = None,
    ) -> BulkCreation:
        """Start creating a channel for each stream; returns at once. Nothing tells how the task goes: watch :meth:`ids`.

        ``starting_number``: None = the provider's, 0 = lowest free, -1 = after the highest, else from there on.
        """
        body: dict[str, Any] = {"stream_ids": distinct(stream_ids, of="stream"), "starting_channel_number": starting_number}
        if profile_ids is not None:
            body["channel_profile_ids"] = profile_ids
        what = "create channels from streams"
        return cast(BulkCreation, row(self._session.post(f"{_PATH}from-stream/bulk/", body, what=what), what=what))

    def update_many(self, changes: Sequence[Mapping[str, Any]], *, batch: int = EDIT_BATCH) -> list[Channel]:
        """Change many channels; each mapping has ``id`` and what to set. Each batch is done as a whole or not at all.

        An error tells nothing of batches before: they are done. Raises ``ValueError`` when a channel comes twice, of which
        the server would quietly take the last.
        """
        distinct((change["id"] for change in changes), of="channel")
        what = "change channels"
        done: list[Channel] = []
        for part in batches([_writable(change) for change in changes], batch):
            with self._session.stream_writes:
                answer = self._session.patch(f"{_PATH}edit/bulk/", part, what=what, patience=BULK)
            done += cast("list[Channel]", rows(row(answer, what=what).get("channels"), what=what))
        return done

    def assign_numbers(self, channel_ids: Iterable[int], starting_number: float) -> None:
        """Number the channels in the order given, step 1; numbers that others have are not looked at."""
        body = {"channel_ids": distinct(channel_ids, of="channel"), "starting_number": starting_number}
        self._session.set_by_post(f"{_PATH}assign/", body, what="number channels", patience=BULK)

    def delete_many(self, channel_ids: Iterable[int]) -> None:
        """Ids that do not exist are passed over."""
        body = {"channel_ids": list(channel_ids)}
        self._session.delete(f"{_PATH}bulk-delete/", body, what="delete channels", patience=BULK)

    def link_guide(self, links: Mapping[int, int | None]) -> int:
        """Link channels (keys) to guide entries, None = unlink, and load their programmes. Unknown channels are passed over;
        one unknown entry is a 500 for all. Returns how many links changed."""
        what = "link channels to the guide"
        body = {"associations": [{"channel_id": channel, "epg_data_id": entry} for channel, entry in links.items()]}
        answer = row(self._session.set_by_post(f"{_PATH}batch-set-epg/", body, what=what, patience=BULK), what=what)
        return counted_there(answer, "channels_updated")

    def match_guide(self, channel_ids: Iterable[int] = ()) -> None:
        """Start the server's own guide matching, for all channels without guide when none are named."""
        chosen = list(channel_ids)
        self._session.post(f"{_PATH}match-epg/", {"channel_ids": chosen} if chosen else {}, what="match channels to the guide")


def _writable(values: Mapping[str, Any]) -> dict[str, Any]:
    body = dict(values)
    if "streams" in body:
        body["streams"] = distinct(body["streams"], of="stream")
    return body
