"""What an operator can answer to changes that did not go through, and what the queue says about them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.mirror.answers import answer_conflict, answer_held_back, drop, retry, take_theirs
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror.queue import QueueFilter, queue_page, queue_row, queue_summary
from tasks_app.models import JournalEntry, MirrorPull, MirrorState, OutboxEntry, OutboxState, RunRequest
from tasks_app.tests.mirror_toys import ToyServer, add_box, add_toy, sql, toy
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


def in_conflict(server: ToyServer) -> OutboxEntry:
    remote = server.add("toy", toy("Ball", pin="1"))
    pull(server.as_client())
    sql("UPDATE toy SET name = 'Mine', note = 'my note'")
    server.toys[remote] |= {"name": "Theirs", "note": "their note"}
    pull(server.as_client())
    return OutboxEntry.objects.get(state=OutboxState.CONFLICT)


def test_each_field_of_a_conflict_is_answered_by_itself(toy_server: ToyServer) -> None:
    entry = in_conflict(toy_server)
    assert answer_conflict(entry.pk, {"name": "mine"}).done == 1
    entry.refresh_from_db()
    assert (entry.state, set(entry.conflict)) == ("conflict", {"note"})
    assert answer_conflict(entry.pk, {"note": "theirs"}).asked == 1
    deliver(toy_server.as_client())
    assert sql("SELECT name, note FROM toy") == [("Mine", "their note")]
    assert [(row["name"], row["note"]) for row in toy_server.toys.values()] == [("Mine", "their note")]
    assert not OutboxEntry.objects.exists()


def test_an_answer_can_be_undone_and_is_delivered_then(toy_server: ToyServer) -> None:
    entry = in_conflict(toy_server)
    answered = answer_conflict(entry.pk, {"name": "theirs", "note": "theirs"})
    deliver(toy_server.as_client())
    assert sql("SELECT name FROM toy") == [("Theirs",)]
    assert undo_batch(answered.batch_id).undone == 1
    deliver(toy_server.as_client())
    assert [(row["name"], row["note"]) for row in toy_server.toys.values()] == [("Mine", "my note")]


def test_words_that_are_no_answer_are_refused(toy_server: ToyServer) -> None:
    entry = in_conflict(toy_server)
    for answers in ({}, {"name": "both"}, {"tags": "mine"}):
        with pytest.raises(ValueError, match="in conflict"):
            answer_conflict(entry.pk, answers)


@pytest.mark.parametrize(("answer", "left"), [("mine", []), ("theirs", ["Better"])])
def test_a_deletion_here_of_what_was_changed_there(toy_server: ToyServer, answer: str, left: list[str]) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("DELETE FROM toy")
    toy_server.toys[remote]["name"] = "Better"
    deliver(toy_server.as_client())
    answer_conflict(OutboxEntry.objects.get().pk, {"deleted": answer})
    deliver(toy_server.as_client())
    assert [row["name"] for row in toy_server.toys.values()] == left
    assert [name for (name,) in sql("SELECT name FROM toy")] == left
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize(("answer", "left"), [("mine", ["Mine"]), ("theirs", [])])
def test_a_change_here_of_what_was_deleted_there(toy_server: ToyServer, answer: str, left: list[str]) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    deliver(toy_server.as_client())
    answer_conflict(OutboxEntry.objects.get().pk, {"deleted": answer})
    deliver(toy_server.as_client())
    assert [row["name"] for row in toy_server.toys.values()] == left
    assert [name for (name,) in sql("SELECT name FROM toy")] == left
    assert not OutboxEntry.objects.exists()


def test_dropping_gives_back_what_was_agreed_on(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball", note="soft"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Mine'")
    add_toy("Never delivered")
    answered = drop(list(OutboxEntry.objects.values_list("pk", flat=True)))
    assert (answered.done, answered.asked) == (2, 0)
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert not OutboxEntry.objects.exists()
    assert JournalEntry.objects.filter(batch_id=answered.batch_id, action_type="answer").count() == 2


def test_dropping_a_deletion_brings_the_servers_row_back(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball", pin="1234", plays=4))
    pull(toy_server.as_client())
    sql("DELETE FROM toy")
    assert drop([OutboxEntry.objects.get().pk]).asked == 1
    assert queue_row(OutboxEntry.objects.get().pk).asked
    deliver(toy_server.as_client())
    assert sql("SELECT name, pin, plays FROM toy") == [("Ball", "1234", 4)]
    assert not OutboxEntry.objects.exists()
    assert len(toy_server.toys) == 1


def test_dropping_a_secret_asks_the_server_what_it_was(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball", pin="1234"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET pin = '9', name = 'Mine'")
    assert drop([OutboxEntry.objects.get().pk]).asked == 1
    deliver(toy_server.as_client())
    assert sql("SELECT name, pin FROM toy") == [("Ball", "1234")]
    assert [row["pin"] for row in toy_server.toys.values()] == ["1234"]


def test_theirs_is_taken_for_a_parked_change(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Bad'")
    toy_server.refuses = {"Bad"}
    deliver(toy_server.as_client())
    take_theirs([OutboxEntry.objects.get(state=OutboxState.PARKED).pk])
    deliver(toy_server.as_client())
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert not OutboxEntry.objects.exists()


def test_a_parked_change_is_tried_again_and_the_end_of_an_outage_is_not_waited_for(toy_server: ToyServer) -> None:
    add_toy("Bad")
    toy_server.refuses = {"Bad"}
    deliver(toy_server.as_client())
    MirrorState.objects.update(retry_at=timezone.now() + timedelta(hours=1))
    toy_server.refuses = set()
    RunRequest.objects.all().delete()
    assert retry([OutboxEntry.objects.get().pk]).asked == 1
    assert RunRequest.objects.filter(task_id="deliver_outbox").exists()
    assert MirrorState.objects.get().retry_at is None
    deliver(toy_server.as_client())
    assert len(toy_server.toys) == 1


@pytest.mark.parametrize("accept", [True, False])
def test_rows_that_were_held_back_are_deleted_or_made_again(toy_server: ToyServer, accept: bool) -> None:
    for number in range(30):
        toy_server.add("toy", toy(f"Toy {number}"))
    pull(toy_server.as_client())
    toy_server.toys.clear()
    pull(toy_server.as_client())
    assert len(sql("SELECT id FROM toy")) == 30
    answer_held_back("toy", accept)
    assert not MirrorPull.objects.exclude(held_back={}).exists()
    deliver(toy_server.as_client())
    pull(toy_server.as_client())
    left = 0 if accept else 30
    assert (len(sql("SELECT id FROM toy")), len(toy_server.toys)) == (left, left)
    assert not OutboxEntry.objects.exists()
    with pytest.raises(MirrorPull.DoesNotExist):
        answer_held_back("toy", accept)


def test_the_queue_says_what_waits_in_words(toy_server: ToyServer) -> None:
    toy_server.add("box", {"name": "Red"})
    toy_server.add("toy", toy("Ball", pin="1"))
    pull(toy_server.as_client())
    box = sql("SELECT id FROM toy_box")[0][0]
    sql("UPDATE toy SET pin = '1234', box_id = %s", [box])
    add_toy("New", note="fresh")
    page = queue_page(QueueFilter(), 1)
    assert page.total == 2
    changed, made = page.rows
    assert (changed.action, changed.name, changed.kind_label) == ("update", "Ball", "toy")
    assert {row.label: (row.before, row.here) for row in changed.differences} == {"box": ("–", "Red"), "PIN": ("***", "***")}
    assert made.action == "create"
    assert {row.label: row.here for row in made.differences} == {"name": "New", "note": "fresh"}
    assert queue_summary().waiting == 2
    assert [row.name for row in queue_page(QueueFilter(text="ew")).rows] == ["New"]


def test_the_queue_costs_the_same_for_one_and_for_many(
    toy_server: ToyServer, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(40):
        add_toy(f"Toy {number}", box_id=add_box(f"Box {number}"))
    with django_assert_max_num_queries(9):
        assert len(queue_page(QueueFilter(), 1, size=80).rows) == 80


def test_a_deletion_that_is_taken_back_brings_back_what_hung_on_the_row(toy_server: ToyServer) -> None:
    """Under its old id, so that undo and settings find it; what others had delivered meanwhile is not touched."""
    box = toy_server.add("box", {"name": "Red"})
    for name in ("Ball", "Car", "Doll"):
        toy_server.add("toy", toy(name, box=box))
    pull(toy_server.as_client())
    [(old,)] = sql("SELECT id FROM toy_box")
    sql("UPDATE toy SET box_id = NULL")
    sql("DELETE FROM toy_box")
    sql("UPDATE toy SET note = 'mine' WHERE name = 'Car'")
    answered = drop(list(OutboxEntry.objects.filter(kind="box").values_list("pk", flat=True)))
    assert answered.asked == 1
    report = deliver(toy_server.as_client())
    assert (report.deleted, report.trouble) == (0, "")
    assert sql("SELECT id, name FROM toy_box") == [(old, "Red")]
    assert sql("SELECT name, box_id, note FROM toy ORDER BY name") == [
        ("Ball", old, ""),
        ("Car", old, "mine"),
        ("Doll", old, ""),
    ]
    assert {row["box"] for row in toy_server.toys.values()} == {box}
    assert not OutboxEntry.objects.exists()
    assert not pull(toy_server.as_client()).changed
    assert JournalEntry.objects.filter(description__startswith="The server changed the toy").count() == 3
