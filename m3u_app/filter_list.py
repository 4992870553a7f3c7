"""What the page of an account's filters reads (20 §5)."""

from dataclasses import dataclass

from m3u_app.apply_filters import can_apply_without_download
from m3u_app.edit_filters import drops_everything
from m3u_app.models import Account, StreamFilter


@dataclass(frozen=True)
class FilterPage:
    """The filters in order, and what is worth saying about them as a whole."""

    filters: list[StreamFilter]
    can_drop_the_rest: bool
    """There is a filter that keeps, which means little while what it does not match is kept too."""
    is_pending: bool
    """The filters are newer than what is stored."""
    can_apply_at_once: bool
    """The last playlist is kept, so no download is needed."""


def filter_page(account: Account) -> FilterPage:
    """Read the page; one query whatever the number of filters."""
    filters = list(account.filters.order_by("position", "pk"))
    active = [stored for stored in filters if stored.enabled]
    return FilterPage(
        filters=filters,
        can_drop_the_rest=any(not stored.exclude for stored in active) and not drops_everything(active[-1]),
        is_pending=account.filters_changed_at is not None,
        can_apply_at_once=can_apply_without_download(account),
    )
