"""Finds the streams that the rows of a file name by their addresses."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.lineup_csv.cells import readings
from ecm_site.masking import mask_text
from m3u_app.find_streams_by_url import stream_ids_by_url

_SHOWN = 50  # characters of an address in a warning (10 §20.2)


@dataclass(frozen=True)
class LinkedStreams:
    """``ids`` in the order of the cell; ``warnings`` are sentence parts about what could not be linked."""

    ids: tuple[int, ...]
    warnings: tuple[str, ...] = ()


class StreamLookup:
    """Made once for all rows: the addresses are looked up together."""

    def __init__(self, cells: Iterable[Sequence[str]]) -> None:
        parts = {part for cell in cells for part in cell}
        self._ids = stream_ids_by_url({url for part in parts for reading in readings(part) for url in reading})

    def link(self, cell: Sequence[str], present: Sequence[int] = ()) -> LinkedStreams:
        """Streams of one row. Of several with the same address those that are ``present`` on the channel go first; an
        address that is named twice stands for two different streams."""
        on_channel = set(present)
        taken: Counter[str] = Counter()
        linked: list[int] = []
        warnings: list[str] = []
        for part in cell:
            urls = next((found for found in readings(part) if all(url in self._ids for url in found)), None)
            if urls is None:
                warnings.append(f"no stream has the address {mask_text(part)[:_SHOWN]}")
                continue
            for url in urls:
                ids = self._ids[url]
                if on_channel and len(ids) > 1:
                    ids = sorted(ids, key=lambda pk: pk not in on_channel)
                if taken[url] < len(ids):
                    linked.append(ids[taken[url]])
                taken[url] += 1
        unique = tuple(dict.fromkeys(linked))
        if len(unique) > MOST_STREAMS:
            warnings.append(f"a channel can hold {MOST_STREAMS:,} streams; the rest was left out")
        return LinkedStreams(unique[:MOST_STREAMS], tuple(warnings))
