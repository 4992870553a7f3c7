"""What is known about streams from trying them. Nothing is, until something that tries them registers here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StreamFacts:
    """The last try of one stream (10 §1.1). Texts are as the prober found them; None and "" mean not known.

    ``status``: success, failed, timeout or pending.
    """

    status: str = ""
    resolution: str = ""
    fps: str = ""
    video_codec: str = ""
    audio_channels: int | str | None = None
    bitrate: int | str | None = None
    video_bitrate: int | str | None = None
    is_black_screen: bool = False
    is_low_fps: bool = False


FactsReader = Callable[[Collection[int]], Mapping[int, StreamFacts]]
_readers: list[FactsReader] = []


def register_facts(reader: FactsReader) -> None:
    """``reader`` gives the facts of streams by id, all of them in a fixed number of queries; unknown streams are left out."""
    if reader not in _readers:
        _readers.append(reader)


def unregister_facts(reader: FactsReader) -> None:
    """Forget a reader again (tests)."""
    if reader in _readers:
        _readers.remove(reader)


def facts_of(stream_ids: Collection[int]) -> dict[int, StreamFacts]:
    """Facts by stream; streams that were never tried are missing."""
    found: dict[int, StreamFacts] = {}
    for reader in _readers:
        found.update(reader(stream_ids))
    return found
