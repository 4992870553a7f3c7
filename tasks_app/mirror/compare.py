"""Three versions of a row – what both sides agreed on, ours, the server's – and what follows from them, field by field.

Pure. Secrets are compared as digests, keyed with the secret of this house: nobody who reads the database learns them.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from tasks_app.mirror.kinds import MirroredKind, Values

DIGEST = "hmac:"
Conflicts = dict[str, dict[str, Any]]
"""Field → "base", "mine", "theirs"."""


@dataclass(frozen=True)
class ThreeWay:
    """``take``: only the server changed it. ``send``: only we did. ``agreed``: the base for next time; fields that are still
    to be sent or in conflict keep their old one."""

    take: Values = field(default_factory=dict)
    send: Values = field(default_factory=dict)
    conflicts: Conflicts = field(default_factory=dict)
    agreed: Values = field(default_factory=dict)


def three_way(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> ThreeWay:
    """Compare the fields that both ``mine`` and ``theirs`` have. Without a base, what differs is a conflict."""
    take: Values = {}
    send: Values = {}
    conflicts: Conflicts = {}
    agreed: Values = {}
    for name, server in theirs.items():
        if name not in mine:
            continue
        ours = mine[name]
        if same(ours, server):
            agreed[name] = server
        elif name in base and same(base[name], ours):
            take[name] = agreed[name] = server
        elif name in base and same(base[name], server):
            send[name] = ours
            agreed[name] = base[name]
        else:
            conflicts[name] = {"base": base.get(name), "mine": ours, "theirs": server}
            if name in base:
                agreed[name] = base[name]
    return ThreeWay(take, send, conflicts, agreed)


def base_of_creation(sent: Sequence[Mapping[str, Any]], theirs: Mapping[str, Any]) -> Values:
    """What a row that is found after lost answers was created with. ``sent`` are all attempts that may have made it.

    A value that we sent is ours. One that we did not send was changed by others since, if we always sent the same; else
    nobody can say, and the field has no base.
    """
    base: Values = {}
    for name, value in theirs.items():
        candidates = [attempt[name] for attempt in sent if name in attempt]
        if any(same(candidate, value) for candidate in candidates):
            base[name] = value
        elif candidates and all(same(candidate, candidates[0]) for candidate in candidates):
            base[name] = candidates[0]
    return base


def differing(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Values:
    """The fields of ``theirs`` that ``mine`` has with another value."""
    return {name: value for name, value in theirs.items() if name in mine and not same(mine[name], value)}


def same(one: Any, other: Any) -> bool:
    """Equality of plain values: 1.0 is 1, but True is not; lists and tuples are alike."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, tuple) or isinstance(other, tuple):
        return isinstance(one, list | tuple) and isinstance(other, list | tuple) and list(one) == list(other)
    return bool(one == other)


def comparable(kind: MirroredKind, values: Mapping[str, Any]) -> Values:
    """``values`` with digests in place of secrets, as links and conflicts keep them."""
    if not kind.secrets:
        return dict(values)
    return {name: digest(kind.name, name, value) if name in kind.secrets else value for name, value in values.items()}


def digest(kind: str, name: str, value: Any) -> Any:
    """A stand-in for a secret that is equal for equal secrets. Nothing and "" stand for themselves."""
    if value is None or value == "":
        return value
    text = "\0".join((kind, name, json.dumps(value, sort_keys=True, default=str)))
    return DIGEST + salted_hmac("tasks_app.mirror.compare", text, algorithm="sha256").hexdigest()


def is_open(kind: MirroredKind, names: Collection[str]) -> bool:
    """Whether these fields can be set from what is stored: secrets cannot."""
    return kind.secrets.isdisjoint(names)
