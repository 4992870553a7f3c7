"""Finds the streams that only look new: their address, number or name changed, and the stored row is still theirs.

Every entry whose identity is unknown is compared with the stored streams that this reading did not meet. The comparison
goes from sure to likely; a step takes a pair only when nothing else could be meant by it, and what a step has taken
no later one sees (20 §3.7, §23 reconnect). Missing streams that are kept for a while take part like the others.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import compress
from unicodedata import normalize

from m3u_app.importing.addresses import split_address
from m3u_app.importing.group_plan import GroupPlan
from m3u_app.importing.known_streams import BY_IDENTITY
from m3u_app.importing.merge_streams import ID_CHUNK
from m3u_app.importing.scan_source import PROVIDER_COLUMNS, Scan
from m3u_app.importing.spool import Record, Spool
from m3u_app.raw_sql import read_rows, read_rows_in

_NAME, _URL, _TVG_ID = (1 + PROVIDER_COLUMNS.index(column) for column in ("name", "url", "tvg_id"))
_NO_KEY = 0
_TAKEN_TWICE = -1
_ENOUGH_PROOF = 3
"""So many streams of the same name must have moved from one door to another before others may follow unseen."""
_MOST_BY_ID = 20_000  # missing streams that are read by their ids; more are read with the whole account
_SELECT = "SELECT id, COALESCE(group_id, 0), name, url, tvg_id FROM m3u_app_stream"
_SELECT_CHUNK = f"{_SELECT} WHERE id IN ({{ids}})"
_SELECT_ALL = f"{_SELECT} WHERE account_id = %s AND is_custom = 0 ORDER BY id"

# The steps, in their order. A key of 0 takes no part.
_ADDRESS_AND_NAME, _ADDRESS, _ALL_THREE, _NAME_IN_GROUP, _NAME_AND_ID, _LIKE_IN_GROUP_WITH_ID, _LIKE_IN_GROUP = range(7)
_STEPS = 7
_IN_ORDER = (_ALL_THREE,)
"""Steps whose equal candidates are interchangeable: they are paired in the order of the list."""


class _Side:
    """One side of the comparison: per candidate the key of every step, its door, and whether it is free."""

    def __init__(self) -> None:
        self.keys = [array("q") for _ in range(_STEPS)]
        self.doors = array("q")
        self.free = bytearray()

    def add(self, group: int, name: str, url: str, tvg_id: str) -> None:
        address = split_address(url)
        like = _plain(name)
        keys = self.keys
        keys[_ADDRESS_AND_NAME].append(_hashed(address.rest, name))
        keys[_ADDRESS].append(_hashed(address.rest))
        keys[_ALL_THREE].append(_hashed(tvg_id, name, group) if tvg_id else _NO_KEY)
        keys[_NAME_IN_GROUP].append(_hashed(name, group))
        keys[_NAME_AND_ID].append(_hashed(tvg_id, name) if tvg_id else _NO_KEY)
        keys[_LIKE_IN_GROUP_WITH_ID].append(_hashed(tvg_id, like, group) if tvg_id and like else _NO_KEY)
        keys[_LIKE_IN_GROUP].append(_hashed(like, group) if like else _NO_KEY)
        self.doors.append(hash(address.door))
        self.free.append(1)

    def unique(self, step: int, door: bool = False) -> dict[int, int]:
        """Position of each key that only one free candidate has."""
        found: dict[int, int] = {}
        for position, key in enumerate(self.keys[step]):
            if key and self.free[position]:
                whole = hash((key, self.doors[position])) if door else key
                found[whole] = _TAKEN_TWICE if whole in found else position
        return {key: position for key, position in found.items() if position >= 0}

    def __len__(self) -> int:
        return len(self.free)


def reconnect(scan: Scan, account_id: int, still_new: Spool) -> int:
    """Give entries of ``scan.new`` that belong to stored, unmet streams their rows, and return how many those are.

    They go to ``scan.changed``; the others to ``still_new``, which then takes the place of ``scan.new``. Counts and marks
    of ``scan`` are brought up to date. Nothing happens when there is nothing to compare.
    """
    known = scan.known
    filtered = scan.newly_filtered or ()  # those are still there; the operator does not want them
    unmet = [slot for slot in known.unmet() if slot not in filtered]
    if not unmet or not scan.new.count:
        return 0
    old, new = _Side(), _Side()
    slots = array("q")
    for slot, group, name, url, tvg_id in _stored(scan, unmet, account_id):
        slots.append(slot)
        old.add(group, name, url, tvg_id)
    group_of = _group_numbers(scan.groups)
    for records in scan.new.chunks():
        for record in records:
            new.add(group_of(record[0]), record[_NAME], record[_URL], record[_TVG_ID])
    pairs = _pairs(old, new)
    if not pairs:
        return 0
    del old, new
    _hand_over(scan, slots, pairs, still_new)
    return len(pairs)


def _pairs(old: _Side, new: _Side) -> dict[int, int]:
    """Position in ``new`` → position in ``old``."""
    pairs: dict[int, int] = {}

    def take(old_position: int, new_position: int) -> None:
        old.free[old_position] = new.free[new_position] = 0
        pairs[new_position] = old_position

    for step in range(_STEPS):
        if step == _ADDRESS:
            _follow_doors(old, new, pairs, take)
            continue
        if step in _IN_ORDER:
            _in_order(old, new, step, take)
            continue
        there = old.unique(step)
        for key, position in new.unique(step).items():
            found = there.get(key)
            if found is not None:
                take(found, position)
    return pairs


def _follow_doors(old: _Side, new: _Side, pairs: dict[int, int], take: Callable[[int, int], None]) -> None:
    """Streams that were renamed while login, server or token changed: the others of the same door show where it went.

    The door stays the same when only a token changed; that has to be shown by others too, for an address may hide in it
    which stream it is.
    """
    moves = Counter((old.doors[there], new.doors[here]) for here, there in pairs.items())
    ways: dict[int, int] = {}
    for (before, after), count in moves.most_common():
        if count >= _ENOUGH_PROOF:
            ways.setdefault(before, after)
    if not ways:
        return
    arrived = new.unique(_ADDRESS, door=True)
    for position in old.unique(_ADDRESS, door=True).values():
        way = ways.get(old.doors[position])
        if way is not None:
            found = arrived.get(hash((old.keys[_ADDRESS][position], way)))
            if found is not None and new.free[found]:
                take(position, found)


def _in_order(old: _Side, new: _Side, step: int, take: Callable[[int, int], None]) -> None:
    waiting: dict[int, list[int]] = {}
    for position, key in enumerate(new.keys[step]):
        if key and new.free[position]:
            waiting.setdefault(key, []).append(position)
    for found in waiting.values():
        found.reverse()
    for position, key in enumerate(old.keys[step]):
        if key and old.free[position] and (candidates := waiting.get(key)):
            take(position, candidates.pop())


def _hand_over(scan: Scan, slots: "array[int]", pairs: dict[int, int], still_new: Spool) -> None:
    known = scan.known
    position = 0
    for records in scan.new.chunks():
        matched: list[Record] = []
        left: list[Record] = []
        for record in records:
            found = pairs.get(position)
            position += 1
            if found is None:
                left.append(record)
                continue
            slot = slots[found]
            known.seen[slot] = BY_IDENTITY
            scan.note_group(slot, record[0])
            matched.append((*record[:-1], known.ids[slot]))
        if matched:
            scan.changed.extend(matched)
        if left:
            still_new.extend(left)
    scan.new = still_new
    scan.created -= len(pairs)
    scan.touched += len(pairs)


def _stored(scan: Scan, unmet: list[int], account_id: int) -> Iterator[tuple[int, int, str, str, str]]:
    """(slot, group id, name, address, guide id) of the unmet streams."""
    ids = scan.known.ids
    if len(unmet) > _MOST_BY_ID:
        wanted = dict(zip((ids[slot] for slot in unmet), unmet, strict=True))
        for row_id, *rest in read_rows(_SELECT_ALL, [account_id]):
            if row_id in wanted:
                yield (wanted[row_id], *rest)
        return
    for start in range(0, len(unmet), ID_CHUNK):
        chunk = {ids[slot]: slot for slot in unmet[start : start + ID_CHUNK]}
        for row_id, *rest in read_rows_in(_SELECT_CHUNK, list(chunk)):
            yield (chunk[row_id], *rest)


def _group_numbers(groups: GroupPlan) -> Callable[[int], int]:
    """Group index → the id of the stored group; a negative number for a group that is not stored yet."""
    numbers = [group.id if group.id is not None else -index - 1 for index, group in enumerate(groups.groups)]
    return numbers.__getitem__


def _hashed(*parts: object) -> int:
    return hash(parts) or 1


def _plain(name: str) -> str:
    """``name`` without case, blanks and signs; quality words stay, for HD and SD are two streams."""
    if name.isascii():
        return "".join(compress(name, map(str.isalnum, name))).lower()
    folded = normalize("NFKC", name).casefold()
    return "".join(compress(folded, map(str.isalnum, folded)))
