"""Server groups: accounts that share the logins of one provider (20 §7)."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from m3u_app.mirror.accounts_there import forget_accounts
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.set_names import make_room, set_names
from m3u_app.models import ServerGroup
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Values, Watched, name_stand_in
from tasks_app.mirror.readable import needed_text, readable, with_ids


class ServerGroupKind(MirroredKind):
    name: ClassVar[str] = "server_group"
    label: ClassVar[str] = "server group"
    position: ClassVar[int] = 10
    category: ClassVar[str] = "m3u"
    fields: ClassVar[Mapping[str, str]] = {"name": "name"}
    watched: ClassVar[tuple[Watched, ...]] = (Watched("m3u_app_servergroup", columns=("name",), name="name"),)
    natural_key: ClassVar[str] = "name"

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        groups = ServerGroup.objects.order_by("pk")
        if ids is not None:
            groups = groups.filter(pk__in=ids)
        return {pk: {"name": name} for pk, name in groups.values_list("pk", "name")}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        make_room(ServerGroup.objects.all(), {values["name"] for values in rows.values()}, limit=ServerGroup.NAME_LIMIT)
        return {remote_id: ServerGroup.objects.create(name=values["name"]).pk for remote_id, values in rows.items()}

    def change(self, rows: Mapping[int, Values]) -> None:
        names = {pk: values["name"] for pk, values in rows.items() if "name" in values}
        set_names(ServerGroup.objects.all(), names, limit=ServerGroup.NAME_LIMIT)

    def remove(self, ids: Collection[int]) -> None:
        ServerGroup.objects.filter(pk__in=ids).delete()

    def bring_back(self, values: Values) -> int | None:
        return ServerGroup.objects.create(name=values["name"]).pk

    def stand_in(self, value: Any, remote_id: int) -> str:
        return name_stand_in(value, remote_id, longest=ServerGroup.NAME_LIMIT)

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = with_ids(self.name, links, client.accounts.server_groups())
        chosen = (row for row in rows if ids is None or row["id"] in ids)
        yield from readable(self.name, links, chosen, lambda row: (row["id"], _values(needed_text(row, "name")), {}))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        for local_id, values in rows.items():

            def deliver(local_id: int = local_id, values: Values = values) -> Outcome:
                made = client.accounts.create_server_group(values["name"])
                return Delivered(local_id, made["id"], _values(made["name"]))

            yield attempted(local_id, deliver)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        for change in changes:

            def deliver(change: Change = change) -> Outcome:
                row = client.accounts.update_server_group(change.remote_id, change.whole["name"])
                return Delivered(change.local_id, change.remote_id, _values(row["name"]))

            yield attempted(change.local_id, deliver)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Accounts that use it lose it there as they did here."""
        forget_accounts(links)
        for local_id, remote_id in rows.items():
            with suppress(NotFound):  # gone already
                client.accounts.delete_server_group(remote_id)
            yield Delivered(local_id, remote_id, {})


def _values(name: str) -> Values:
    return {"name": name[: ServerGroup.NAME_LIMIT]}
