"""What the operator decides about a draft before it is applied: whose value counts, and what stays out for now."""

from collections.abc import Collection, Iterable
from typing import Literal

from channels_app.drafts.conflicts import ACCEPTED, WHOLE, Conflict, accepted_of
from channels_app.drafts.make_rows import make_equal
from channels_app.drafts.review import Key, Review, review
from channels_app.drafts.sides import Values
from channels_app.drafts.steps import record
from channels_app.models import Draft, DraftState
from ecm_site.wording import counted

LEFT_OUT = "left_out"
"""The key in ``Draft.result``: things that stay in the draft when it is applied, as "kind:id"."""

Choice = Literal["mine", "theirs"]


def resolve(draft: Draft, choice: Choice, keys: Collection[str] | None = None) -> int:
    """Decide conflicts (None = all): "mine" overrules the value that is shown, "theirs" becomes a step of the draft.

    Returns how many were decided; those that vanished meanwhile are not among them. Raises ``DraftUnusable`` or ``DraftBusy``.
    """
    found = review(draft)
    chosen = [conflict for conflict in found.conflicts if keys is None or conflict.key in keys]
    if not chosen:
        return 0
    if choice == "mine":
        _accept(draft, chosen)
    else:
        with record(draft, f"Took over {counted(len(chosen), 'value')} from the server"):
            _take_theirs(found, chosen)
    return len(chosen)


def left_out(draft: Draft) -> set[Key]:
    """What the operator wants to keep in the draft."""
    stored = draft.result.get(LEFT_OUT) if isinstance(draft.result, dict) else None
    return {key for key in map(read_key, stored if isinstance(stored, list) else []) if key is not None}


def leave_out(draft: Draft, keys: Iterable[Key], *, out: bool) -> None:
    """Keep things in the draft when it is applied, or take them in again."""
    chosen = left_out(draft)
    chosen = chosen | set(keys) if out else chosen - set(keys)
    _remember(draft, LEFT_OUT, sorted(f"{kind}:{pk}" for kind, pk in chosen))


def read_key(text: object) -> Key | None:
    """ "channel:5" → ("channel", 5); None for anything else."""
    kind, _, number = str(text).partition(":")
    return (kind, int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None


def _accept(draft: Draft, chosen: Iterable[Conflict]) -> None:
    _remember(draft, ACCEPTED, accepted_of(draft) | {conflict.key: conflict.seen for conflict in chosen})


def _remember(draft: Draft, name: str, value: object) -> None:
    draft.refresh_from_db(fields=["result"])
    draft.result = {**(draft.result or {}), name: value}
    Draft.objects.filter(pk=draft.pk, state=DraftState.OPEN).update(result=draft.result)


def _take_theirs(found: Review, chosen: Iterable[Conflict]) -> None:
    wanted: dict[Key, Values | None] = {}
    for conflict in chosen:
        key = (conflict.kind, conflict.id)
        entity = found.entities[key]
        if conflict.field == WHOLE:
            wanted[key] = entity.theirs
        else:
            values = wanted.get(key, entity.mine)
            wanted[key] = {**(values or {}), conflict.field: conflict.theirs}
    for (kind, pk), values in wanted.items():
        make_equal(kind, pk, values)


def drop(draft: Draft, keys: Collection[Key]) -> int:
    """Give up what the draft did to these things: they become what they are on the server. One step, which can be undone."""
    found = review(draft)
    chosen = [change for change in found.changes if change.key in set(keys)]
    if chosen:
        with record(draft, f"Gave up {counted(len(chosen), 'change')}"):
            for change in chosen:
                make_equal(change.kind, change.id, found.entities[change.key].theirs)
    return len(chosen)
