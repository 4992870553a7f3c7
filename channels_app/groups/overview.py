"""What can be said about groups as a whole: which can be probed, and whether anything is wrong with them (10 §7.4)."""

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef

from channels_app.groups.hidden import hidden_group_ids, invalid_records
from channels_app.models import Channel, ChannelGroup, ChannelStream, HiddenGroup
from channels_app.numbering import natural_key


@dataclass(frozen=True)
class GroupDiagnosis:
    """``duplicate_names``: groups whose names differ in nothing but their case. ``stray_channels`` point at no group."""

    groups: int
    hidden: int
    duplicate_names: list[list[tuple[int, str]]]
    invalid_hidden: list[HiddenGroup]
    stray_channels: list[tuple[int, str, int]]

    @property
    def is_sound(self) -> bool:
        return not (self.duplicate_names or self.invalid_hidden or self.stray_channels)


def groups_with_streams() -> list[tuple[int, str]]:
    """Id and name of the groups that can be probed: a channel of theirs has a stream. By name, without hidden ones."""
    has_stream = Exists(ChannelStream.objects.filter(channel_id=OuterRef("pk")))
    used = Channel.objects.filter(has_stream, group_id=OuterRef("pk"))
    hidden = hidden_group_ids()
    rows = ChannelGroup.objects.filter(Exists(used)).values_list("pk", "name")
    return sorted(((pk, name) for pk, name in rows if pk not in hidden), key=lambda row: (natural_key(row[1]), row[0]))


def diagnose_groups() -> GroupDiagnosis:
    """Look for what should not be there. A fixed number of queries.

    A channel keeps the id of its group and never its name, so "a group name without a group id" cannot occur here.
    """
    by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
    count = 0
    for pk, name in ChannelGroup.objects.order_by("pk").values_list("pk", "name"):
        count += 1
        by_name[name.strip().casefold()].append((pk, name))
    return GroupDiagnosis(
        groups=count,
        hidden=len(hidden_group_ids()),
        duplicate_names=[rows for rows in by_name.values() if len(rows) > 1],
        invalid_hidden=list(invalid_records().order_by("name")),
        stray_channels=_stray_channels(),
    )


def _stray_channels() -> list[tuple[int, str, int]]:
    """Id, name and missing group of channels; only a damaged or hand-edited database has any."""
    quote = connection.ops.quote_name
    channels, groups = quote(Channel._meta.db_table), quote(ChannelGroup._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, name, group_id FROM {channels} WHERE group_id IS NOT NULL"  # noqa: S608 - names of our own
            f" AND group_id NOT IN (SELECT id FROM {groups}) ORDER BY id LIMIT 500"
        )
        return [(int(pk), str(name), int(group_id)) for pk, name, group_id in cursor.fetchall()]
