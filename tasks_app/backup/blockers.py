"""Reasons not to exchange the database, or what it is about, at this moment. Rooms name theirs."""

from collections.abc import Callable

from tasks_app.queries import active_runs

Blocker = Callable[[], list[str]]
_blockers: list[Blocker] = []


def register_blocker(blocker: Blocker) -> None:
    """``blocker`` returns sentences that say what has to be finished first; apps register theirs in ``ready()``."""
    if blocker not in _blockers:
        _blockers.append(blocker)


def blockers(*, except_lock: str = "") -> list[str]:
    """Why it cannot be done now, in sentences; empty when nothing stands in the way. ``except_lock``: of the run that asks."""
    found = [sentence for blocker in _blockers for sentence in blocker()]
    titles = sorted(run.title or run.task_id for key, run in active_runs().items() if key != except_lock)
    if titles:
        rest = f" and {len(titles) - 3:,} more" if len(titles) > 3 else ""
        found.append(f"Work is going on: {', '.join(titles[:3])}{rest}. Wait for it, or stop it on the Tasks page.")
    return found
