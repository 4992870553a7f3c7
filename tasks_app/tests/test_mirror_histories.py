"""Any history of edits here, edits there, outages, lost answers and kills ends, once all is well and what was asked is
answered, with both sides equal, nothing waiting, and nothing made twice."""

import contextlib
import os
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import OperationalError, transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from ecm_site.dispatcharr.errors import Unreachable
from tasks_app.mirror import record
from tasks_app.mirror.answers import answer_conflict, answer_held_back, drop, retry, take_theirs
from tasks_app.mirror.compare import comparable
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.pull import pull
from tasks_app.mirror.record import Recorder
from tasks_app.mirror.trouble import Trouble
from tasks_app.models import CreationAttempt, MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tasks_app.tests.mirror_toys import Killed, ToyServer, add_box, add_toy, sql, toy

pytestmark = pytest.mark.django_db

NAMES = st.sampled_from(["A", "B", "C", "Bad"])
NOTES = st.sampled_from(["", "x", " y ", "z"])
WHICH = st.integers(0, 5)

edits = st.one_of(
    st.tuples(st.just("add box here"), NAMES),
    st.tuples(st.just("rename box here"), WHICH, NAMES),
    st.tuples(st.just("exchange boxes here"), WHICH, st.integers(2, 4)),
    st.tuples(st.just("exchange boxes there"), WHICH, st.integers(2, 3)),
    st.tuples(st.just("delete box here"), WHICH),
    st.tuples(st.just("add toy here"), NAMES, NOTES, WHICH),
    st.tuples(st.just("rename toy here"), WHICH, NAMES),
    st.tuples(st.just("note toy here"), WHICH, NOTES),
    st.tuples(st.just("move toy here"), WHICH, WHICH),
    st.tuples(st.just("tag toy here"), WHICH, st.lists(st.sampled_from("pqr"), max_size=3)),
    st.tuples(st.just("pin toy here"), WHICH, st.sampled_from(["", "1", "2"])),
    st.tuples(st.just("delete toy here"), WHICH),
    st.tuples(st.just("bring toy back here"), WHICH),
    st.tuples(st.just("add box there"), NAMES),
    st.tuples(st.just("rename box there"), WHICH, NAMES),
    st.tuples(st.just("delete box there"), WHICH),
    st.tuples(st.just("add toy there"), NAMES, WHICH),
    st.tuples(st.just("rename toy there"), WHICH, NAMES),
    st.tuples(st.just("move toy there"), WHICH, WHICH),
    st.tuples(st.just("pin toy there"), WHICH, st.sampled_from(["", "1", "3"])),
    st.tuples(st.just("delete toy there"), WHICH),
)
steps = st.one_of(
    edits,
    st.tuples(st.just("meanwhile"), st.lists(edits, min_size=1, max_size=6), st.booleans()),
    st.tuples(st.just("deliver"), st.lists(st.sampled_from(["ok", "ok", "before", "after", "kill"]), max_size=4)),
    st.tuples(st.just("pull"), st.sampled_from(["", "box", "toy"])),
    st.tuples(st.just("disk is full"), st.integers(0, 3)),
    st.tuples(st.just("outage")),
    st.tuples(st.just("answer"), WHICH, st.sampled_from(["mine", "theirs"])),
    st.tuples(st.just("give up"), WHICH, st.booleans()),
    st.tuples(st.just("rules change"), st.booleans()),
)


class House:
    """Carries a history out; what makes no sense at a moment is passed over."""

    def __init__(self, server: ToyServer) -> None:
        self.server = server
        self.removed: list[tuple] = []

    def do(self, step: tuple) -> None:
        name, *values = step
        getattr(self, "_" + name.replace(" ", "_"))(*values)
        assert not sql("SELECT 1 FROM toy_box WHERE name LIKE '%%ECM is renaming%%'")

    def _one(self, table: str, which: int) -> int | None:
        ids = [pk for (pk,) in sql(f"SELECT id FROM {table} ORDER BY id")]
        return ids[which % len(ids)] if ids else None

    def _there(self, name: str, which: int) -> int | None:
        ids = sorted(self.server.table(name))
        return ids[which % len(ids)] if ids else None

    def _name_is_free(self, name: str) -> bool:
        return not sql("SELECT 1 FROM toy_box WHERE name = %s", [name])

    def _free_there(self, name: str) -> bool:
        return all(row["name"] != name for row in self.server.boxes.values())

    def _add_box_here(self, name: str) -> None:
        if self._name_is_free(name):
            add_box(name)

    def _rename_box_here(self, which: int, name: str) -> None:
        if self._name_is_free(name):
            sql("UPDATE toy_box SET name = %s WHERE id = %s", [name, self._one("toy_box", which)])

    def _exchange_boxes_here(self, first: int, count: int) -> None:
        """Each of some boxes gets the name of the next one, the last that of the first."""
        boxes = sql("SELECT id, name FROM toy_box ORDER BY id")
        ring = (boxes + boxes)[first % len(boxes) :][: min(count, len(boxes))] if boxes else []
        for pk, name in ring:
            sql("UPDATE toy_box SET name = %s WHERE id = %s", [f"~{name}", pk])
        for (pk, _), (_, name) in zip(ring, ring[1:] + ring[:1], strict=True):
            sql("UPDATE toy_box SET name = %s WHERE id = %s", [name, pk])

    def _exchange_boxes_there(self, first: int, count: int) -> None:
        ids = sorted(self.server.boxes)
        ring = (ids + ids)[first % len(ids) :][: min(count, len(ids))] if ids else []
        names = [self.server.boxes[pk]["name"] for pk in ring]
        for pk, name in zip(ring, names[1:] + names[:1], strict=True):
            self.server.boxes[pk]["name"] = name

    def _delete_box_here(self, which: int) -> None:
        pk = self._one("toy_box", which)
        sql("UPDATE toy SET box_id = NULL WHERE box_id = %s", [pk])
        sql("DELETE FROM toy_box WHERE id = %s", [pk])

    def _add_toy_here(self, name: str, note: str, which: int) -> None:
        add_toy(name, note=note, box_id=self._one("toy_box", which) if which < 4 else None)

    def _rename_toy_here(self, which: int, name: str) -> None:
        sql("UPDATE toy SET name = %s WHERE id = %s", [name, self._one("toy", which)])

    def _note_toy_here(self, which: int, note: str) -> None:
        sql("UPDATE toy SET note = %s WHERE id = %s", [note, self._one("toy", which)])

    def _move_toy_here(self, which: int, box: int) -> None:
        pk = self._one("toy_box", box) if box < 4 else None
        sql("UPDATE toy SET box_id = %s WHERE id = %s", [pk, self._one("toy", which)])

    def _pin_toy_here(self, which: int, pin: str) -> None:
        sql("UPDATE toy SET pin = %s WHERE id = %s", [pin, self._one("toy", which)])

    def _tag_toy_here(self, which: int, tags: list[str]) -> None:
        pk = self._one("toy", which)
        if pk is not None:
            sql("DELETE FROM toy_tag WHERE toy_id = %s", [pk])
            for position, tag in enumerate(tags):
                sql("INSERT INTO toy_tag(toy_id, tag, position) VALUES (%s, %s, %s)", [pk, tag, position])

    def _delete_toy_here(self, which: int) -> None:
        pk = self._one("toy", which)
        self.removed += sql("SELECT id, name, note, pin FROM toy WHERE id = %s", [pk])
        sql("DELETE FROM toy_tag WHERE toy_id = %s", [pk])
        sql("DELETE FROM toy WHERE id = %s", [pk])

    def _bring_toy_back_here(self, which: int) -> None:
        """As undo does: under its old id."""
        if self.removed:
            row = self.removed[which % len(self.removed)]
            if not sql("SELECT 1 FROM toy WHERE id = %s", [row[0]]):
                sql("INSERT INTO toy(id, name, note, pin) VALUES (%s, %s, %s, %s)", row)

    def _add_box_there(self, name: str) -> None:
        if self._free_there(name):
            self.server.add("box", {"name": name})

    def _rename_box_there(self, which: int, name: str) -> None:
        pk = self._there("box", which)
        if pk is not None and self._free_there(name):
            self.server.boxes[pk]["name"] = name

    def _delete_box_there(self, which: int) -> None:
        pk = self._there("box", which)
        if pk is not None and all(row["box"] != pk for row in self.server.toys.values()):
            del self.server.boxes[pk]

    def _add_toy_there(self, name: str, which: int) -> None:
        self.server.add("toy", toy(name, box=self._there("box", which) if which < 4 else None))

    def _rename_toy_there(self, which: int, name: str) -> None:
        pk = self._there("toy", which)
        if pk is not None:
            self.server.toys[pk]["name"] = name

    def _move_toy_there(self, which: int, box: int) -> None:
        pk = self._there("toy", which)
        if pk is not None:
            self.server.toys[pk]["box"] = self._there("box", box) if box < 4 else None

    def _pin_toy_there(self, which: int, pin: str) -> None:
        pk = self._there("toy", which)
        if pk is not None:
            self.server.toys[pk]["pin"] = pin

    def _delete_toy_there(self, which: int) -> None:
        self.server.toys.pop(self._there("toy", which) or 0, None)

    def _deliver(self, plan: list[str]) -> None:
        self.server.plan = list(plan)
        with contextlib.suppress(Killed):
            deliver(self.server.as_client())
        self.server.plan = []

    def _meanwhile(self, edits_: list[tuple], delivers: bool) -> None:
        """People go on working on both sides while requests are under way."""

        def carry_out(edit: tuple) -> Callable[[], None]:
            return lambda: self.do(edit)

        self.server.meanwhile = [carry_out(edit) for edit in edits_]
        if delivers:
            self._deliver([])
        else:
            self._pull("")
        self.server.meanwhile = []

    def _pull(self, name: str) -> None:
        with contextlib.suppress(Trouble, Killed):
            pull(self.server.as_client(), [name] if name else [])

    def _lose_answer_and_take_back(self, which: int, note: str) -> None:
        pk = self._one("toy", which)
        for (old,) in sql("SELECT note FROM toy WHERE id = %s", [pk]):
            self.do(("note toy here", which, note))
            self._deliver(["after"])
            self.do(("note toy here", which, old))

    def _lose_answer_to_creation(self, note: str, later: str, renamed: bool) -> None:
        self.do(("add toy here", "New", note, 5))
        self._deliver(["after"])
        newest_here = len(sql("SELECT id FROM toy")) - 1
        self.do(("note toy here", newest_here, later))
        if renamed and self.server.toys:
            self.do(("rename toy there", len(self.server.toys) - 1, "C"))

    def _disk_is_full(self, after: int) -> None:
        """So many outcomes are still written down; the server does more than that."""
        left = [None] * after

        def store(recorder: Recorder, *_: object, **__: object) -> None:
            if not left:
                raise OperationalError("database or disk is full")
            left.pop()
            stored(recorder, *_, **__)

        stored = Recorder._store_now
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(OperationalError):
            patch.setattr(Recorder, "_store_now", store)
            patch.setattr(record, "_TOGETHER", 1)
            deliver(self.server.as_client())

    def _outage(self) -> None:
        self.server.down = Unreachable("It is down.")
        deliver(self.server.as_client())
        self._pull("")
        self.server.down = None

    def _rules_change(self, strict: bool) -> None:
        self.server.refuses = {"Bad"} if strict else set()

    def _answer(self, which: int, answer: str) -> None:
        for pull_row in MirrorPull.objects.exclude(held_back={}):
            answer_held_back(pull_row.kind, answer == "mine")
        entries = list(OutboxEntry.objects.filter(state=OutboxState.CONFLICT).order_by("pk"))
        if entries:
            entry = entries[which % len(entries)]
            fields = ["deleted"] if "deleted" in entry.conflict else list(entry.conflict)[: which % 2 + 1]
            answer_conflict(entry.pk, dict.fromkeys(fields, answer))

    def _give_up(self, which: int, to_server: bool) -> None:
        ids = list(OutboxEntry.objects.order_by("pk").values_list("pk", flat=True))
        if ids:
            (take_theirs if to_server else drop)([ids[which % len(ids)]])

    def settle(self) -> None:
        """The server is well, rules are lax, and everything is answered."""
        self.server.plan, self.server.down, self.server.refuses = [], None, set()
        for round_ in range(12):
            OutboxEntry.objects.update(next_attempt_at=None)
            retry(list(OutboxEntry.objects.filter(state=OutboxState.PARKED).values_list("pk", flat=True)))
            assert deliver(self.server.as_client()).trouble == ""
            pull(self.server.as_client())
            for number, entry in enumerate(OutboxEntry.objects.filter(state=OutboxState.CONFLICT).order_by("pk")):
                fields = ["deleted"] if "deleted" in entry.conflict else list(entry.conflict)
                answer_conflict(entry.pk, dict.fromkeys(fields, "mine" if (round_ + number) % 2 else "theirs"))
            if round_ > 4:  # here a name can be wanted that another box has there, in a question that somebody answered so
                take_theirs(list(OutboxEntry.objects.filter(state=OutboxState.PARKED).values_list("pk", flat=True)))
            if not OutboxEntry.objects.exists():
                deliver(self.server.as_client())
                pull(self.server.as_client())
                if not OutboxEntry.objects.exists():
                    return
        left = list(OutboxEntry.objects.values("kind", "local_id", "state", "reason", "conflict", "wishes"))
        raise AssertionError(f"still waiting: {left}")

    def assert_equal(self) -> None:
        links = StoredLinks()
        for kind in all_kinds():
            there = {pk: values for pk, values, _books in kind.read(self.server.as_client(), links)}
            here = kind.local()
            stored = {link.local_id: link for link in MirrorLink.objects.filter(kind=kind.name)}
            assert {link.remote_id for link in stored.values()} == set(there)
            assert set(stored) == set(here)
            for pk, link in stored.items():
                assert here[pk] == there[link.remote_id], kind.name
                assert link.agreed == comparable(kind, here[pk])
        assert not MirrorLink.objects.exclude(stand_in={}).exists()
        assert not [row for row in self.server.boxes.values() if "ECM is renaming" in row["name"]]
        assert not CreationAttempt.objects.exists()
        assert not MirrorState.objects.get().quiet
        marks = Counter(row["mark"] for row in self.server.toys.values() if row["mark"])
        assert not [mark for mark, times in marks.items() if times > 1], "created twice"


EXAMPLES = int(os.environ.get("MIRROR_HISTORIES", "60"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="MIRROR_HISTORIES" not in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(history=st.lists(steps, min_size=1, max_size=25))
def test_every_history_ends_with_both_sides_equal(toy_server: ToyServer, history: list[tuple]) -> None:
    with transaction.atomic():
        server = ToyServer()
        house = House(server)
        for step in history:
            house.do(step)
        house.settle()
        house.assert_equal()
        transaction.set_rollback(True)


AS_THEY_ARE = st.sampled_from(["", "x", "z"])  # notes that the server does not write differently
ours = st.one_of(
    st.tuples(st.just("note toy here"), WHICH, AS_THEY_ARE),
    st.tuples(st.just("tag toy here"), WHICH, st.lists(st.sampled_from("pqr"), max_size=3)),
)
others = st.one_of(
    st.tuples(st.just("rename toy there"), WHICH, NAMES),
    st.tuples(st.just("pin toy there"), WHICH, st.sampled_from(["", "1", "3"])),
)
peaceful = st.one_of(
    ours,
    others,
    st.tuples(st.just("add toy here"), st.just("New"), AS_THEY_ARE, WHICH),
    st.tuples(st.just("meanwhile"), st.lists(st.one_of(ours, others), min_size=1, max_size=6), st.booleans()),
    st.tuples(st.just("deliver"), st.lists(st.sampled_from(["ok", "ok", "before", "after", "kill"]), max_size=4)),
    st.tuples(st.just("lose answer and take back"), WHICH, AS_THEY_ARE),
    st.tuples(st.just("lose answer to creation"), AS_THEY_ARE, AS_THEY_ARE, st.booleans()),
    st.tuples(st.just("pull"), st.just("")),
    st.tuples(st.just("outage")),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="MIRROR_HISTORIES" not in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(history=st.lists(peaceful, min_size=1, max_size=25))
def test_where_each_side_edits_its_own_fields_every_last_edit_survives_and_nothing_is_asked(
    toy_server: ToyServer, history: list[tuple]
) -> None:
    with transaction.atomic():
        server = ToyServer()
        house = House(server)
        for number in range(3):
            server.add("toy", toy(f"Toy {number}"))
        house._pull("")
        wanted = {"note": {}, "tags": {}, "name": {}, "pin": {}}
        made: set[int] = set()

        def watch(step: tuple) -> None:
            """What the step is about to set, by the row's id on its own side."""
            verb, *values = step
            if verb == "note toy here":
                wanted["note"][house._one("toy", values[0])] = values[1].strip()
            elif verb == "tag toy here":
                wanted["tags"][house._one("toy", values[0])] = values[1]
            elif verb == "rename toy there":
                wanted["name"][house._there("toy", values[0])] = values[1]
            elif verb == "pin toy there":
                wanted["pin"][house._there("toy", values[0])] = values[1]

        do = house.do

        def watched(step: tuple) -> None:
            watch(step)
            do(step)
            assert not OutboxEntry.objects.filter(state=OutboxState.CONFLICT).exists()

        house.do = watched  # type: ignore[method-assign]
        for step in history:
            before = {pk for (pk,) in sql("SELECT id FROM toy")}
            house.do(step)
            if step[0] in ("add toy here", "lose answer to creation"):
                made |= {pk for (pk,) in sql("SELECT id FROM toy")} - before
        house.settle()
        house.assert_equal()
        here = {kind.name: kind.local() for kind in all_kinds()}["toy"]
        there = server.toys
        for field in ("note", "tags"):
            for pk, value in wanted[field].items():
                assert here[pk][field] == value
        for field in ("name", "pin"):
            for pk, value in wanted[field].items():
                assert there[pk][field] == value
        assert len(here) == len(there) == 3 + len(made)
        transaction.set_rollback(True)


here_only = st.one_of(
    ours,
    st.tuples(st.just("add box here"), st.sampled_from("ABC")),
    st.tuples(st.just("rename box here"), WHICH, st.sampled_from("ABCD")),
    st.tuples(st.just("exchange boxes here"), WHICH, st.integers(2, 4)),
    st.tuples(st.just("delete box here"), WHICH),
    st.tuples(st.just("add toy here"), st.sampled_from("AB"), AS_THEY_ARE, WHICH),
    st.tuples(st.just("rename toy here"), WHICH, st.sampled_from("AB")),
    st.tuples(st.just("move toy here"), WHICH, WHICH),
    st.tuples(st.just("pin toy here"), WHICH, st.sampled_from(["", "1", "2"])),
    st.tuples(st.just("delete toy here"), WHICH),
    st.tuples(st.just("bring toy back here"), WHICH),
)
alone = st.one_of(
    here_only,
    st.tuples(st.just("meanwhile"), st.lists(here_only, min_size=1, max_size=6), st.booleans()),
    st.tuples(st.just("deliver"), st.lists(st.sampled_from(["ok", "ok", "before", "after", "kill"]), max_size=4)),
    st.tuples(st.just("lose answer and take back"), WHICH, AS_THEY_ARE),
    st.tuples(st.just("lose answer to creation"), AS_THEY_ARE, AS_THEY_ARE, st.just(False)),
    st.tuples(st.just("pull"), st.sampled_from(["", "toy", "box"])),
    st.tuples(st.just("disk is full"), st.integers(0, 3)),
    st.tuples(st.just("outage")),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="MIRROR_HISTORIES" not in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@example(
    history=[  # the answer to an edit was lost, then the row was deleted: our own values there were taken for somebody else's
        ("lose answer to creation", "z", "", False),
        ("rename toy here", 1, "B"),
        ("deliver", ["kill"]),
        ("delete toy here", 5),
    ]
)
@given(history=st.lists(alone, min_size=1, max_size=25))
def test_where_nobody_else_edits_nothing_here_is_ever_touched(toy_server: ToyServer, history: list[tuple]) -> None:
    with transaction.atomic():
        house = House(ToyServer())
        kinds = all_kinds()
        here = {kind.name: kind.local() for kind in kinds}

        def assert_untouched() -> None:
            assert {kind.name: kind.local() for kind in kinds} == here

        do = house.do

        def watched(step: tuple) -> None:
            nonlocal here
            assert_untouched()
            do(step)
            if step[0].endswith("here"):
                here = {kind.name: kind.local() for kind in kinds}
            assert_untouched()

        house.do = watched  # type: ignore[method-assign]
        for step in history:
            house.do(step)
        house.settle()
        assert_untouched()
        house.assert_equal()
        transaction.set_rollback(True)
