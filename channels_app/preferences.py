"""What one person left the channel manager like (10 §1.2): pane width, open groups, closed providers, filters."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from channels_app.models import ViewPreference
from channels_app.pane_filters import ChannelFilter, SavedValues, StreamFilter
from ecm_site.conf import get_settings

SCREEN = "channels"
NARROWEST, WIDEST = 20.0, 80.0  # percent of the width for the left pane (10 §2)
_MOST_OPEN = 200
_LONGEST = 20_000  # characters of a query string
_NOT_KEPT = ("q", "sq", "on")  # what somebody looked for once


@dataclass(frozen=True)
class ManagerPreference:
    """``filters`` is one query string for both panes, without searches: those do not outlive a visit.

    ``auto_groups`` is "show" or "hide" where somebody decided otherwise than the setting about groups of auto-sync (10 §4),
    so that everybody else follows the setting when it changes; they are never in ``filters``. ``view`` is the saved view that
    was picked last, 0 = none.
    """

    pane: float = 50.0
    open_groups: tuple[int, ...] = ()
    closed_providers: tuple[int, ...] = ()
    filters: str = ""
    auto_groups: str = ""
    view: int = 0

    @property
    def channel_filter(self) -> ChannelFilter:
        wanted = ChannelFilter.read(SavedValues(parse_qsl(self.filters)))
        hides = self.auto_groups == "hide" or (not self.auto_groups and get_settings().hide_auto_sync_groups)
        return replace(wanted, hide=(*wanted.hide, "auto")) if hides else wanted

    @property
    def stream_filter(self) -> StreamFilter:
        return StreamFilter.read(SavedValues(parse_qsl(self.filters)))


def read_preference(user_id: int | None) -> ManagerPreference:
    """One query. A person without a stored preference, and any value that makes no sense, gets the default."""
    if user_id is None:
        return ManagerPreference()
    stored = ViewPreference.objects.filter(user_id=user_id, screen=SCREEN).values_list("values", flat=True).first()
    return _checked(stored if isinstance(stored, dict) else {})


def save_preference(user_id: int, changes: dict[str, Any]) -> ManagerPreference:
    """Store some values over the present ones; unknown names and nonsense are dropped."""
    present = asdict(read_preference(user_id))
    wanted = {name: value for name, value in changes.items() if name in present}
    if "filters" in wanted:
        hides = ("hide", "auto") in parse_qsl(str(wanted["filters"])[:_LONGEST])
        differs = hides != get_settings().hide_auto_sync_groups
        wanted["auto_groups"] = ("hide" if hides else "show") if differs else ""
        wanted["view"] = next(iter(_ids_in(SavedValues(parse_qsl(str(wanted["filters"])[:_LONGEST])).getlist("view"))), 0)
    preference = _checked({**present, **wanted})
    ViewPreference.objects.update_or_create(user_id=user_id, screen=SCREEN, defaults={"values": asdict(preference)})
    return preference


def _checked(values: dict[str, Any]) -> ManagerPreference:
    try:
        pane = float(values.get("pane", 50.0))
    except (TypeError, ValueError):
        pane = 50.0
    return ManagerPreference(
        pane=round(min(WIDEST, max(NARROWEST, pane)), 2) if math.isfinite(pane) else 50.0,
        open_groups=_ids(values.get("open_groups")),
        closed_providers=_ids(values.get("closed_providers")),
        filters=_filters(str(values.get("filters", ""))),
        auto_groups=next((word for word in ("show", "hide") if values.get("auto_groups") == word), ""),
        view=next(iter(_ids([values.get("view", 0)])), 0),
    )


def _filters(query: str) -> str:
    saved = SavedValues(parse_qsl(query[:_LONGEST]))
    pairs = [*ChannelFilter.read(saved).pairs(), *StreamFilter.read(saved).pairs()]
    return urlencode([(name, value) for name, value in pairs if name not in _NOT_KEPT and (name, value) != ("hide", "auto")])


def _ids_in(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19)


def _ids(value: object) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(item for item in value if isinstance(item, int) and not isinstance(item, bool) and item >= 0)[:_MOST_OPEN]
