"""The memory of creations that were begun on the server, in the database: a killed worker must not create twice."""

from collections.abc import Callable
from typing import Any

from tasks_app.mirror.kinds import Attempts
from tasks_app.models import CreationAttempt


class StoredAttempts(Attempts):
    """Attempts of one kind. Must not be used inside a transaction: what is begun has to survive a kill at once.

    ``before_finish`` is called before an attempt is forgotten: what came of it has to be stored by then.
    """

    def __init__(self, kind: str, *, before_finish: Callable[[], None] | None = None) -> None:
        self._kind = kind
        self._before_finish = before_finish

    def unfinished(self) -> list[tuple[int, dict[str, Any]]]:
        return list(CreationAttempt.objects.filter(kind=self._kind).order_by("pk").values_list("pk", "details"))

    def begin(self, details: dict[str, Any]) -> int:
        return int(CreationAttempt.objects.create(kind=self._kind, details=details).pk)

    def finish(self, attempt_id: int) -> None:
        if self._before_finish is not None:
            self._before_finish()
        CreationAttempt.objects.filter(pk=attempt_id, kind=self._kind).delete()
