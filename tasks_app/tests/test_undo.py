"""Taking entries back, and taking that back again; conflicts say what is in the way and change nothing."""

import pytest
from django.db import DatabaseError

from tasks_app import undo, write_turns
from tasks_app.journal import Actor, acting_as, build_entry, log_entries, log_entry, new_batch_id
from tasks_app.models import JournalEntry, WorkerBeat
from tasks_app.progress import Cancelled
from tasks_app.tests.helpers import known_undo, undo_beat
from tasks_app.undo import can_undo, foresee_conflict, undo_batch, undo_entry, undoable_in_batch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def beats_can_be_undone():
    with known_undo("beat", undo_beat):
        yield


def written(action, pk, before, after, batch_id=""):
    return log_entry(
        "m3u",
        action,
        entity_type="beat",
        entity_id=pk,
        entity_name=f"beat {pk}",
        description=f"{action} of beat {pk}",
        before=before and {"worker": before},
        after=after and {"worker": after},
        undoable=True,
        batch_id=batch_id,
    )


def renamed(pk=1, old="old", new="new", batch_id=""):
    WorkerBeat.objects.create(pk=pk, worker=new)
    return written("rename", pk, old, new, batch_id)


def newest():
    return JournalEntry.objects.order_by("-pk")[0]


def test_an_update_is_taken_back_and_that_is_journalled_by_who_did_it():
    entry = renamed()
    with acting_as(Actor(None, "bob")):
        report = undo_entry(entry)
    assert (report.undone, report.conflicts) == (1, [])
    assert WorkerBeat.objects.get().worker == "old"
    record = newest()
    assert (record.action_type, record.description, record.user_name) == ("rename", "Undid: rename of beat 1", "bob")
    assert (record.before_value, record.after_value) == ({"worker": "new"}, {"worker": "old"})
    entry.refresh_from_db()
    assert entry.undone_by == record
    assert not can_undo(entry)
    assert can_undo(record)


def test_undoing_the_undoing_is_redoing_and_so_on():
    undo_entry(renamed())
    undo_entry(newest())
    assert WorkerBeat.objects.get().worker == "new"
    assert newest().description == "Redid: rename of beat 1"
    undo_entry(newest())
    assert WorkerBeat.objects.get().worker == "old"
    assert newest().description == "Undid: rename of beat 1"


def test_a_creation_is_taken_back_by_deleting_and_redone_by_creating():
    WorkerBeat.objects.create(pk=5, worker="made")
    undo_entry(written("group_create", 5, None, "made"))
    assert not WorkerBeat.objects.exists()
    assert (newest().action_type, newest().after_value) == ("group_delete", None)
    undo_entry(newest())
    assert WorkerBeat.objects.get(pk=5).worker == "made"
    assert newest().action_type == "group_create"


def test_a_conflict_says_what_is_in_the_way_and_writes_nothing():
    entry = renamed()
    WorkerBeat.objects.update(worker="somebody else's")
    report = undo_entry(entry)
    assert report.undone == 0
    assert report.conflicts == ["“beat 1”: it is called somebody else's now."]
    assert WorkerBeat.objects.get().worker == "somebody else's"
    assert JournalEntry.objects.count() == 1
    entry.refresh_from_db()
    assert entry.undone_by is None


def test_an_entry_is_undone_once():
    entry = renamed()
    undo_entry(entry)
    report = undo_entry(entry)  # a second click on a page that is out of date
    assert (report.undone, report.conflicts) == (0, ["“beat 1”: this was undone already."])
    assert WorkerBeat.objects.get().worker == "old"


def test_entries_nobody_can_undo_are_refused():
    unknown = log_entry("m3u", "refresh", entity_type="odd", entity_name="x", description="x", undoable=True)
    record = log_entry("m3u", "refresh", entity_type="beat", entity_name="x", description="x")
    for entry in (unknown, record):
        assert not can_undo(entry)
        assert undo_entry(entry).conflict_count == 1


def test_foreseeing_a_conflict_changes_nothing():
    entry = renamed()
    assert foresee_conflict(entry) == ""
    assert WorkerBeat.objects.get().worker == "new"
    assert JournalEntry.objects.count() == 1
    WorkerBeat.objects.all().delete()
    assert foresee_conflict(entry) == "it was deleted since."


def test_what_a_handler_journals_itself_becomes_the_record():
    def handler(entry):
        for number in (1, 2):
            log_entry("channel", "update", entity_name=f"part {number}", description=f"Changed part {number}.")

    entry = log_entry("channel", "bulk", entity_type="parts", entity_name="x", description="x", undoable=True)
    with known_undo("parts", handler):
        undo_entry(entry)
    first, second = JournalEntry.objects.exclude(pk=entry.pk).order_by("pk")
    assert (first.description, second.description) == ("Undid: Changed part 1.", "Undid: Changed part 2.")
    assert first.batch_id == second.batch_id != ""
    entry.refresh_from_db()
    assert entry.undone_by == first


def test_a_batch_is_undone_newest_first_and_as_far_as_possible():
    batch = new_batch_id()
    WorkerBeat.objects.create(pk=1, worker="c")
    written("rename", 1, "a", "b", batch)  # the same row twice: only the right order can take both back
    written("rename", 1, "b", "c", batch)
    renamed(2, "x", "y", batch)
    renamed(3, "x3", "y3", batch)
    WorkerBeat.objects.filter(pk=2).update(worker="z")
    log_entry("m3u", "bulk_update", entity_name="all", description="Renamed 4.", batch_id=batch)

    report = undo_batch(batch)
    assert (report.undone, report.conflict_count) == (3, 1)
    assert report.conflicts == ["“beat 2”: it is called z now."]
    assert dict(WorkerBeat.objects.values_list("pk", "worker")) == {1: "a", 2: "z", 3: "x3"}
    summary = newest()
    assert (summary.action_type, summary.batch_id) == ("undo", report.batch_id)
    assert "3 changes taken back, 1 could not be" in summary.description
    assert len(undoable_in_batch(batch)) == 1  # the one that is still as it was made

    redo = undo_batch(report.batch_id)
    assert (redo.undone, redo.conflict_count) == (3, 0)
    assert dict(WorkerBeat.objects.values_list("pk", "worker")) == {1: "c", 2: "z", 3: "y3"}


def test_a_large_batch_is_undone_in_many_short_transactions(django_assert_max_num_queries):
    batch = new_batch_id()
    WorkerBeat.objects.bulk_create([WorkerBeat(pk=number, worker=f"new {number}") for number in range(1, 1401)])
    log_entries(
        [
            build_entry(
                "m3u",
                "rename",
                entity_type="beat",
                entity_id=number,
                entity_name=f"beat {number}",
                description="renamed",
                before={"worker": f"old {number}"},
                after={"worker": f"new {number}"},
                batch_id=batch,
                undoable=True,
            )
            for number in range(1, 1401)
        ]
    )
    steps = []

    class Progress:
        def report(self, **values):
            steps.append(values.get("current"))

        def raise_if_cancelled(self):
            return None

    assert undo_batch(batch, progress=Progress()).undone == 1400
    assert WorkerBeat.objects.filter(worker__startswith="old").count() == 1400
    assert len(steps) >= 5
    assert steps[-1] == 1400


def test_an_empty_or_unknown_batch_is_nothing():
    assert undo_batch("").undone == 0
    assert undo_batch("12345678").undone == 0
    assert not JournalEntry.objects.exists()


def batch_of_renamings(count):
    batch = new_batch_id()
    for number in range(1, count + 1):
        renamed(number, f"old {number}", f"new {number}", batch)
    return batch


def test_each_turn_ends_when_its_time_is_over_and_the_next_goes_on_from_there(monkeypatch):
    batch = batch_of_renamings(5)
    monkeypatch.setattr(write_turns, "TURN", 0)
    monkeypatch.setattr(write_turns, "GAP_EVERY", 1000)
    steps = []

    class Progress:
        def report(self, **values):
            steps.append(values.get("current"))

        def raise_if_cancelled(self):
            return None

    assert undo_batch(batch, progress=Progress()).undone == 5
    assert steps == [0, 1, 2, 3, 4, 5]


def test_undoing_that_is_cancelled_says_how_far_it_came_and_can_go_on(monkeypatch):
    batch = batch_of_renamings(4)
    monkeypatch.setattr(write_turns, "TURN", 0)
    turns = iter([False, False, True])

    class Progress:
        def report(self, **values):
            return None

        def raise_if_cancelled(self):
            if next(turns):
                raise Cancelled

    with pytest.raises(Cancelled):
        undo_batch(batch, progress=Progress())
    assert "2 changes taken back, stopped before the other 2" in newest().description
    assert set(WorkerBeat.objects.values_list("worker", flat=True)) == {"new 1", "new 2", "old 3", "old 4"}
    assert undo_batch(batch).undone == 2


def test_a_record_that_cannot_be_written_takes_the_undoing_back(monkeypatch):
    entry = renamed()

    def broken(entries):
        raise DatabaseError("disk full")

    monkeypatch.setattr(undo, "write_entries", broken)
    with pytest.raises(DatabaseError):
        undo_entry(entry)
    assert WorkerBeat.objects.get().worker == "new"
