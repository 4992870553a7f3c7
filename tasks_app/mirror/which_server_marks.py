"""By what an installation of the server is known again: the moments at which its oldest rows were made.

Ids begin at 1 on every server and names are chosen by people, so neither tells two installations apart. The moments at which
users, user agents, accounts and guide sources were made do: to the millisecond, set by the server alone, never changed later.
A restored backup brings them back (some ways of copying a database cut what is finer off); a new installation cannot have one
of them by chance.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from ecm_site.dispatcharr.check import ADMINISTRATOR, LEVELS
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import AnsweredElse, DispatcharrError, NoRights, NotFound, Rejected, ServerFault

logger = logging.getLogger(__name__)

MOST_OF_A_KIND = 200
_UNREADABLE = (NoRights, NotFound, Rejected, AnsweredElse, ServerFault)
Marks = dict[str, str]
"""What was made → when, as in ``{"user 1": "2026-11-22T20:57:25.850+00:00"}``."""


class Verdict(Enum):
    """Whether two sets of marks are of one installation."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


def compare(known: Mapping[str, str], found: Mapping[str, str]) -> Verdict:
    """One thing that both have from the same moment proves that it is the same installation. It is another one when both have
    the same things and not one is from the same moment."""
    both = known.keys() & found.keys()
    if not both:
        return Verdict.UNKNOWN
    return Verdict.SAME if any(known[name] == found[name] for name in both) else Verdict.OTHER


def read_marks(client: Dispatcharr) -> Marks:
    """What the server has that tells it apart, a few small requests. Raises ``DispatcharrError``."""
    marks: Marks = {}
    sources: tuple[tuple[str, Callable[[], Iterable[Any]], str], ...] = (
        ("user", client.server.users, "date_joined"),
        ("user agent", client.server.user_agents, "created_at"),
        ("account", client.accounts.all, "created_at"),
        ("guide source", client.guide.sources, "created_at"),
    )
    for noun, read, column in sources:
        marks |= _read(noun, read, column)
    return marks


def own_mark(client: Dispatcharr) -> Marks:
    """The mark of the user that we are, one small request; empty when the server does not say.

    Raises ``DispatcharrError``, also when that user does not see everything (NOTES §3): what they do not see would be taken
    for deleted.
    """
    try:
        me = client.server.me()
    except _UNREADABLE as error:
        _go_without("user", error)
        return {}
    level = me.get("user_level")
    if type(level) is int and level < ADMINISTRATOR:
        raise NoRights(
            f"The account {me.get('username')} is a {LEVELS.get(level, 'user of another level')} on Dispatcharr by now and does"
            " not see every channel. Make it an administrator there, or enter another account under Connection. Nothing is sent"
            " and nothing is read until then."
        )
    return marks_of("user", (me,), "date_joined")


def _read(noun: str, read: Callable[[], Iterable[Any]], column: str) -> Marks:
    """Empty for a list that the server cannot give us: it is known by other things. An outage is raised."""
    try:
        return marks_of(noun, read(), column)
    except _UNREADABLE as error:
        _go_without(noun, error)
        return {}


def _go_without(noun: str, error: DispatcharrError) -> None:
    if error.temporary:
        raise error
    logger.info("[MIRROR] What tells the server apart could not be read, %s: %s", noun, error)


def marks_of(noun: str, rows: Iterable[Mapping[str, Any]], column: str) -> Marks:
    """Of the first rows by id; those whose moment says nothing are left out."""
    found: dict[int, str] = {}
    for row in rows:
        number, moment = row.get("id"), _moment(row.get(column))
        if type(number) is int and moment:
            found[number] = moment
    return {f"{noun} {number}": found[number] for number in sorted(found)[:MOST_OF_A_KIND]}


def installed_at(marks: Mapping[str, str]) -> datetime | None:
    """About when the installation was set up: its oldest thing; None when nothing is known."""
    return datetime.fromisoformat(min(marks.values())) if marks else None


def _moment(written: Any) -> str:
    """The moment in one way of writing; "" for one that a script could have chosen: without a zone, or of whole seconds."""
    try:
        moment = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return ""
    if moment.tzinfo is None or moment.microsecond < 1000:
        return ""
    try:
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    except OverflowError:
        return ""
