"""Answers to changes of the queue: what each would do, in words, and carrying it out – large ones in the background."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ecm_site.wording import counted
from tasks_app.engine import start_run
from tasks_app.mirror import answers
from tasks_app.mirror.answers import Answered
from tasks_app.mirror.queue import CREATE, DELETE, NOTHING, QueueFilter, QueueRow
from tasks_app.mirror.reconcile import THERE
from tasks_app.mirror_pages.chosen import Chosen
from tasks_app.mirror_pages.keep_mine import keep_mine
from tasks_app.models import OutboxState, TaskRun
from tasks_app.registry import TaskResult, TaskScheduler, register_task

AT_ONCE = 500
"""More than these are not answered while a browser waits."""
CONFLICTS_AT_ONCE = 50
"""Fewer conflicts, each of which is a transaction of its own."""
_PORTION = 500
_FOR_GOOD = "this cannot be undone"


@dataclass(frozen=True)
class Kind:
    """One sort of answer, in words."""

    key: str
    button: str
    title: str
    explained: str
    icon: str
    carry_out: Callable[[Collection[int]], Answered]
    gives_up: bool = True
    is_quick: bool = False
    """Whether a browser can wait for it whatever the number."""
    only_conflicts: bool = False

    @property
    def at_once(self) -> int:
        return CONFLICTS_AT_ONCE if self.only_conflicts else AT_ONCE

    @property
    def undo(self) -> str:
        """What the journal can do about it; rows of which that is not true say so themselves."""
        return "The journal can undo what is listed here, except where it says otherwise." if self.gives_up else ""

    @property
    def undo_many(self) -> str:
        """The same where so many are given up that they are not all told one by one."""
        return "Of so many at once the journal may be able to undo only a part." if self.gives_up else ""


KINDS = {
    kind.key: kind
    for kind in (
        Kind(
            "retry",
            "Try again",
            "Try again now?",
            "They are sent to the server at once, without waiting for their turn. What was changed on both sides is left out:"
            " it needs an answer.",
            "refresh",
            answers.retry,
            gives_up=False,
            is_quick=True,
        ),
        Kind(
            "mine",
            "Keep mine",
            "Keep what is here?",
            "What is here goes to the server, in the place of what was changed there; what was deleted there is made again."
            " Only what was changed on both sides is answered so.",
            "cloud-up",
            keep_mine,
            gives_up=False,
            only_conflicts=True,
        ),
        Kind(
            "theirs",
            "Take the server’s",
            "Take what the server has?",
            "Your changes are given up, and the server’s values are read and stored here.",
            "cloud-download",
            answers.take_theirs,
        ),
        Kind(
            "drop",
            "Drop",
            "Drop these changes?",
            "Your changes are given up: rows go back to what both sides had last, and rows that the server never had are"
            " deleted.",
            "trash",
            answers.drop,
        ),
    )
}


def outcome(answer: str, row: QueueRow) -> str:
    """What the answer does to one row: "goes back to …" without its values, which stand below it; and whether that is for
    good."""
    words = _outcome(answer, row)
    return words if row.undoable or not KINDS[answer].gives_up else f"{words}; {_FOR_GOOD}"


def _outcome(answer: str, row: QueueRow) -> str:
    if answer == "mine":
        return _outcome_of_mine(row)
    if answer == "retry":
        if row.state == OutboxState.CONFLICT:
            return "is left out: it was changed on both sides"
        return {CREATE: "is created there", DELETE: "is deleted there", NOTHING: "leaves the queue"}.get(
            row.action, "is changed there"
        )
    if row.action == CREATE:
        return "is deleted here; the server never had it"
    if row.action == DELETE:
        return "comes back as the server has it"
    if row.action == NOTHING:
        return "leaves the queue; there is nothing to give up"
    if row.deleted == THERE:
        return "is deleted here too"
    return "takes the server’s values" if answer == "theirs" else "goes back"


def _outcome_of_mine(row: QueueRow) -> str:
    if row.state != OutboxState.CONFLICT:
        return "is left out: it was not changed on both sides"
    if row.deleted == THERE:
        return "is made there again" if row.creatable else "stays here; only the provider can bring it back there"
    return "is deleted there too" if row.action == DELETE else "replaces what the server has"


def carry_out(answer: str, chosen: Chosen) -> Answered | TaskRun:
    """Do it, or start the run that does. Raises :class:`~tasks_app.mirror_pages.chosen.ChoiceRefused`,
    :class:`~tasks_app.engine.AlreadyRunning` and ``KeyError`` for no answer."""
    kind = KINDS[answer]
    ids = chosen.entry_ids()
    if kind.is_quick or len(ids) <= kind.at_once:
        return kind.carry_out(ids)
    wanted = chosen.wanted
    return start_run(
        AnswerMany.task_id,
        {
            "answer": answer,
            "state": wanted.state,
            "kind": wanted.kind,
            "text": wanted.text,
            "newest": max(ids),
            "count": len(ids),
        },
    )


def told(answer: str, answered: Answered) -> str:
    """What became of it, in a sentence."""
    changes = answered.done + answered.asked
    if not changes:
        return "Nothing was changed."
    words = counted(changes, "change")
    if answer == "retry":
        return f"{words} {'is' if changes == 1 else 'are'} being sent again."
    if answer == "mine":
        return f"{words} {'goes' if changes == 1 else 'go'} to the server."
    verb = "dropped" if answer == "drop" else "given up for the server’s values"
    later = f" For {answered.asked:,} of them the server is asked first." if answered.asked else ""
    return f"{words} {verb}.{later}"


@register_task
class AnswerMany(TaskScheduler):
    """Answers many changes at once, started from the queue."""

    task_id = "answer_outbox"
    name = "Answer changes for the server"
    description = "Answers many changes that wait for the server. Start it from the queue of the page Server."
    by_hand = False
    item_word = "change"
    default_parameters = {"answer": "", "state": "", "kind": "", "text": "", "newest": 0, "count": 0}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return cls.task_id

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        kind = KINDS.get(parameters.get("answer", ""))
        return f"{kind.button}: {counted(parameters.get('count', 0), 'change')} for the server" if kind else cls.name

    def execute(self) -> TaskResult:
        given = self.parameters
        kind = KINDS[given["answer"]]
        wanted = QueueFilter(state=given["state"], kind=given["kind"], text=given["text"])
        ids = list(wanted.entries().filter(pk__lte=given["newest"]).values_list("pk", flat=True))
        done = refused = 0
        portion = min(_PORTION, kind.at_once)
        for start in range(0, len(ids), portion):
            self.progress.report(phase="answering", current=start, total=len(ids))
            self.progress.raise_if_cancelled()
            answered = kind.carry_out(ids[start : start + portion])
            done += answered.done + answered.asked
            refused += len(answered.refused)
        words = told(kind.key, Answered(done=done))
        return TaskResult(True, words, success_count=done, skipped_count=refused)
