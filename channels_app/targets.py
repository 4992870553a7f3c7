"""What a bulk action is about: the channels that were ticked, or all that a filter matches (10 §23.4, §23.6).

"All 1,204 matching" travels as the filter and the number that the operator confirmed, never as ids; the channels are
looked up again at the moment of acting, and the action is refused when they are no longer that many.
"""

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from django.http import QueryDict

from channels_app.channel_queries import matching_channels
from channels_app.errors import EditRefused
from channels_app.id_lists import ids_in
from channels_app.pane_filters import SORT_CHOICES, ChannelFilter, SavedValues
from channels_app.pane_order import ids_in_order, put_in_order
from ecm_site.wording import counted


class CountDiffers(EditRefused):
    """A filter matches ``now`` channels, not as many as were confirmed."""

    def __init__(self, confirmed: int, now: int) -> None:
        super().__init__(f"You confirmed {counted(confirmed, 'channel')}, now it is {now:,}. Look again.")
        self.now = now


@dataclass(frozen=True)
class Target:
    """``wanted`` None: the channels ``chosen``. Otherwise all that match it, which were ``confirmed`` when last seen."""

    chosen: tuple[int, ...] = ()
    wanted: ChannelFilter | None = None
    confirmed: int | None = None
    sort: str = "number"

    @property
    def is_all(self) -> bool:
        return self.wanted is not None

    @property
    def count(self) -> int:
        """How many channels the operator believes this is about."""
        return (self.confirmed or 0) if self.is_all else len(self.chosen)

    def __bool__(self) -> bool:
        return bool(self.count)

    def ids(self) -> tuple[int, ...]:
        """The channels in the order of the pane, looked up now; chosen ones that no longer exist come last.

        Raises :class:`CountDiffers` when a filter no longer matches as many channels as were confirmed.
        """
        if self.wanted is None:
            return put_in_order(self.chosen, self.sort)
        if self.confirmed is None:
            raise EditRefused("Say how many channels you confirmed: open this from the selection in the channel manager.")
        found = ids_in_order(matching_channels(self.wanted), self.sort)
        if len(found) != self.confirmed:
            raise CountDiffers(self.confirmed, len(found))
        return tuple(found)

    def recounted(self, now: int) -> "Target":
        """The same filter, for ``now`` channels: what a dialog shows that asks again."""
        return replace(self, confirmed=now)

    def pairs(self) -> list[tuple[str, str]]:
        """Hidden fields of a form that carry the target on; :func:`read_target` reads them again.

        The filter travels as one value, so that its names cannot meet those of the form.
        """
        sort = [("target_sort", self.sort)] if self.sort != "number" else []
        if self.wanted is None:
            return [("channel", ",".join(map(str, self.chosen))), *sort]
        confirmed = [] if self.confirmed is None else [("confirmed_count", str(self.confirmed))]
        return [("all", "1"), ("matching", self.wanted.query), *confirmed, *sort]


def read_target(values: QueryDict) -> Target:
    """The target of a request: ``channel=1,2,3``, or ``all=1`` with ``matching=<query>`` or the filter's own parameters,
    and ``confirmed_count``. ``target_sort`` names another order than by number.
    """
    sort = values.get("target_sort", "")
    sort = sort if sort in SORT_CHOICES else "number"
    if values.get("all") != "1":
        return Target(ids_in(values, "channel"), sort=sort)
    saved = SavedValues(parse_qsl(values.get("matching", "")[:20_000])) if "matching" in values else values
    wanted = ChannelFilter.read(saved)
    typed = values.get("confirmed_count", "")
    confirmed = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    return Target(wanted=wanted, confirmed=confirmed, sort=sort if "target_sort" in values else wanted.sort)


def matching_count(wanted: ChannelFilter) -> int:
    """How many channels :meth:`Target.ids` would find for this filter now."""
    return matching_channels(wanted).count()
