"""Stream profiles. Names need not be unique on the server; locked ones, which come with it, are never written (NOTES §8)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from channels_app.chunks import chunked
from channels_app.lineup_changed import lineup_changed
from channels_app.mirror.answers import each
from channels_app.mirror.limits import first_problem
from channels_app.mirror.names import as_on_server, names_here, set_names, told_apart
from channels_app.models import StreamProfile
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Rejected
from ecm_site.dispatcharr.shapes import StreamProfile as StreamProfileRow
from ecm_site.wording import shortened
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Refused, Values, Watched
from tasks_app.mirror.readable import needed_text, readable, with_ids

KIND = "stream_profile"
LONGEST = 100
_FIELDS = ("name", "command", "parameters", "is_active")
_LIMITS = {
    "name": ("name of a stream profile", 255, True),
    "command": ("command of a stream profile", 255, False),
    "parameters": ("list of parameters", 20_000, False),
}


class StreamProfileKind(MirroredKind):
    name = KIND
    label = "stream profile"
    position = 72
    fields = {"name": "name", "command": "command", "parameters": "parameters", "is_active": "active"}
    watched = (Watched(StreamProfile._meta.db_table, columns=_FIELDS, name="name"),)
    category = "channel"
    id_table = StreamProfile._meta.db_table

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        rows = StreamProfile.objects.all() if ids is None else StreamProfile.objects.filter(pk__in=list(ids))
        found = {row["pk"]: {name: row[name] for name in _FIELDS} for row in rows.values("pk", *_FIELDS)}
        names = as_on_server(KIND, "name", {pk: row["name"] for pk, row in found.items()}, told_apart(LONGEST), ids)
        return {pk: values | {"name": names[pk]} for pk, values in found.items()}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        taken = StreamProfile.objects.values_list("name", flat=True)
        names = names_here(((pk, values["name"]) for pk, values in rows.items()), taken=taken, longest=LONGEST)
        made = StreamProfile.objects.bulk_create(
            StreamProfile(**{**rows[pk], "name": name}, locked=bool(books.get(pk, {}).get("locked")))
            for pk, name in names.items()
        )
        lineup_changed(guide=False)
        return dict(zip(names, (profile.pk for profile in made), strict=True))

    def change(self, rows: Mapping[int, Values]) -> None:
        new = {pk: values["name"] for pk, values in rows.items() if "name" in values}
        set_names(KIND, StreamProfile, new, longest=LONGEST)
        for pk, values in rows.items():
            others = {name: value for name, value in values.items() if name != "name"}
            if others:
                StreamProfile.objects.filter(pk=pk).update(**others)
        lineup_changed(guide=False)

    def remove(self, ids: Collection[int]) -> None:
        for portion in chunked(list(ids)):
            StreamProfile.objects.filter(pk__in=portion).delete()
        lineup_changed(guide=False)

    def bring_back(self, values: Values) -> int | None:
        return int(StreamProfile.objects.create(**values).pk)

    def keep_books(self, books: Mapping[int, Values]) -> None:
        for locked in (True, False):
            ids = [pk for pk, values in books.items() if bool(values.get("locked")) is locked]
            StreamProfile.objects.filter(pk__in=ids, locked=not locked).update(locked=locked)

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        wanted = None if ids is None else set(ids)
        rows = with_ids(KIND, links, client.stream_profiles.all())
        chosen = (row for row in rows if wanted is None or row["id"] in wanted)
        yield from readable(KIND, links, chosen, lambda row: (row["id"], _values(row), {"locked": bool(row["locked"])}))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        """One there that is the same in everything and not ours yet is taken for ours: after a lost answer, and because a
        second one would help nobody."""
        there = client.stream_profiles.all()
        owned = set(links.locals_of(KIND, [row["id"] for row in there]))

        def equal(values: Values) -> StreamProfileRow | None:
            found = next((row for row in there if row["id"] not in owned and _values(row) == values), None)
            if found is not None:
                owned.add(found["id"])
            return found

        settled: set[int] = set()
        for attempt_id, details in attempts.unfinished():
            found = equal(details["values"])
            if found is not None:
                settled.add(details["local_id"])
                yield Delivered(details["local_id"], found["id"], _values(found))
            attempts.finish(attempt_id)
        for local_id, values in rows.items():
            if local_id in settled:
                continue
            wanted = _sent(values)
            problem = first_problem(values, _LIMITS)
            if problem:
                yield Refused(local_id, problem)
                continue
            found = equal(wanted)
            if found is not None:
                yield Delivered(local_id, found["id"], _values(found))
                continue
            attempt_id = attempts.begin({"local_id": local_id, "values": wanted})
            try:
                made = client.stream_profiles.create(wanted)
            except Rejected as error:
                yield Refused(local_id, str(error))
            else:
                yield Delivered(local_id, made["id"], _values(made))
            attempts.finish(attempt_id)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        locked = {row["id"] for row in client.stream_profiles.all() if row["locked"]}
        fit = []
        for change in changes:
            problem = first_problem(change.values, _LIMITS)
            if change.remote_id in locked:
                problem = (
                    f"“{shortened(change.whole['name'])}” belongs to Dispatcharr and cannot be changed. Take its values back."
                )
            if problem:
                yield Refused(change.local_id, problem)
            else:
                fit.append(change)

        def send(change: Change) -> Delivered:
            row = client.stream_profiles.update(change.remote_id, _sent(change.values))
            return Delivered(change.local_id, change.remote_id, _values(row))

        yield from each(fit, send)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        there = {row["id"]: row for row in client.stream_profiles.all()}
        for local_id, remote_id in rows.items():
            row = there.get(remote_id)
            if row is not None and row["locked"]:
                yield Refused(
                    local_id, f"“{shortened(row['name'])}” belongs to Dispatcharr and cannot be deleted. Take it back."
                )
                continue
            if row is not None:
                try:
                    client.stream_profiles.delete(remote_id)
                except NotFound:
                    pass
                except Rejected as error:
                    yield Refused(local_id, str(error))
                    continue
            yield Delivered(local_id, remote_id, {})


def _values(row: StreamProfileRow) -> Values:
    plain: dict[str, Any] = dict(row)
    return {
        "name": needed_text(plain, "name"),
        "command": plain.get("command") or "",
        "parameters": plain.get("parameters") or "",
        "is_active": bool(plain.get("is_active", True)),
    }


def _sent(values: Values) -> Values:
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
