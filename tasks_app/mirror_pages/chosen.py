"""Which changes of the queue an answer is for: ticked ones, or all that match a filter – as many as were shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict

from ecm_site.wording import counted
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.queue import QueueFilter, QueueRow, in_words
from tasks_app.models import OutboxEntry, OutboxState

SHOWN = 50
MOST_TICKED = 500


class ChoiceRefused(Exception):
    """``str()`` says what to do."""


def read_filter(values: Mapping[str, str]) -> QueueFilter:
    """The filter of the address; what is unknown does not filter."""
    state, kind = values.get("state", ""), values.get("kind", "")
    return QueueFilter(
        state=state if state in OutboxState.values else "",
        kind=kind if kind in {one.name for one in all_kinds()} else "",
        text=values.get("q", "").replace("\0", "").strip()[:200],
    )


@dataclass(frozen=True)
class Chosen:
    """``ids`` for ticked ones; else everything that ``wanted`` matches. ``confirmed``: how many the confirmation named."""

    wanted: QueueFilter
    ids: tuple[int, ...] = ()
    is_all: bool = False
    confirmed: int | None = None

    @property
    def count(self) -> int:
        return self._entries().count()

    def rows(self) -> list[QueueRow]:
        """The first of them, in words."""
        return in_words(list(self._entries()[:SHOWN]))

    def entry_ids(self) -> list[int]:
        """All of them. Raises :class:`ChoiceRefused` when none is left, or when "all" are no longer as many as confirmed."""
        found = list(self._entries().values_list("pk", flat=True))
        if not found:
            raise ChoiceRefused("None of these changes waits any more.")
        if self.is_all and self.confirmed is None:
            raise ChoiceRefused("Look first at what would happen to all of them.")
        if self.is_all and self.confirmed is not None and len(found) != self.confirmed:
            raise ChoiceRefused(f"You confirmed {counted(self.confirmed, 'change')}, now it is {len(found):,}. Look again.")
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Hidden fields that say the same again, with the number as it is now."""
        if not self.is_all:
            return [("entry", ",".join(map(str, self.ids)))]
        named = (("state", self.wanted.state), ("kind", self.wanted.kind), ("q", self.wanted.text))
        return [("all", "1"), ("confirmed_count", str(self.count)), *((name, value) for name, value in named if value)]

    def _entries(self) -> QuerySet[OutboxEntry]:
        if self.is_all:
            return self.wanted.entries()
        return OutboxEntry.objects.filter(pk__in=self.ids).order_by("queued_at", "pk")


def read_choice(values: QueryDict) -> Chosen:
    """What a form sent: ``entry`` (ids, once each or with commas) or ``all=1`` with the filter's own parameters."""
    wanted = read_filter({key: values.get(key, "") for key in ("state", "kind", "q")})
    if values.get("all") == "1":
        confirmed = values.get("confirmed_count", "")
        return Chosen(wanted, is_all=True, confirmed=int(confirmed) if _is_number(confirmed) else None)
    parts = [part for value in values.getlist("entry") for part in value.split(",")]
    ids = tuple(dict.fromkeys(int(part) for part in parts[:MOST_TICKED] if _is_number(part)))
    return Chosen(wanted, ids=ids)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
