"""What of a pull counts as a change of the provider."""

from collections.abc import Mapping, Sequence

from m3u_app.changes.models import StreamChangeKind
from m3u_app.changes.record import ChangeRecorder, Note

_OURS = (StreamChangeKind.NEW_ID, StreamChangeKind.NEW_URL)


class RekeyRecorder(ChangeRecorder):
    """For the first pull of streams that were here before: that they have the server's ids now is no news."""

    def changed(self, notes: Sequence[Note]) -> None:
        super().changed([note for note in notes if note[0] not in _OURS])


class NotANews(ChangeRecorder):
    """For streams that were missing already when the server told us of them."""

    def __init__(self) -> None:
        return

    def added(self, newest_before: int, counts: Mapping[int, int]) -> None:
        return
