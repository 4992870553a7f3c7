"""A plan in words: the first channels, old → new, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from channels_app.bulk_editing.checks import NEW_GROUP
from channels_app.bulk_editing.plan import BulkPlan, RefusedRow
from channels_app.channel_fields import FIELDS
from channels_app.commands import FieldValue
from channels_app.models import ChannelGroup, StreamProfile
from channels_app.numbering import format_number
from channels_app.write_changes import ChannelChange
from epg_app.models import GuideEntry

SHOWN = 8
MOST_SHOWN = 2000  # of a full list; a page with more is of no use to anybody
_REFUSED_SHOWN = 4
_LONGEST = 160  # characters of a value that are shown


@dataclass(frozen=True)
class FieldPreview:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class RowPreview:
    name: str
    number: str
    fields: list[FieldPreview]


@dataclass(frozen=True)
class EditPreview:
    """``more`` channels change that are not shown, ``more_refused`` are refused. ``is_full``: all were asked for."""

    rows: list[RowPreview]
    more: int
    refused: list[RefusedRow]
    more_refused: int
    is_full: bool = False


def preview_of(plan: BulkPlan, *, full: bool = False) -> EditPreview:
    """The first rows in the order of the pane, or all of them. Three queries at most."""
    place = {pk: at for at, pk in enumerate(plan.rows)}
    first = sorted(plan.changes, key=lambda change: place[change.channel_id])[: MOST_SHOWN if full else SHOWN]
    refused = plan.refused[: MOST_SHOWN if full else _REFUSED_SHOWN]
    labels = _Labels(first, plan.new_group)
    rows = [
        RowPreview(
            str(plan.rows[change.channel_id]["name"]),
            _number(plan.rows[change.channel_id]["number"]),
            [
                FieldPreview(
                    FIELDS[name].label, labels.shown(name, change.before[name]), labels.shown(name, change.after[name])
                )
                for name in FIELDS
                if name in change.after
            ],
        )
        for change in first
    ]
    return EditPreview(
        rows,
        len(plan.changes) - len(rows),
        refused,
        len(plan.refused) - len(refused),
        full,
    )


class _Labels:
    """Values as people read them."""

    def __init__(self, changes: list[ChannelChange], new_group: str) -> None:
        self._groups = dict(ChannelGroup.objects.filter(pk__in=_ids(changes, "group_id")).values_list("pk", "name"))
        self._groups[NEW_GROUP] = f"{new_group} (new)"
        entry_ids, profile_ids = _ids(changes, "guide_entry_id"), _ids(changes, "stream_profile_id")
        self._entries = {item.pk: str(item) for item in GuideEntry.objects.filter(pk__in=entry_ids)} if entry_ids else {}
        profiles = StreamProfile.objects.filter(pk__in=profile_ids)
        self._profiles = dict(profiles.values_list("pk", "name")) if profile_ids else {}

    def shown(self, name: str, value: FieldValue) -> str:
        if name == "group_id":
            return self._named(self._groups, value, "Uncategorized")
        if name == "guide_entry_id":
            return self._named(self._entries, value, "none")
        if name == "stream_profile_id":
            return self._named(self._profiles, value, "default")
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = format_number(value) if isinstance(value, Decimal) else str(value or "")
        return text[:_LONGEST] or "empty"

    @staticmethod
    def _named(names: dict[int, str], value: FieldValue, otherwise: str) -> str:
        return names.get(value, "?")[:_LONGEST] if isinstance(value, int) else otherwise


def _ids(changes: Iterable[ChannelChange], name: str) -> set[int]:
    sides = (side.get(name) for change in changes for side in (change.before, change.after))
    return {value for value in sides if isinstance(value, int)}


def _number(value: FieldValue) -> str:
    return format_number(value) if isinstance(value, Decimal) else "–"
