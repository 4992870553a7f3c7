"""What an operator answers to changes that cannot be delivered by themselves. No HTTP: pages call this inside requests.

What needs a look at the server (taking over its values) is noted as a wish on the entry and done by a delivery run, which is
asked for at once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

MINE = "mine"
THEIRS = "theirs"
DELETED = "deleted"
"""The name under which a conflict about a deletion is answered, instead of a field's."""


@dataclass
class Answered:
    """What became of answers. ``done`` entries are settled here, ``asked`` ones wait for the run that was asked for."""

    done: int = 0
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    """Sentences about entries that could not be answered so."""
    batch_id: str = ""
    """Of the journal entries that were written; "" = none."""


def retry(entry_ids: Collection[int]) -> Answered:
    """Try parked and waiting entries again at once, also while the engine is backing off. Conflicts are passed over."""
    raise NotImplementedError


def take_theirs(entry_ids: Collection[int]) -> Answered:
    """Give up the changes here and take the server's row as it is then (or delete it here, where the server has none).

    A creation that was never delivered is deleted here at once, as with :func:`drop`.
    """
    raise NotImplementedError


def drop(entry_ids: Collection[int]) -> Answered:
    """Give up the changes here: rows go back to what both sides last agreed on. Journalled, undoable.

    A creation that was never delivered is deleted here; a deletion is taken back with the server's row (by a run).
    """
    raise NotImplementedError


def answer_conflict(entry_id: int, answers: Mapping[str, str]) -> Answered:
    """Settle a conflict: for each field of ``entry.conflict`` "mine" or "theirs", or ``{"deleted": "mine" | "theirs"}`` where
    one side deleted the row. Fields that are not named stay open.

    Raises ``OutboxEntry.DoesNotExist``, and ``ValueError`` for other words and fields that are not in conflict.
    """
    raise NotImplementedError


def answer_held_back(kind: str, accept: bool) -> Answered:
    """Rows that vanished on the server in great numbers: delete them here too (``accept``), or create them there again.

    Deleting is done by a run of ``sync_dispatcharr`` that is asked for at once. Raises ``MirrorPull.DoesNotExist`` when
    nothing of this kind is held back (any more).
    """
    raise NotImplementedError
