"""Pulling: what is adopted, journalled, held back and passed over; what it costs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Unreachable
from tasks_app.mirror import bulk_mirrors, kinds
from tasks_app.mirror.bulk_mirrors import BulkMirror, PullCounts
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.kinds import LinkBook, Values
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.pull import PullFailed, pull, steps
from tasks_app.mirror.state import quietly
from tasks_app.mirror.trouble import Trouble
from tasks_app.models import JournalEntry, MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tasks_app.tests.mirror_toys import ToyKind, ToyServer, add_box, add_toy, sql, toy
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db


def fill(server: ToyServer, number: int) -> None:
    boxes = [server.add("box", {"name": f"Box {server.ids}"}) for _ in range(5)]
    for count in range(number):
        server.add("toy", toy(f"Toy {count}", box=boxes[count % 5], tags=["a"]))


def test_rows_of_the_same_natural_key_are_the_same_row(toy_server: ToyServer) -> None:
    box = add_box("Red")
    toy_server.add("box", {"name": "Red"})
    pull(toy_server.as_client())
    assert sql("SELECT id, name FROM toy_box") == [(box, "Red")]
    assert not OutboxEntry.objects.exists(), "what was queued for creation is there already"


def test_a_row_that_was_here_before_takes_the_servers_values(toy_server: ToyServer) -> None:
    """Nothing says that it was changed here since, so the server is right."""
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    with quietly():
        sql("UPDATE toy SET name = 'Quietly changed'")
    toy_server.toys[remote]["note"] = "new"
    pull(toy_server.as_client())
    assert sql("SELECT name, note FROM toy") == [("Ball", "new")]


def test_a_row_that_went_quietly_comes_back(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    with quietly():
        sql("DELETE FROM toy")
    pull(toy_server.as_client())
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert MirrorLink.objects.filter(kind="toy").count() == 1


def test_rows_that_the_server_makes_itself_cannot_be_deleted_from_here(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyKind, "deletable", False)
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("DELETE FROM toy")
    pull(toy_server.as_client())
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert len(toy_server.toys) == 1
    assert not OutboxEntry.objects.exists()


def test_books_are_kept_without_being_compared(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    toy_server.toys[remote]["plays"] = 7
    report = pull(toy_server.as_client())
    assert sql("SELECT plays FROM toy") == [(7,)]
    assert report.changed == 0


def test_the_first_pull_is_one_line_in_the_journal_later_ones_tell_each_row(toy_server: ToyServer) -> None:
    fill(toy_server, 3)
    pull(toy_server.as_client())
    assert JournalEntry.objects.get(category="toy").description == "The server added 3 toys."
    assert JournalEntry.objects.count() == 2
    JournalEntry.objects.all().delete()
    first, second = sorted(toy_server.toys)[:2]
    toy_server.toys[first]["name"] = "Renamed"
    toy_server.toys[first]["pin"] = "1234"
    del toy_server.toys[second]
    pull(toy_server.as_client())
    changed, gone = JournalEntry.objects.order_by("pk")
    assert (changed.entity_name, changed.before_value["name"], changed.after_value["name"]) == ("Toy 0", "Toy 0", "Renamed")
    assert "1234" not in str(changed.after_value)
    assert (gone.entity_name, gone.after_value) == ("Toy 1", None)
    assert changed.batch_id == gone.batch_id != ""


def test_many_changes_are_one_line_a_kind(toy_server: ToyServer) -> None:
    pull(toy_server.as_client())
    fill(toy_server, 600)
    pull(toy_server.as_client())
    [entry] = JournalEntry.objects.filter(category="toy")
    assert "600 toys" in entry.description


def test_what_a_pull_changed_can_be_undone_and_goes_to_the_server_then(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    toy_server.toys[remote]["name"] = "Theirs"
    pull(toy_server.as_client())
    report = undo_entry(JournalEntry.objects.get(action_type="sync", entity_type="mirror_row"))
    assert report.undone == 1
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert OutboxEntry.objects.get().state == OutboxState.WAITING


def test_what_was_changed_since_is_not_undone(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    toy_server.toys[remote]["name"] = "Theirs"
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Newer'")
    report = undo_entry(JournalEntry.objects.get(action_type="sync", entity_type="mirror_row"))
    assert (report.undone, report.conflicts) == (0, ["“Ball”: The name was changed again since."])


def test_a_removal_is_undone_where_the_kind_can_make_rows(toy_server: ToyServer) -> None:
    box = toy_server.add("box", {"name": "Red"})
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    toy_server.boxes.pop(box)
    toy_server.toys.clear()
    pull(toy_server.as_client())
    assert undo_entry(JournalEntry.objects.get(category="box", action_type="sync", entity_type="mirror_row")).undone == 1
    assert sql("SELECT name FROM toy_box") == [("Red",)]
    assert undo_entry(JournalEntry.objects.get(category="toy", action_type="sync", entity_type="mirror_row")).undone == 0


def test_less_than_half_or_few_rows_vanish_without_a_question(toy_server: ToyServer) -> None:
    fill(toy_server, 40)
    pull(toy_server.as_client())
    for pk in sorted(toy_server.toys)[:20]:
        del toy_server.toys[pk]
    toy_server.boxes = {
        pk: row for pk, row in toy_server.boxes.items() if any(t["box"] == pk for t in toy_server.toys.values())
    }
    assert pull(toy_server.as_client()).held_back == []
    assert len(sql("SELECT id FROM toy")) == 20


@pytest.mark.parametrize(("asks_from", "before", "left", "is_asked"), [
    (0, 19, 0, False), (0, 20, 9, True), (0, 20, 10, False), (1, 1, 0, True), (1, 2, 1, False), (1, 3, 1, True),
    (2, 1, 0, False), (2, 2, 0, True),
])  # fmt: skip
def test_kinds_whose_rows_carry_much_ask_of_fewer(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch, asks_from: int, before: int, left: int, is_asked: bool
) -> None:
    monkeypatch.setattr(ToyKind, "asks_from", asks_from)
    for number in range(before):
        toy_server.add("toy", toy(f"Toy {number}"))
    pull(toy_server.as_client())
    for pk in sorted(toy_server.toys)[left:]:
        del toy_server.toys[pk]
    assert pull(toy_server.as_client()).held_back == (["toys"] if is_asked else [])
    assert len(sql("SELECT id FROM toy")) == (before if is_asked else left)


def test_what_the_queue_asks_about_is_not_asked_twice_but_counts_as_lost(toy_server: ToyServer) -> None:
    fill(toy_server, 30)
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = 'mine' WHERE id <= (SELECT MIN(id) + 9 FROM toy)")
    for pk in sorted(toy_server.toys)[:16]:
        del toy_server.toys[pk]
    assert pull(toy_server.as_client()).held_back == ["toys"]
    assert OutboxEntry.objects.filter(state=OutboxState.CONFLICT).count() == 0, "all of them are in one question"
    deliver(toy_server.as_client())
    assert OutboxEntry.objects.filter(state=OutboxState.CONFLICT).count() == 10
    pull(toy_server.as_client())
    assert MirrorPull.objects.get(kind="toy").held_back["count"] == 6
    assert len(sql("SELECT id FROM toy")) == 30


def test_a_question_about_vanished_rows_goes_when_they_are_back(toy_server: ToyServer) -> None:
    fill(toy_server, 40)
    pull(toy_server.as_client())
    kept, toy_server.toys = toy_server.toys, {}
    assert pull(toy_server.as_client()).held_back == ["toys"]
    assert pull(toy_server.as_client()).held_back == ["toys"], "asked until somebody answers"
    toy_server.toys = kept
    assert pull(toy_server.as_client()).held_back == []
    assert len(sql("SELECT id FROM toy")) == 40


def test_a_list_that_loses_rows_deletes_none(toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paging of a real server does that; rows that were not in the list are asked for by id."""
    fill(toy_server, 10)
    pull(toy_server.as_client())
    read = ToyKind.read

    def losing(
        self: ToyKind, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        for row in read(self, client, links, ids):
            if ids is not None or row[0] % 3:
                yield row

    monkeypatch.setattr(ToyKind, "read", losing)
    pull(toy_server.as_client())
    assert len(sql("SELECT id FROM toy")) == 10


def test_a_row_that_the_database_refuses_costs_only_itself(toy_server: ToyServer) -> None:
    with quietly():
        add_toy("In the way")
    sql("CREATE UNIQUE INDEX toy_names ON toy(name)")
    for number in range(30):
        toy_server.add("toy", toy(f"Toy {number}"))
    toy_server.add("toy", toy("In the way"))
    report = pull(toy_server.as_client())
    assert (report.counts["toy"].created, report.counts["toy"].skipped) == (30, 1)
    assert "could not be stored" in MirrorPull.objects.get(kind="toy").problem
    sql("DELETE FROM toy WHERE name = 'In the way'")
    assert pull(toy_server.as_client()).counts["toy"].created == 1


def test_a_name_that_wanders_from_a_deleted_row_to_another_is_taken_over(toy_server: ToyServer) -> None:
    old, new = toy_server.add("box", {"name": "Red"}), toy_server.add("box", {"name": "Blue"})
    pull(toy_server.as_client())
    del toy_server.boxes[old]
    toy_server.boxes[new]["name"] = "Red"
    report = pull(toy_server.as_client())
    assert sql("SELECT name FROM toy_box") == [("Red",)]
    assert report.counts["box"].skipped == 0


def test_an_outage_is_noted_and_leaves_what_was_pulled(toy_server: ToyServer) -> None:
    toy_server.down = Unreachable("It is down.")
    with pytest.raises(Trouble, match="down"):
        pull(toy_server.as_client())
    assert MirrorPull.objects.get(kind="box").problem == "It is down."
    assert MirrorState.objects.get().trouble == "It is down."


def test_a_kind_that_fails_keeps_those_that_refer_to_it_from_being_pulled(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    toy_server.down = NotFound("There is no such list.", status=404)
    with pytest.raises(PullFailed, match="no such list"):
        pull(toy_server.as_client())
    assert MirrorState.objects.get().trouble == "", "the server itself is well"
    assert not MirrorPull.objects.filter(kind="toy").exists()


def test_unknown_kinds_are_refused_before_anything_is_asked(toy_server: ToyServer) -> None:
    with pytest.raises(LookupError, match="gnome"):
        pull(toy_server.as_client(), ["toy", "gnome"])
    assert toy_server.requests == []


def test_bulk_mirrors_take_their_turn_and_translate_ids(toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def locals_of(ids: Collection[int]) -> dict[int, int]:
        asked.append(len(ids))
        return {pk: pk * 10 for pk in ids}

    def bring(client: object, links: object, progress: object) -> PullCounts:
        return PullCounts(seen=3, created=2, notes=["Two were odd."])

    monkeypatch.setattr(bulk_mirrors, "_mirrors", {"bead": BulkMirror("bead", "beads", 1, bring, locals_of=locals_of)})
    monkeypatch.setattr(kinds, "_kinds", {**kinds._kinds})
    assert [step.name for step in steps()] == ["box", "bead", "toy"]
    report = pull(toy_server.as_client(), ["bead"])
    assert report.counts["bead"].created == 2
    assert MirrorPull.objects.get(kind="bead").problem == "Two were odd."
    links = StoredLinks()
    assert links.local("bead", 4) == 40
    assert len(links.locals_of("bead", range(12_000))) == 12_000
    assert asked == [1, 5000, 5000, 2000]
    with pytest.raises(LookupError):
        links.remote("bead", 40)


def test_a_pull_costs_a_constant_number_of_queries_a_chunk(toy_server: ToyServer) -> None:
    def cost(rows: int) -> int:
        fill(toy_server, rows)
        pull(toy_server.as_client())
        for row in toy_server.toys.values():
            row["plays"] = rows
        with CaptureQueriesContext(
            connection,
        ) as queries:
            pull(toy_server.as_client())
        # The toys' own statements are one a row; what counts are those of the engine.
        return sum("tasks_app_" in query["sql"] for query in queries.captured_queries)

    few = cost(10)
    assert cost(300) == few


def test_links_are_read_once_a_kind(toy_server: ToyServer, django_assert_num_queries: Callable[..., object]) -> None:
    fill(toy_server, 20)
    pull(toy_server.as_client())
    links = StoredLinks()
    found: Mapping[int, int] = {}
    with django_assert_num_queries(1):
        for remote_id in toy_server.toys:
            local_id = links.local("toy", remote_id)
            assert local_id is not None
            assert links.remote("toy", local_id) == remote_id
        found = links.locals_of("toy", toy_server.toys)
        assert links.local("toy", 999_999) is None
    assert set(found) == set(toy_server.toys)


@pytest.mark.parametrize("remote_id", [-1, 0, 2**63, "7", 1.5, None, True])
def test_a_row_whose_id_is_none_is_left_out_and_nothing_counts_as_vanished(toy_server: ToyServer, remote_id: Any) -> None:
    red = toy_server.add("box", {"name": "Red"})
    pull(toy_server.as_client())
    toy_server.boxes[remote_id] = toy_server.boxes.pop(red)
    toy_server.add("box", {"name": "Blue"})
    report = pull(toy_server.as_client())
    assert (report.counts["box"].left_out, report.counts["box"].created, report.counts["box"].deleted) == (1, 1, 0)
    assert "1 of which not even the number is known" in MirrorPull.objects.get(kind="box").problem
    assert sql("SELECT name FROM toy_box ORDER BY name") == [("Blue",), ("Red",)]
    del toy_server.boxes[remote_id]
    assert pull(toy_server.as_client()).counts["box"].deleted == 1
    assert MirrorPull.objects.get(kind="box").left_out == {}


def test_a_row_of_a_shape_that_nobody_promised_costs_only_itself(toy_server: ToyServer) -> None:
    """It is no row that vanished, and nothing of it is delivered over."""
    ids = [toy_server.add("box", {"name": name}) for name in ("Red", "Green", "Blue")]
    pull(toy_server.as_client())
    toy_server.boxes[ids[0]] = {"name": None}
    toy_server.boxes[ids[1]] = {}
    toy_server.boxes[ids[2]] = {"name": "Navy"}
    sql("UPDATE toy_box SET name = 'Pink' WHERE name = 'Red'")
    sql("DELETE FROM toy_box WHERE name = 'Green'")
    report = pull(toy_server.as_client())
    counts = report.counts["box"]
    assert (counts.left_out, counts.updated, counts.deleted, counts.created) == (2, 1, 0, 0)
    row = MirrorPull.objects.get(kind="box")
    assert row.left_out == {str(ids[0]): "its name is missing", str(ids[1]): "its name is missing"}
    assert f"2 boxs of the server cannot be understood and were left out: no. {ids[0]} (its name is missing)" in row.problem
    assert row.problem in report.notes
    assert sql("SELECT name FROM toy_box ORDER BY name") == [("Navy",), ("Pink",)]
    deliver(toy_server.as_client())
    assert toy_server.boxes[ids[0]] == {"name": None}
    assert ids[1] in toy_server.boxes
    assert {entry.reason for entry in OutboxEntry.objects.all()} == {
        "What the server has of it cannot be understood (its name is missing)."
    }
    toy_server.boxes[ids[0]], toy_server.boxes[ids[1]] = {"name": "Red"}, {"name": "Green"}
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(toy_server.as_client())
    assert sorted(row["name"] for row in toy_server.boxes.values()) == ["Navy", "Pink"]
    assert not OutboxEntry.objects.exists()


def test_a_row_that_cannot_be_stored_here_costs_only_itself(toy_server: ToyServer) -> None:
    ids = [toy_server.add("toy", toy(f"Toy {number}")) for number in range(9)]
    pull(toy_server.as_client())
    toy_server.toys[ids[4]]["note"] = ["not", "a", "text"]
    for pk in ids:
        toy_server.toys[pk]["name"] += "!"
    counts = pull(toy_server.as_client()).counts["toy"]
    assert (counts.seen, counts.updated, counts.left_out, counts.deleted) == (9, 8, 1, 0)
    assert sql("SELECT name FROM toy WHERE name NOT LIKE '%%!'") == [("Toy 4",)]


def test_when_most_rows_are_not_understood_the_kind_is_held_as_a_whole(toy_server: ToyServer) -> None:
    for number in range(8):
        toy_server.add("box", {"name": f"Box {number}"})
    pull(toy_server.as_client())
    for pk in sorted(toy_server.boxes)[:5]:
        toy_server.boxes[pk] = {}
    toy_server.boxes.pop(max(toy_server.boxes))
    with pytest.raises(PullFailed, match="not understood"):
        pull(toy_server.as_client())
    assert len(sql("SELECT id FROM toy_box")) == 8
    assert len(MirrorPull.objects.get(kind="box").left_out) == 5


@pytest.mark.parametrize(
    "error",
    [
        KeyError("name"),
        TypeError("int"),
        OverflowError("large"),
        AttributeError("lower"),
        ValidationError("no flag"),
        ProgrammingError("a list"),
    ],
)
def test_rows_of_a_shape_that_nobody_promised_are_told_in_words(toy_server: ToyServer, error: Exception) -> None:
    def odd() -> None:
        raise error

    toy_server.meanwhile.append(odd)
    with pytest.raises(PullFailed, match="could not be read: its answer is not understood"):
        pull(toy_server.as_client())
