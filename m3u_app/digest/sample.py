"""A digest with invented changes, for "Send a test now" and for a preview with nothing to show (20 §11)."""

from django.utils import timezone

from m3u_app.changes.models import ChangeType
from m3u_app.digest.collect import Digest, OfAccount, OfType, Row
from m3u_app.digest.values import DigestSettings

_ROWS: tuple[tuple[ChangeType, Row], ...] = (
    (ChangeType.GROUP_ADDED, Row("Sample group: Winter sports", 24)),
    (ChangeType.STREAMS_ADDED, Row("Sample group: Sports", 3, ("Sample Sports 1", "Sample Sports 2", "Sample Sports 3"))),
    (ChangeType.STREAMS_REMOVED, Row("Sample group: News", 2, ("Sample News", "Sample News HD"), in_use=1)),
    (ChangeType.STREAMS_RENAMED, Row("Sample group: Movies", 1, ("Sample Movies → Sample Movies HD",))),
)


def sample_digest(settings: DigestSettings) -> Digest:
    """Made-up rows, marked as such in every form, after the switches for groups and streams."""
    account = OfAccount(0, "Sample provider")
    for number, (kind, row) in enumerate(_ROWS):
        is_group = kind == ChangeType.GROUP_ADDED
        if settings.include_group_changes if is_group else settings.include_stream_changes:
            account.types.setdefault(kind.value, OfType()).add(number, row)
    return Digest(accounts=[account] if account.types else [], since=timezone.now() - settings.period, is_sample=True)
