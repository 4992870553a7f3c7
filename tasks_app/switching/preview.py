"""What a switch would do, before anybody says yes to it."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.check import ConnectionReport, check_connection
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.wording import counted
from tasks_app.backup.blockers import blockers
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorLink, MirrorState, OutboxEntry
from tasks_app.switching.rooms import Stock, all_rooms


class Way(StrEnum):
    """Where a switch leads."""

    ADOPT = "adopt"
    PUSH = "push"
    LEAVE = "leave"
    MOVE = "move"


@dataclass(frozen=True)
class SwitchPreview:
    """``problems``: sentences that forbid it now. ``here``: what is in this house; ``there``: what the server has."""

    way: Way
    address: str
    here: list[Stock]
    there: dict[str, int]
    problems: list[str] = field(default_factory=list)
    server_bound: list[Stock] = field(default_factory=list)
    waiting: int = 0
    """Changes that were not delivered."""
    asleep: list[str] = field(default_factory=list)
    """Sentences about what will rest or be missing afterwards."""
    report: ConnectionReport | None = None

    @property
    def waiting_words(self) -> str:
        """What is said about changes that were not delivered."""
        if self.waiting == 1:
            return "1 change has not been delivered. It stays here, and the server does not get it."
        return f"{self.waiting:,} changes have not been delivered. They stay here, and the server does not get them."

    @property
    def token(self) -> str:
        """What was confirmed: a later look that finds other numbers asks again."""
        here = ",".join(f"{stock.noun}={stock.count}" for stock in self.here)
        there = ",".join(f"{name}={count}" for name, count in sorted(self.there.items()))
        return f"{self.way}|{self.address}|{here}|{there}|{self.waiting}"


def preview_switch(way: Way, *, lock: str = "") -> SwitchPreview:
    """Look at both sides. Asks the server, except for leaving it; its faults become problems. Changes nothing."""
    known = local_preview(way, lock=lock)
    if way is Way.LEAVE or known.problems:
        return known
    record = get_settings()
    report = check_connection(record.dispatcharr_url, Credentials.from_settings(record))
    problems = [report.problem] if report.problem else []
    if way is Way.PUSH and not problems and not goes_on(way, mirror_state()):
        problems = _not_empty(report.counts)
    return replace(known, there=report.counts, problems=problems, report=report)


def local_preview(way: Way, *, lock: str = "") -> SwitchPreview:
    """What this house alone knows: quick, and the server is not asked."""
    state = mirror_state()
    rooms = all_rooms()
    return SwitchPreview(
        way=way,
        address=state.address if way is Way.LEAVE else get_settings().dispatcharr_url,
        here=[stock for room in rooms for stock in room.stock() if stock.count],
        there={},
        problems=_wrong_moment(way, state) or blockers(except_lock=lock),
        server_bound=[stock for room in rooms for stock in room.server_bound() if stock.count] if way is Way.ADOPT else [],
        waiting=OutboxEntry.objects.count(),
        asleep=_warnings(way),
    )


def is_half_left(state: MirrorState) -> bool:
    """Whether leaving a server was interrupted: it is let go, and what is here still bears its marks."""
    return not state.connected and bool(state.address)


def goes_on(way: Way, state: MirrorState) -> bool:
    """Whether connecting in this way was interrupted after the server was connected, and the rest of it remains to be done."""
    return state.connected and bool(state.connecting) and state.connecting == way


def _warnings(way: Way) -> list[str]:
    if way is Way.LEAVE:
        return [sentence for room in all_rooms() for sentence in room.asleep_alone()]
    return [sentence for room in all_rooms() for sentence in room.missing_there()] if way is Way.PUSH else []


def _wrong_moment(way: Way, state: MirrorState) -> list[str]:
    if goes_on(way, state):
        return []
    if way in (Way.ADOPT, Way.PUSH) and state.connected:
        return ["A server is mirrored already. Go back to standalone first, or move to its new address."]
    if way in (Way.ADOPT, Way.PUSH) and is_half_left(state):
        return ["The last server is still being left. That goes on by itself within a minute or two."]
    if way is Way.LEAVE and is_half_left(state):
        return []
    if way in (Way.LEAVE, Way.MOVE) and not state.connected:
        return ["No server is mirrored."]
    if way is Way.MOVE and not MirrorLink.objects.exists():
        return ["Nothing of the server has been read yet, so nothing tells whether the new address is the same server."]
    return []


def _not_empty(there: dict[str, int]) -> list[str]:
    """A lineup may only be put on a server that has none: mixing two is nobody's wish."""
    found = [counted(there[name], noun) for name, noun in (("channels", "channel"), ("accounts", "account")) if there.get(name)]
    if not found:
        return []
    return [
        f"The server has {' and '.join(found)} already. Only an empty one can take over this lineup;"
        " use the server’s lineup instead, or empty it in Dispatcharr first."
    ]
