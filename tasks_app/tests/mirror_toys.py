"""A small house and a small server to mirror: boxes (unique by name there) and toys (in a box, with tags and a secret)."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, cast

from django.db import connection

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, NotFound, Rejected, Unreachable
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    MirroredKind,
    Outcome,
    Postponed,
    Refused,
    Values,
    Watched,
    name_stand_in,
)
from tasks_app.mirror.readable import needed_text, readable

TABLES = (
    "CREATE TABLE toy_box(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE toy(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',"
    " box_id INTEGER, pin TEXT NOT NULL DEFAULT '', plays INTEGER NOT NULL DEFAULT 0, is_ours INTEGER NOT NULL DEFAULT 1)",
    "CREATE TABLE toy_tag(id INTEGER PRIMARY KEY AUTOINCREMENT, toy_id INTEGER NOT NULL, tag TEXT NOT NULL, position INTEGER)",
)


class Killed(BaseException):
    """The process ends here."""


class ToyServer:
    """State and faults. ``plan``: what happens to the next writes – "ok", "before" (no answer, not done), "after" (no answer,
    done), "kill" (we are killed after it was done). ``meanwhile``: what people do while the next requests are answered."""

    def __init__(self) -> None:
        self.boxes: dict[int, Values] = {}
        self.toys: dict[int, Values] = {}
        self.ids = 100
        self.plan: list[str] = []
        self.requests: list[str] = []
        self.refuses: set[str] = set()
        self.breaks_on: set[str] = set()
        self.down: DispatcharrError | None = None
        self.created: list[tuple[str, str]] = []
        self.meanwhile: list[Callable[[], object]] = []

    def table(self, name: str) -> dict[int, Values]:
        return self.boxes if name == "box" else self.toys

    def read(self, name: str) -> dict[int, Values]:
        self._arrive(f"GET {name}")
        return {pk: dict(row) for pk, row in self.table(name).items()}

    def add(self, name: str, values: Values) -> int:
        """Somebody else makes a row."""
        self.ids += 1
        self.table(name)[self.ids] = dict(values)
        return self.ids

    def create(self, name: str, values: Values) -> tuple[int, Values]:
        fate = self._arrive(f"POST {name}")
        if fate == "before":
            raise Unreachable("No answer.", maybe_done=True)
        self._check(name, None, values)
        pk = self.add(name, {**values, **({"note": values["note"].strip()} if "note" in values else {})})
        self.created.append((name, values["name"]))
        self._answer(fate)
        return pk, dict(self.table(name)[pk])

    def change(self, name: str, pk: int, values: Values) -> Values:
        fate = self._arrive(f"PATCH {name}")
        if fate == "before":
            raise Unreachable("No answer.", maybe_done=True)
        if pk not in self.table(name):
            raise NotFound("It does not exist.", status=404)
        self._check(name, pk, values)
        self.table(name)[pk] |= {**values, **({"note": values["note"].strip()} if "note" in values else {})}
        self._answer(fate)
        return dict(self.table(name)[pk])

    def delete(self, name: str, pk: int) -> None:
        fate = self._arrive(f"DELETE {name}")
        if fate == "before":
            raise Unreachable("No answer.", maybe_done=True)
        if name == "box" and any(toy["box"] == pk for toy in self.toys.values()):
            raise Rejected("The box is not empty.", fields={"": "not empty"})
        self.table(name).pop(pk, None)
        self._answer(fate)

    def _arrive(self, what: str) -> str:
        self.requests.append(what)
        if self.down is not None:
            raise self.down
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.plan.pop(0) if self.plan and not what.startswith("GET") else "ok"

    def _answer(self, fate: str) -> None:
        if fate == "after":
            raise Unreachable("No answer.", maybe_done=True)
        if fate == "kill":
            raise Killed

    def _check(self, name: str, pk: int | None, values: Values) -> None:
        if values.get("name") in self.refuses:
            raise Rejected("This name is not allowed.", fields={"name": "not allowed"})
        if values.get("name") in self.breaks_on:
            from ecm_site.dispatcharr.errors import ServerFault

            raise ServerFault("The server failed.", status=500, temporary=False, maybe_done=True)
        if name == "box" and any(row["name"] == values.get("name") for key, row in self.boxes.items() if key != pk):
            raise Rejected("A box of this name exists.", fields={"name": "exists"})

    def as_client(self) -> Dispatcharr:
        return cast(Dispatcharr, self)


def _server(client: Dispatcharr) -> ToyServer:
    return cast(ToyServer, client)


def _marks(ids: Collection[Any]) -> str:
    return ", ".join("?" * len(ids)).replace("?", "%s")


def sql(statement: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return cursor.fetchall() if cursor.description else []


class BoxKind(MirroredKind):
    name: ClassVar[str] = "box"
    label: ClassVar[str] = "box"
    position: ClassVar[int] = 1
    fields: ClassVar[Mapping[str, str]] = {"name": "name"}
    watched: ClassVar[tuple[Watched, ...]] = (Watched("toy_box", columns=("name",), name="name"),)
    natural_key: ClassVar[str] = "name"
    id_table: ClassVar[str] = "toy_box"

    def stand_in(self, value: Any, remote_id: int) -> Any | None:
        return name_stand_in(value, remote_id, longest=200)

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        where = "" if ids is None else f" WHERE id IN ({_marks(ids)})"
        return {pk: {"name": name} for pk, name in sql(f"SELECT id, name FROM toy_box{where}", ids or ())}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        made = {}
        for remote_id, row in rows.items():
            made[remote_id] = sql("INSERT INTO toy_box(name) VALUES (%s) RETURNING id", [row["name"]])[0][0]
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        for pk in rows:  # two may exchange theirs
            sql("UPDATE toy_box SET name = %s WHERE id = %s", [f"\x00{pk}", pk])
        for pk, row in rows.items():
            sql("UPDATE toy_box SET name = %s WHERE id = %s", [row["name"], pk])

    def remove(self, ids: Collection[int]) -> None:
        sql(f"UPDATE toy SET box_id = NULL WHERE box_id IN ({_marks(ids)})", ids)
        sql(f"DELETE FROM toy_box WHERE id IN ({_marks(ids)})", ids)

    def bring_back(self, values: Values) -> int | None:
        return int(sql("INSERT INTO toy_box(name) VALUES (%s) RETURNING id", [values["name"]])[0][0])

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = [{**row, "id": pk} for pk, row in _server(client).read("box").items() if ids is None or pk in ids]
        yield from readable("box", links, rows, lambda row: (row["id"], {"name": needed_text(row, "name")}, {}))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        for pk, row in rows.items():
            try:
                remote_id, made = _server(client).create("box", row)
            except Rejected as error:
                yield Refused(pk, str(error))
            else:
                yield Delivered(pk, remote_id, {"name": made["name"]})

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        for change in changes:
            try:
                row = _server(client).change("box", change.remote_id, change.values)
            except Rejected as error:
                yield Refused(change.local_id, str(error))
            else:
                yield Delivered(change.local_id, change.remote_id, {"name": row["name"]})

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for pk, remote_id in rows.items():
            try:
                _server(client).delete("box", remote_id)
            except Rejected as error:
                yield Refused(pk, str(error))
            else:
                yield Delivered(pk, remote_id, {})


class ToyKind(MirroredKind):
    name: ClassVar[str] = "toy"
    label: ClassVar[str] = "toy"
    position: ClassVar[int] = 2
    fields: ClassVar[Mapping[str, str]] = {"name": "name", "note": "note", "box": "box", "pin": "PIN", "tags": "tags"}
    secrets: ClassVar[frozenset[str]] = frozenset({"pin"})
    references: ClassVar[Mapping[str, str]] = {"box": "box"}
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("toy", columns=("name", "note", "box_id", "pin"), name="name", condition="{row}.is_ours = 1"),
        Watched("toy_tag", owner="toy_id", columns=("tag", "position")),
    )

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        where = "" if ids is None else f" AND id IN ({_marks(ids)})"
        found = {
            pk: {"name": name, "note": note, "box": box, "pin": pin, "tags": []}
            for pk, name, note, box, pin in sql(
                f"SELECT id, name, note, box_id, pin FROM toy WHERE is_ours = 1{where}", ids or ()
            )
        }
        for toy_id, tag in sql("SELECT toy_id, tag FROM toy_tag ORDER BY position, id"):
            if toy_id in found:
                found[toy_id]["tags"].append(tag)
        return found

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        made = {}
        for remote_id, row in rows.items():
            pk = sql(
                "INSERT INTO toy(name, note, box_id, pin, plays) VALUES (%s, %s, %s, %s, %s) RETURNING id",
                [row["name"], row["note"], row["box"], row["pin"], books[remote_id]["plays"]],
            )[0][0]
            self._tag(pk, row["tags"])
            made[remote_id] = pk
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        for pk, row in rows.items():
            for field, value in row.items():
                if field == "tags":
                    self._tag(pk, value)
                else:
                    column = "box_id" if field == "box" else field
                    sql(f"UPDATE toy SET {column} = %s WHERE id = %s", [value, pk])

    def remove(self, ids: Collection[int]) -> None:
        sql(f"DELETE FROM toy_tag WHERE toy_id IN ({_marks(ids)})", ids)
        sql(f"DELETE FROM toy WHERE id IN ({_marks(ids)})", ids)

    def keep_books(self, books: Mapping[int, Values]) -> None:
        for pk, row in books.items():
            sql("UPDATE toy SET plays = %s WHERE id = %s AND plays IS NOT %s", [row["plays"], pk, row["plays"]])

    def _tag(self, pk: int, tags: list[str]) -> None:
        sql("DELETE FROM toy_tag WHERE toy_id = %s", [pk])
        for position, tag in enumerate(tags):
            sql("INSERT INTO toy_tag(toy_id, tag, position) VALUES (%s, %s, %s)", [pk, tag, position])

    def _here(self, row: Values, links: LinkBook) -> Values:
        box = links.local("box", row["box"]) if row["box"] is not None else None
        return {"name": row["name"], "note": row["note"], "box": box, "pin": row["pin"], "tags": list(row["tags"])}

    def _there(self, values: Values, links: LinkBook) -> Values:
        """Raises ``LookupError`` while the box is not there."""
        row = dict(values)
        if row.get("box") is not None:
            row["box"] = links.remote("box", row["box"])
            if row["box"] is None:
                raise LookupError
        return row

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        for pk, row in _server(client).read("toy").items():
            if ids is None or pk in ids:
                yield pk, self._here(row, links), {"plays": row.get("plays", 0)}

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        found: set[int] = set()
        for attempt_id, details in attempts.unfinished():
            there = _server(client).read("toy")
            for pk, row in there.items():
                if pk > details["above"] and row["mark"] == details["mark"] and links.local("toy", pk) is None:
                    found.add(details["local_id"])
                    yield Delivered(details["local_id"], pk, self._here(row, links))
            attempts.finish(attempt_id)
        for pk, values in rows.items():
            if pk in found:
                continue
            try:
                row = self._there(values, links)
            except LookupError:
                yield Postponed(pk, "Waits for its box.")
                continue
            mark = json.dumps([pk, values], sort_keys=True)
            above = max(_server(client).read("toy"), default=0)
            attempt = attempts.begin({"local_id": pk, "above": above, "mark": mark})
            try:
                remote_id, made = _server(client).create("toy", {**row, "mark": mark})
            except Rejected as error:
                attempts.finish(attempt)
                yield Refused(pk, str(error))
            else:
                yield Delivered(pk, remote_id, self._here(made, links))
                attempts.finish(attempt)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        for change in changes:
            try:
                row = _server(client).change("toy", change.remote_id, self._there(change.values, links))
            except LookupError:
                yield Postponed(change.local_id, "Waits for its box.")
            except Rejected as error:
                yield Refused(change.local_id, str(error))
            else:
                yield Delivered(change.local_id, change.remote_id, self._here(row, links))

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for pk, remote_id in rows.items():
            _server(client).delete("toy", remote_id)
            yield Delivered(pk, remote_id, {})


def toy(name: str, **values: Any) -> Values:
    """A toy as the server keeps it."""
    return {"name": name, "note": "", "box": None, "pin": "", "tags": [], "mark": "", **values}


def add_toy(name: str, **values: Any) -> int:
    """Make a toy here."""
    columns = {"name": name, **values}
    statement = f"INSERT INTO toy({', '.join(columns)}) VALUES ({_marks(columns)}) RETURNING id"
    return int(sql(statement, list(columns.values()))[0][0])


def add_box(name: str) -> int:
    """Make a box here."""
    return int(sql("INSERT INTO toy_box(name) VALUES (%s) RETURNING id", [name])[0][0])
