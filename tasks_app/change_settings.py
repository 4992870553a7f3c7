"""Use case: change some settings, journalled with what they were before, and take such a change back (50 S-1, S-3)."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from ecm_site.conf import SECRETS, clashing, get_settings, save_settings, secrets_left_behind, value_problem
from ecm_site.masking import MASK
from tasks_app import journal
from tasks_app.mirror.ask_again import ask_again_after
from tasks_app.mirror.state import is_connected
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

logger = logging.getLogger(__name__)

ENTITY_TYPE = "settings"
KEEPS_ADDRESS = "ECM mirrors a server and needs its address. Go back to standalone first, under Settings → Dispatcharr."
"""Without it nothing is sent or read any more, while changes go on waiting, and the password is dropped with it."""


@dataclass(frozen=True)
class SettingsChange:
    """``names`` of the settings that really changed; ``entry_id`` of the journal entry that can be undone, if any."""

    names: tuple[str, ...] = ()
    entry_id: int | None = None


def change_settings(section: str, changes: dict[str, Any], *, if_still: Mapping[str, Any] | None = None) -> SettingsChange:
    """Save ``changes`` and nothing else.

    ``section`` names the page for the journal. Raises ``ValueError`` naming the field, and
    :class:`~ecm_site.conf.SettingsMoved` when ``if_still`` is not the case any more; then nothing is saved.
    """
    for name, value in changes.items():
        problem = value_problem(name, value)
        if problem:
            raise ValueError(f"{name}: {problem}")
    if loses_server(changes):
        raise ValueError(f"dispatcharr_url: {KEEPS_ADDRESS}")
    current = get_settings()
    changes = {**changes, **secrets_left_behind(current, changes)}  # so that the journal says so
    before = asdict(current)
    changed = [name for name in changes if _plain(before[name]) != _plain(changes[name])]
    if not changed:
        return SettingsChange()
    with transaction.atomic():
        entry = _journal(section, [name for name in changed if name not in SECRETS], before, changes)
        _journal(section, [name for name in changed if name in SECRETS], before, changes)
        # A secret that is set again goes along: it is meant for what else changes, so it is not left behind with the old one.
        saved = {name: value for name, value in changes.items() if name in changed or name in SECRETS}
        save_settings(if_still, **saved)  # last: if this fails, the journal forgets it
    logger.info("[SETTINGS] Changed %s", ", ".join(changed))
    ask_again_after(tuple(changed))
    return SettingsChange(tuple(changed), entry.pk if entry else None)


def loses_server(changes: Mapping[str, Any]) -> bool:
    """Whether ``changes`` would take the address away from a server that is mirrored."""
    return changes.get("dispatcharr_url") == "" and bool(get_settings().dispatcharr_url) and is_connected()


def undo_change(entry: JournalEntry) -> None:
    """Put back what a journalled change replaced. Raises :class:`UndoConflict` when a setting was changed since."""
    before, after = entry.before_value or {}, entry.after_value or {}
    current = asdict(get_settings())
    for name, value in before.items():
        problem = value_problem(name, value)
        if problem:
            raise UndoConflict(f"{_words(name)} can no longer be “{value}”: {problem}.")
        if _plain(current[name]) != after.get(name):
            raise UndoConflict(f"{_words(name)} was changed to “{_plain(current[name])}” since.")
    if loses_server(before):
        raise UndoConflict(KEEPS_ADDRESS)
    clash = clashing({**current, **before})
    if clash:
        raise UndoConflict(f"{_words(clash[0])} and {_words(clash[1])} would both be on.")
    transaction.on_commit(lambda: _put_back(before))  # looking whether it would work must not already do it


def _put_back(values: dict[str, Any]) -> None:
    save_settings(**values)
    logger.info("[SETTINGS] Put back %s", ", ".join(values))


def _journal(section: str, names: list[str], before: dict[str, Any], after: dict[str, Any]) -> JournalEntry | None:
    """One entry; secrets get one of their own, because what is masked cannot be put back."""
    if not names:
        return None
    are_secret = names[0] in SECRETS
    show = _masked if are_secret else _plain
    return journal.log_entry(
        "settings",
        "update",
        entity_type=ENTITY_TYPE,
        entity_name=section,
        description=f"Changed settings under {section}: {', '.join(_words(name) for name in names)}",
        before={name: show(before[name]) for name in names},
        after={name: show(after[name]) for name in names},
        undoable=not are_secret,
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _masked(value: Any) -> str:
    return MASK if value else ""
