"""Numbers that follow each other go by the server's call for runs: ten times as fast as changing each channel (NOTES §11)."""

from collections.abc import Generator, Sequence
from decimal import Decimal

from channels_app.mirror.answers import VANISHED
from channels_app.mirror.channel_targets import Edit
from channels_app.mirror.channel_values import number_here, number_there
from channels_app.mirror.edit_there import PORTION
from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.kinds import Delivered, Outcome, Postponed

_SHORTEST = 10


def assign_runs(client: Dispatcharr, edits: Sequence[Edit]) -> Generator[Outcome, None, list[Edit]]:
    """Send the long runs among edits that are nothing but a number; returns what is left to be sent otherwise.

    A run is taken only while that makes no more requests than changing the channels in bulk would.
    """
    runs = _worthwhile(_runs(edits), len(edits))
    if not runs:
        return list(edits)
    for run in runs:
        start = number_there(run[0].values["number"])
        client.channels.assign_numbers([edit.remote_id for edit in run], start or 0.0)
    told = {row["id"]: number_here(row["channel_number"]) for row in client.channels.summary()}
    done: set[int] = set()
    for edit in (edit for run in runs for edit in run):
        if edit.remote_id not in told:
            done.add(edit.remote_id)
            yield Postponed(edit.local_id, VANISHED)
        elif told[edit.remote_id] == edit.values["number"]:
            done.add(edit.remote_id)
            yield Delivered(edit.local_id, edit.remote_id, edit.whole)
    return [edit for edit in edits if edit.remote_id not in done]


def _runs(edits: Sequence[Edit]) -> list[list[Edit]]:
    """Whole numbers that follow each other, longest first; channels of the server's auto-sync have overrides instead."""
    numbered = [
        (Decimal(edit.values["number"]), edit)
        for edit in edits
        if set(edit.values) == {"number"} and not edit.auto and edit.values["number"] is not None
    ]
    runs: list[list[Edit]] = []
    last: Decimal | None = None
    for number, edit in sorted((pair for pair in numbered if pair[0] == pair[0].to_integral_value()), key=lambda pair: pair[0]):
        if last is not None and number == last + 1:
            runs[-1].append(edit)
        else:
            runs.append([edit])
        last = number
    return sorted(runs, key=len, reverse=True)


def _worthwhile(runs: list[list[Edit]], total: int) -> list[list[Edit]]:
    best = 0
    covered = 0
    for count, run in enumerate(runs, 1):
        covered += len(run)
        if len(run) >= _SHORTEST and count + _requests(total - covered) <= _requests(total):
            best = count
    return runs[:best]


def _requests(count: int) -> int:
    return -(-count // PORTION)
