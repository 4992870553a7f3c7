"""Which groups came and went, for the record of changes: compared with what the record says of last time.

The groups themselves were brought over before their streams, so their rows cannot tell what is new about them.
"""

from m3u_app.changes.models import ChangeBatch
from m3u_app.changes.record import read_snapshot
from m3u_app.changes.sum_up import Group
from m3u_app.importing.group_plan import GroupPlan


class GroupsBefore:
    """The groups of an account at its last record. ``None`` of it is known before the first."""

    def __init__(self, account_id: int) -> None:
        batch = ChangeBatch.objects.filter(account_id=account_id, summarised=True).exclude(snapshot=b"").order_by("-at", "-pk")
        newest = batch.first()
        self._enabled = {name: enabled for name, enabled, _ in read_snapshot(newest)} if newest is not None else {}

    def switched_on_since(self, plan: GroupPlan) -> list[int]:
        """Ids of groups that were off: their streams come because the operator wants them."""
        return [
            group.id
            for group in plan.groups
            if group.id is not None and group.enabled and self._enabled.get(group.name) is False
        ]

    def changes(self, plan: GroupPlan) -> list[Group]:
        """The groups now; call when every group has its row."""
        return [
            Group(
                group.id or 0,
                group.name,
                enabled=group.enabled,
                size=group.entry_count,
                is_added=group.is_met and group.name not in self._enabled,
                is_gone=not group.is_met,
                is_removed=not group.is_met and group.name in self._enabled,
            )
            for group in plan.own()
        ]
