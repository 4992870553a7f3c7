"""Writes the journal (50 §2). Who did it comes from :func:`acting_as`, set once per request, command or run."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import DatabaseError, transaction
from django.db.models import Sum

from ecm_site.masking import mask_text
from tasks_app.clean_values import plain
from tasks_app.models import JournalBatch, JournalEntry

logger = logging.getLogger(__name__)

SUMMARY = "journal_batch"
"""Entity type of the rows that speak for a whole batch."""


@dataclass(frozen=True)
class Actor:
    """Who stands behind a change. ``user_id`` is None for the machine itself and for the command line."""

    user_id: int | None = None
    user_name: str = ""
    user_initiated: bool = True


class Named(Protocol):
    """A row that people know by its name."""

    @property
    def pk(self) -> Any: ...
    @property
    def name(self) -> str: ...


@dataclass
class _Gathered:
    entries: list[JournalEntry]
    with_summaries: bool


_collected: ContextVar[_Gathered | None] = ContextVar("journal_collected", default=None)
_actor: ContextVar[Actor] = ContextVar("journal_actor", default=Actor(user_initiated=False))


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """All journal entries written inside belong to ``actor``."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor:
    return _actor.get()


@contextmanager
def collecting(*, with_summaries: bool = False) -> Iterator[list[JournalEntry]]:
    """Entries logged inside are not written but gathered in the list that is yielded; the caller decides what becomes of them.

    Rows that speak for a batch (:func:`log_summary`) are gathered only ``with_summaries``.
    """
    gathered: list[JournalEntry] = []
    token = _collected.set(_Gathered(gathered, with_summaries))
    try:
        yield gathered
    finally:
        _collected.reset(token)


@contextmanager
def collecting_paused() -> Iterator[None]:
    """Inside a :func:`collecting` block, entries logged in this one are written after all: they belong to another matter."""
    token = _collected.set(None)
    try:
        yield
    finally:
        _collected.reset(token)


def new_batch_id() -> str:
    """Eight hex characters shared by all entries of one bulk operation (50 §2.1)."""
    return secrets.token_hex(4)


def build_entry(
    category: str,
    action_type: str,
    *,
    entity_name: str,
    description: str,
    entity_type: str = "",
    entity_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    batch_id: str = "",
    undoable: bool = False,
) -> JournalEntry:
    """Make an unsaved entry, for callers who write many with one :func:`log_entries`.

    ``before`` is None for something new, ``after`` is None for something deleted. Values under keys that name a secret
    are never kept; credentials inside addresses are kept only where undoing needs them, and masked wherever shown.
    """
    actor = current_actor()
    return JournalEntry(
        category=category[:20],
        action_type=action_type[:30],
        entity_type=entity_type,
        entity_id=entity_id,
        entity_name=mask_text(entity_name or "(no name)")[:255],
        description=mask_text(description),
        before_value=None if before is None else plain(before, mask=not undoable),
        after_value=None if after is None else plain(after, mask=not undoable),
        user_initiated=actor.user_initiated,
        user_id=actor.user_id,
        user_name=actor.user_name,
        batch_id=batch_id,
        undoable=undoable,
    )


def entry_about(
    category: str,
    entity_type: str,
    thing: Named,
    action_type: str,
    description: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    batch_id: str = "",
    undoable: bool = False,
) -> JournalEntry:
    """As :func:`build_entry`, about one row that has a name."""
    return build_entry(
        category,
        action_type,
        entity_type=entity_type,
        entity_id=thing.pk,
        entity_name=thing.name,
        description=description,
        before=before,
        after=after,
        batch_id=batch_id,
        undoable=undoable,
    )


def log_entry(category: str, action_type: str, **values: Any) -> JournalEntry | None:
    """Write one entry; takes what :func:`build_entry` takes. A failure is logged and never fails the action (J-3)."""
    return next(iter(log_entries([build_entry(category, action_type, **values)])), None)


def log_entries(entries: list[JournalEntry]) -> list[JournalEntry]:
    """Write many entries at once; on failure none, logged (J-3)."""
    gathered = _collected.get()
    if gathered is not None:
        gathered.entries.extend(entries)
        return entries
    try:
        with transaction.atomic():  # a savepoint: a journal failure must not poison the caller's transaction
            return write_entries(entries)
    except DatabaseError:
        logger.exception("[JOURNAL] Could not write %s entries", len(entries))
        return []


def log_summary(category: str, batch_id: str, description: str, *, action_type: str = "bulk_update", **values: Any) -> None:
    """End a bulk operation with the row that speaks for all its others (J-2); none when there are fewer than two of them.

    ``values`` are further ones of :func:`build_entry`; a summary is about no single thing and cannot be undone by itself.
    """
    gathered = _collected.get()
    named = {"entity_name": f"Batch {batch_id}", "entity_type": SUMMARY, **values}
    if gathered is not None:
        if gathered.with_summaries and sum(entry.batch_id == batch_id for entry in gathered.entries) > 1:
            gathered.entries.append(build_entry(category, action_type, description=description, batch_id=batch_id, **named))
        return
    try:
        written = JournalBatch.objects.filter(batch_id=batch_id).aggregate(entries=Sum("entries"))["entries"] or 0
    except DatabaseError:
        logger.exception("[JOURNAL] Batch %s could not be counted for its summary", batch_id)
        return
    if written > 1:
        log_entry(category, action_type, description=description, batch_id=batch_id, **named)


def write_entries(entries: list[JournalEntry]) -> list[JournalEntry]:
    """Write entries and let a failure reach the caller; only for those (undo) whose work is void without the record."""
    led: set[tuple[str, str]] = set()
    for entry in entries:
        if not entry.batch_id:
            continue
        kind = (entry.batch_id, entry.category)
        if kind not in led:
            led.add(kind)
            entry.leads = not JournalEntry.objects.filter(batch_id=kind[0], category=kind[1]).exists()
        else:
            entry.leads = False
    return JournalEntry.objects.bulk_create(entries, batch_size=500)
