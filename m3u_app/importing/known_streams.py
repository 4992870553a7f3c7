"""The streams an account already has, as small as Python can hold them: about 150 bytes each with both indexes."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress

from m3u_app.raw_sql import read_rows

ABSENT = -1
NEW = -2
BY_MARK = 1
BY_IDENTITY = 2
_MANY = 0.1  # share of the stored streams above which all identities are loaded at once
_FEW = 5000
_LOOK_UPS = 500
_FIND = (  # answered by the index alone; to look at the rows themselves would take four times as long
    "WITH wanted(identity) AS (VALUES {keys}) SELECT wanted.identity, s.id FROM wanted"
    " CROSS JOIN m3u_app_stream s ON SUBSTR(s.stream_hash, 1, 8) = wanted.identity"
)
_ONLY_BY_MARK = bytes([0, 1, 0]) + bytes(253)
_WHEN_ZERO = bytes([1]) + bytes(255)
_WHEN_SET = bytes([0]) + bytes([1] * 255)


class KnownStreams:
    """Marks and identities of one account's stored streams, and which of them this reading has met.

    A *slot* is the position of a stream in row id order. Identities are asked for only when unknown marks turn up: a
    refresh that finds nothing new never needs them, one that finds few asks for those few.
    """

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self.ids = array("q")
        self.groups = array("q")
        self.was_stale = bytearray()
        self.marks: dict[int, int] = {}
        self._identities: dict[int, int] = {}
        self._asked = 0
        self._all_loaded = False
        rows = read_rows(
            "SELECT id, content_mark, COALESCE(group_id, 0), is_stale + 0 FROM m3u_app_stream"
            " WHERE account_id = %s AND is_custom = 0 ORDER BY id",
            [account_id],
        )
        slot = 0
        for row_id, mark, group_id, is_stale in rows:
            self.ids.append(row_id)
            self.groups.append(group_id)
            self.was_stale.append(is_stale)
            if mark and group_id:  # without either the entry has to be read again
                self.marks[mark] = slot
            slot += 1
        self.seen = bytearray(slot)
        """Per slot: 0 not met, BY_MARK, or BY_IDENTITY (met, but its lines changed)."""

    def __len__(self) -> int:
        return len(self.ids)

    def look_up(self, identities: Sequence[bytes]) -> None:
        """Find out which of ``identities`` are stored, so that :meth:`claim` knows.

        While they are few each costs a look into the index; once they are many all are loaded at once.
        """
        if self._all_loaded or not self.ids:
            return
        self._asked += len(identities)
        if self._asked > max(len(self.ids) * _MANY, _FEW):
            for key, row_id in self._load_identities():
                self._identities.setdefault(key, row_id)
            self._all_loaded = True
            return
        for start in range(0, len(identities), _LOOK_UPS):
            keys = [identity[:8] for identity in identities[start : start + _LOOK_UPS]]
            for identity, row_id in read_rows(_FIND.replace("{keys}", ", ".join(["(%s)"] * len(keys))), keys):
                self._identities.setdefault(_key(identity), row_id)

    def claim(self, identity: bytes, *, keep: bool) -> int:
        """Look an entry up by its identity and, with ``keep``, remember it so that it is taken once only.

        Returns the slot of a stored stream, NEW when this reading has met the entry before, or ABSENT. Call
        :meth:`look_up` with it first.
        """
        identities = self._identities
        key = _key(identity)
        found = identities.get(key, ABSENT)
        if found > 0:
            slot = bisect_left(self.ids, found)
            # A row of somebody else, or one that came after the marks were read, is none that this run may write.
            return slot if slot < len(self.ids) and self.ids[slot] == found else NEW
        if found == ABSENT and keep:
            identities[key] = NEW
        return found

    def forget_identities(self) -> None:
        """Give the memory back once reading is over."""
        self._identities = {}
        self.marks = {}

    def groups_met_by_mark(self) -> "Counter[int]":
        """Group ids of the streams whose lines did not change, with how many of them each has."""
        return Counter(compress(self.groups, self.seen.translate(_ONLY_BY_MARK)))

    def groups_before(self) -> "Counter[int]":
        """Group ids of the streams that the last refresh contained, with how many of them each has."""
        return Counter(compress(self.groups, self.was_stale.translate(_WHEN_ZERO)))

    def unmet(self) -> list[int]:
        """Slots that this reading did not meet."""
        return list(compress(range(len(self.ids)), self.seen.translate(_WHEN_ZERO)))

    def missing(self) -> list[int]:
        """Row ids that this reading did not meet."""
        return list(compress(self.ids, self.seen.translate(_WHEN_ZERO)))

    def newly_missing(self) -> list[int]:
        """Row ids that this reading did not meet and the last one did."""
        return list(compress(self.ids, _both(self.seen.translate(_WHEN_ZERO), self.was_stale.translate(_WHEN_ZERO))))

    def returned(self) -> list[int]:
        """Row ids that were missing before and are back."""
        return list(compress(self.ids, _both(self.seen.translate(_WHEN_SET), self.was_stale)))

    def _load_identities(self) -> Iterator[tuple[int, int]]:
        """(first 64 bits, row id) of all: enough to tell half a million apart (odds 1 in 100 million)."""
        rows = read_rows(
            "SELECT id, stream_hash FROM m3u_app_stream WHERE account_id = %s AND is_custom = 0", [self._account_id]
        )
        return ((_key(identity), row_id) for row_id, identity in rows)


def _both(first: bytearray, second: bytearray) -> bytes:
    """1 where both are 1. As two huge numbers: half a million slots take a millisecond, a loop over them fifty."""
    return (int.from_bytes(first, "little") & int.from_bytes(second, "little")).to_bytes(len(first), "little")


def _key(identity: bytes) -> int:
    return int.from_bytes(identity[:8], "little", signed=True)
