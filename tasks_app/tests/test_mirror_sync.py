"""What was changed here goes there, what changed there comes here, and nothing is lost or asked twice."""

import pytest

from ecm_site.dispatcharr.errors import Unreachable
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state, quietly
from tasks_app.models import JournalEntry, MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState, RunRequest
from tasks_app.tests.mirror_toys import ToyServer, add_box, add_toy, sql, toy

pytestmark = pytest.mark.django_db


def waiting() -> dict[tuple[str, int], str]:
    return {(entry.kind, entry.local_id): entry.state for entry in OutboxEntry.objects.all()}


def test_a_pull_brings_rows_here_and_queues_nothing(toy_server: ToyServer) -> None:
    box = toy_server.add("box", {"name": "Red"})
    toy_server.add("toy", toy("Ball", box=box, tags=["a", "b"], plays=3))
    report = pull(toy_server.as_client())
    assert report.counts["toy"].created == 1
    [(name, box_id, plays)] = sql("SELECT name, box_id, plays FROM toy")
    assert (name, plays) == ("Ball", 3)
    assert sql("SELECT name FROM toy_box WHERE id = %s", [box_id]) == [("Red",)]
    assert sql("SELECT tag FROM toy_tag ORDER BY position") == [("a",), ("b",)]
    assert waiting() == {}
    assert mirror_state().quiet is False


def test_what_is_made_here_is_made_there_boxes_first(toy_server: ToyServer) -> None:
    box = add_box("Red")
    pk = add_toy("Ball", box_id=box, pin="1234")
    report = deliver(toy_server.as_client())
    assert report.created == 2
    assert waiting() == {}
    [remote] = toy_server.toys.values()
    assert (remote["name"], remote["pin"]) == ("Ball", "1234")
    link = MirrorLink.objects.get(kind="toy")
    assert link.local_id == pk
    assert "1234" not in str(link.agreed)


def test_a_change_travels_and_the_servers_own_way_of_writing_is_taken_over(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = '  soft  '")
    deliver(toy_server.as_client())
    assert [row["note"] for row in toy_server.toys.values()] == ["soft"]
    assert sql("SELECT note FROM toy") == [("soft",)]
    assert waiting() == {}


def test_different_fields_changed_on_both_sides_come_together(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = 'mine'")
    toy_server.toys[remote]["name"] = "Theirs"
    pull(toy_server.as_client())
    assert sql("SELECT name, note FROM toy") == [("Theirs", "mine")]
    deliver(toy_server.as_client())
    assert toy_server.toys[remote]["note"] == "mine"
    assert waiting() == {}


@pytest.mark.parametrize("way", ["pull", "deliver"])
def test_the_same_field_changed_on_both_sides_waits_for_an_answer(toy_server: ToyServer, way: str) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Mine'")
    toy_server.toys[remote]["name"] = "Theirs"
    if way == "pull":
        assert pull(toy_server.as_client()).conflicts == 1
    else:
        assert deliver(toy_server.as_client()).conflicts == 1
    assert sql("SELECT name FROM toy") == [("Mine",)]
    assert toy_server.toys[remote]["name"] == "Theirs"
    entry = OutboxEntry.objects.get()
    assert entry.state == OutboxState.CONFLICT
    assert entry.conflict == {"name": {"base": "Ball", "mine": "Mine", "theirs": "Theirs"}}


def test_a_row_that_is_deleted_here_is_deleted_there(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball", tags=["a"]))
    pull(toy_server.as_client())
    sql("DELETE FROM toy_tag")
    sql("DELETE FROM toy")
    assert deliver(toy_server.as_client()).deleted == 1
    assert toy_server.toys == {}
    assert waiting() == {}
    assert not MirrorLink.objects.exists()


def test_a_row_deleted_here_and_changed_there_is_a_question(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("DELETE FROM toy")
    toy_server.toys[remote]["name"] = "Better ball"
    deliver(toy_server.as_client())
    assert remote in toy_server.toys
    assert OutboxEntry.objects.get().conflict["deleted"] == "here"


def test_a_row_changed_here_and_deleted_there_is_a_question(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    pull(toy_server.as_client())
    assert sql("SELECT name FROM toy") == [("Mine",)]
    assert OutboxEntry.objects.get().conflict["deleted"] == "there"


def test_a_row_that_vanished_there_goes_here(toy_server: ToyServer) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    del toy_server.toys[remote]
    pull(toy_server.as_client())
    assert sql("SELECT * FROM toy") == []
    assert waiting() == {}
    assert JournalEntry.objects.filter(category="toy", action_type="sync").count() == 2


def test_when_most_rows_vanish_nothing_is_deleted_before_somebody_says_yes(toy_server: ToyServer) -> None:
    for number in range(30):
        toy_server.add("toy", toy(f"Toy {number}"))
    pull(toy_server.as_client())
    for pk in list(toy_server.toys)[:20]:
        del toy_server.toys[pk]
    report = pull(toy_server.as_client())
    assert report.held_back == ["toys"]
    assert MirrorPull.objects.get(kind="toy").held_back["count"] == 20
    assert len(sql("SELECT id FROM toy")) == 30


def test_a_lost_answer_creates_nothing_twice(toy_server: ToyServer) -> None:
    add_box("Red")
    add_toy("Ball")
    toy_server.plan = ["after"]
    assert deliver(toy_server.as_client()).trouble
    toy_server.plan = ["after"]
    assert deliver(toy_server.as_client()).trouble
    assert deliver(toy_server.as_client()).trouble == ""
    assert sorted(toy_server.created) == [("box", "Red"), ("toy", "Ball")]
    assert waiting() == {}
    assert MirrorLink.objects.count() == 2


def test_a_name_that_becomes_free_later_in_the_run_is_not_refused(toy_server: ToyServer) -> None:
    one = toy_server.add("box", {"name": "Red"})
    toy_server.add("box", {"name": "Blue"})
    pull(toy_server.as_client())
    sql("DELETE FROM toy_box WHERE name = 'Blue'")
    sql("UPDATE toy_box SET name = 'Blue' WHERE name = 'Red'")
    report = deliver(toy_server.as_client())
    assert report.parked == 0
    assert toy_server.boxes == {one: {"name": "Blue"}}
    assert waiting() == {}


def test_what_the_server_refuses_is_parked_and_stops_nobody(toy_server: ToyServer) -> None:
    bad, good = add_toy("Bad"), add_toy("Good")
    toy_server.refuses = {"Bad"}
    report = deliver(toy_server.as_client())
    assert (report.created, report.parked) == (1, 1)
    assert waiting() == {("toy", bad): "parked"}
    assert good
    sql("UPDATE toy SET note = 'x' WHERE id = %s", [bad])
    assert waiting() == {("toy", bad): "waiting"}, "an edit is a new chance"


def test_an_outage_stops_politely_and_is_noted(toy_server: ToyServer) -> None:
    add_toy("Ball")
    toy_server.down = Unreachable("It is down.")
    report = deliver(toy_server.as_client())
    assert report.trouble == "It is down."
    state = mirror_state()
    assert state.trouble == "It is down."
    assert state.retry_at is not None
    toy_server.down = None
    deliver(toy_server.as_client())
    assert mirror_state().trouble == ""


def test_one_row_that_breaks_the_server_is_tried_again_later_and_then_parked(toy_server: ToyServer) -> None:
    add_toy("Boom")
    add_toy("Good")
    toy_server.breaks_on = {"Boom"}
    for attempt in range(1, 6):
        OutboxEntry.objects.update(next_attempt_at=None)
        deliver(toy_server.as_client())
        entry = OutboxEntry.objects.get()
        assert entry.attempts == attempt
    assert entry.state == OutboxState.PARKED
    assert [row["name"] for row in toy_server.toys.values()] == ["Good"]


def test_what_begins_to_wait_asks_for_one_run(toy_server: ToyServer) -> None:
    for number in range(5):
        add_toy(f"Toy {number}")
    assert RunRequest.objects.filter(task_id="deliver_outbox").count() == 1


def test_what_is_written_quietly_waits_for_nothing(toy_server: ToyServer) -> None:
    with quietly():
        with quietly():
            add_toy("One")
        add_toy("Two")
    assert waiting() == {}
    add_toy("Three")
    assert len(waiting()) == 1


def test_rows_of_no_server_are_not_queued(toy_server: ToyServer) -> None:
    MirrorState.objects.update(connected=False)
    add_toy("Ball")
    assert waiting() == {}
