"""Watches the server: what somebody else set on a channel may be overwritten only by people here who knew it, or were asked."""

from typing import Any

from channels_app.mirror.arrivals import IN_BULK
from channels_app.mirror.channel_values import number_here
from tasks_app.models import CreationAttempt, MirrorLink
from tests.fake_dispatcharr import World

FIELDS = ("name", "number", "tvg_id", "is_hidden")


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """The plain fields of a channel there, in the terms of this house."""
    return {
        "name": row["name"],
        "number": number_here(row["channel_number"]),
        "tvg_id": row["tvg_id"] or "",
        "is_hidden": bool(row["hidden_from_output"]),
    }


class TheirEdits:
    """``begin`` and ``edit`` around each step of somebody else (in the middle of a run the last who writes wins there), ``run``
    after each run, ``overruled`` when somebody here says that ours shall count."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[tuple[int, str], Any] = {}
        self._before = self._now()

    def _now(self) -> dict[int, dict[str, Any]]:
        with self.world.lock:
            return {pk: shown(row) for pk, row in self.world.tables["channels"].items() if not row["auto_created"]}

    def begin(self) -> None:
        self._before = self._now()

    def edit(self, *, in_a_run: bool) -> None:
        half_made, agreed = self._half_made(), self._agreed()
        for pk, values in self._now().items():
            for name, value in values.items():
                if pk not in self._before or self._before[pk][name] == value:
                    continue
                if in_a_run or agreed.get(pk, {}).get(name) == value:
                    self.open.pop((pk, name), None)  # nobody can tell it from what was there before ours
                elif not (pk in half_made and name == "number"):
                    self.open[pk, name] = value

    def _agreed(self) -> dict[int, dict[str, Any]]:
        return dict(MirrorLink.objects.filter(kind="channel").values_list("remote_id", "agreed"))

    def _half_made(self) -> set[int]:
        """Channels that a bulk creation has made, and nobody here knows of: which numbers they got first cannot be told."""
        if not any(details.get("how") == IN_BULK for details in CreationAttempt.objects.values_list("details", flat=True)):
            return set()
        return set(self._before) - set(MirrorLink.objects.filter(kind="channel").values_list("remote_id", flat=True))

    def overruled(self, local_id: int, fields: set[str]) -> None:
        remote = MirrorLink.objects.filter(kind="channel", local_id=local_id).values_list("remote_id", flat=True).first()
        for name in fields:
            self.open.pop((remote or 0, name), None)

    def run(self) -> None:
        now, agreed = self._now(), self._agreed()
        for (pk, name), value in list(self.open.items()):
            if pk not in now or agreed.get(pk, {}).get(name) == value:
                del self.open[pk, name]  # gone, or known here: what follows is a decision
                continue
            assert now[pk][name] == value, (
                f"channel {pk} there: {name} {value!r} was overwritten with {now[pk][name]!r} unasked"
            )
