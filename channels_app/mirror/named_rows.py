"""This house's side of kinds that are nothing but a name, unique here and there: groups and channel profiles."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import Model

from channels_app.chunks import chunked
from channels_app.lineup_changed import lineup_changed
from channels_app.mirror.names import as_on_server, names_here, set_names, told_apart
from tasks_app.mirror.kinds import MirroredKind, Values, name_stand_in


class NamedKind(MirroredKind):
    """A subclass says of which ``model``, how long its names may be in both houses, and all about the server."""

    model: ClassVar[type[Model]]
    longest: ClassVar[int]
    fields = {"name": "name"}
    natural_key = "name"
    category = "channel"

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        rows = self._rows.all() if ids is None else self._rows.filter(pk__in=list(ids))
        names = as_on_server(self.name, "name", dict(rows.values_list("pk", "name")), told_apart(self.longest), ids)
        return {pk: {"name": name} for pk, name in names.items()}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        wanted = ((pk, values["name"]) for pk, values in rows.items())
        names = names_here(wanted, taken=self._rows.values_list("name", flat=True), longest=self.longest)
        made = self._rows.bulk_create(self.model(name=name) for name in names.values())
        lineup_changed(guide=False)
        return dict(zip(names, (row.pk for row in made), strict=True))

    def change(self, rows: Mapping[int, Values]) -> None:
        new = {pk: values["name"] for pk, values in rows.items() if "name" in values}
        set_names(self.name, self.model, new, longest=self.longest)
        lineup_changed(guide=False)

    def remove(self, ids: Collection[int]) -> None:
        for portion in chunked(list(ids)):
            self._rows.filter(pk__in=portion).delete()
        lineup_changed(guide=False)

    def bring_back(self, values: Values) -> int | None:
        return int(self._rows.create(name=values["name"]).pk)

    def stand_in(self, value: Any, remote_id: int) -> str:
        return name_stand_in(value, remote_id, longest=self.longest)

    @property
    def _rows(self) -> Any:
        return self.model._default_manager
