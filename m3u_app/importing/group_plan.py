"""Which groups a reading needs: matched to the stored ones in memory, written later in one go (20 §2.2 step 4, §3.9)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from m3u_app.entries import DEFAULT_GROUP, GROUP_LIMIT, GroupHint
from m3u_app.models import StreamGroup

MAX_GROUPS = 20_000
"""Real providers have at most a few thousand. Streams of further groups go to the default group."""


@dataclass
class PlannedGroup:
    """A group as stored (``id``) or to be made (``id`` None)."""

    id: int | None
    name: str
    enabled: bool
    xc_id: str = ""
    stored_name: str = ""
    stored_xc_id: str = ""
    was_stale: bool = False
    stored_entry_count: int = 0
    entry_count: int = 0
    is_met: bool = False


class GroupPlan:
    """Finds the group of each entry; groups are referred to by their index in ``groups``."""

    def __init__(self, account_id: int, *, enable_new: bool, hints: Iterable[GroupHint] = ()) -> None:
        self.groups: list[PlannedGroup] = []
        self.overflow = 0
        """Entries that went to the default group because there were too many groups."""
        self._enable_new = enable_new
        self._by_name: dict[str, int] = {}
        self._by_key: dict[str, int] = {}
        self._by_id: dict[int, int] = {}
        for group in StreamGroup.objects.filter(account_id=account_id).order_by("id").iterator(chunk_size=2000):
            index = self._append(
                PlannedGroup(
                    id=group.pk,
                    name=group.name,
                    enabled=group.enabled,
                    xc_id=group.xc_id,
                    stored_name=group.name,
                    stored_xc_id=group.xc_id,
                    was_stale=group.is_stale,
                    stored_entry_count=group.entry_count,
                )
            )
            self._by_id[group.pk] = index
        hints = [GroupHint(hint.name[:GROUP_LIMIT].strip() or DEFAULT_GROUP, hint.key) for hint in hints]
        self._live_keys = {hint.key for hint in hints if hint.key}
        self._rename(hints)
        for hint in hints:
            index = self.index_of(hint.name, hint.key)
            self.groups[index].is_met = True

    def index_of(self, name: str, key: str = "") -> int:
        """Return the index of the group called ``name``; ``key`` (the provider's category id) goes before the name."""
        index = self._by_key.get(key) if key else self._by_name.get(name)
        if index is None:
            return self._match(name, key)
        return index

    def disabled_ids(self) -> set[int]:
        """Ids of stored groups that are switched off."""
        return {group.id for group in self.groups if group.id is not None and not group.enabled}

    def count(self, entries: "Counter[int]", stored: "Counter[int]") -> None:
        """Note how many entries each group has: ``entries`` by index, ``stored`` by group id; those with any are met."""
        for index, amount in entries.items():
            self.groups[index].entry_count += amount
        for group_id, amount in stored.items():
            if group_id in self._by_id:
                self.groups[self._by_id[group_id]].entry_count += amount
        for group in self.groups:
            group.is_met = group.is_met or group.entry_count > 0

    def own(self) -> Iterator[PlannedGroup]:
        """The groups that have a row or need one."""
        return (group for group in self.groups if group.id is not None or group.is_met)

    def rename_into(self, index: int, old_index: int) -> None:
        """The new group at ``index`` is the stored one at ``old_index`` under another name; they change places.

        Streams that came under the old name meanwhile, if there are any, are in a new group of that name.
        """
        new, old = self.groups[index], self.groups[old_index]
        left = PlannedGroup(
            id=None, name=old.name, enabled=old.enabled, entry_count=old.entry_count, is_met=old.entry_count > 0
        )
        old.name, old.xc_id = new.name, new.xc_id or old.xc_id
        old.entry_count, old.is_met = new.entry_count, True
        self.groups[index], self.groups[old_index] = old, left

    def renamed(self) -> list[tuple[str, str]]:
        """(old name, new name) of categories that the provider renamed."""
        return [
            (group.stored_name, group.name) for group in self.own() if group.stored_name and group.name != group.stored_name
        ]

    def _rename(self, hints: list[GroupHint]) -> None:
        """Give categories their new names; two that swapped names must not stand in each other's way."""
        renames = [(self._by_key[hint.key], hint) for hint in hints if hint.key in self._by_key]
        renames = [(index, hint) for index, hint in renames if self.groups[index].name != hint.name]
        for index, _ in renames:
            self._by_name.pop(self.groups[index].name, None)
        for index, hint in renames:
            name = hint.name if hint.name not in self._by_name else _apart(hint)
            self.groups[index].name = name
            self._by_name[name] = index

    def _match(self, name: str, key: str) -> int:
        index = self._by_name.get(name)
        if key and index is not None:
            group = self.groups[index]
            if group.xc_id and group.xc_id != key and group.xc_id in self._live_keys:
                return self._make(_apart(GroupHint(name, key)), key)
            group.xc_id = key  # it had no id yet, or the provider numbers its categories anew
            self._by_key[key] = index
            return index
        if index is not None:
            return index
        return self._make(name, key)

    def _make(self, name: str, key: str) -> int:
        if len(self.groups) >= MAX_GROUPS and name != DEFAULT_GROUP:
            self.overflow += 1
            return self.index_of(DEFAULT_GROUP)
        if name in self._by_name:
            return self._by_name[name]
        return self._append(PlannedGroup(id=None, name=name, enabled=self._enable_new, xc_id=key))

    def _append(self, group: PlannedGroup) -> int:
        index = len(self.groups)
        self.groups.append(group)
        self._by_name.setdefault(group.name, index)
        if group.xc_id:
            self._by_key.setdefault(group.xc_id, index)
        return index


def _apart(hint: GroupHint) -> str:
    """Name for a category whose own name another one has."""
    suffix = f" ({hint.key})"
    return hint.name[: GROUP_LIMIT - len(suffix)] + suffix
