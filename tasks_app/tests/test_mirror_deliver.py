"""Delivering when things go wrong: one bad row, a bad kind, a server that refuses us, somebody who wants to stop."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

import pytest
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import (
    AnsweredElse,
    Busy,
    DispatcharrError,
    NoRights,
    ServerFault,
    SignInRefused,
    Stopped,
    Unreachable,
)
from tasks_app.mirror import deliver as deliver_module
from tasks_app.mirror.answers import drop
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.kinds import Attempts, Change, LinkBook, Outcome, Values
from tasks_app.mirror.mirror_tasks import deliver_when_due
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state, quietly
from tasks_app.models import (
    CreationAttempt,
    JournalEntry,
    MirrorLink,
    MirrorState,
    Notification,
    OutboxEntry,
    OutboxState,
    RunRequest,
)
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.tests.mirror_toys import BoxKind, ToyKind, ToyServer, add_box, add_toy, sql, toy

pytestmark = pytest.mark.django_db


def states() -> dict[int, str]:
    return dict(OutboxEntry.objects.values_list("local_id", "state"))


def test_a_kind_that_fails_on_many_rows_together_is_asked_again_in_halves(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        toy_server.add("toy", toy(f"Toy {number}"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = 'x'")
    bad = sql("SELECT id FROM toy WHERE name = 'Toy 13'")[0][0]
    update = ToyKind.update

    def all_or_nothing(self: ToyKind, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        if any(change.local_id == bad for change in changes):
            raise ServerFault("The server failed.", status=500, temporary=False)
        yield from update(self, client, links, changes)

    monkeypatch.setattr(ToyKind, "update", all_or_nothing)
    report = deliver(toy_server.as_client())
    assert (report.updated, report.faults, report.trouble) == (19, 1, "")
    [entry] = OutboxEntry.objects.all()
    assert (entry.local_id, entry.attempts, entry.reason) == (bad, 1, "The server failed.")
    assert entry.next_attempt_at is not None
    assert entry.next_attempt_at > timezone.now()


def test_rows_that_the_server_cannot_even_show_stop_nobody(toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        toy_server.add("toy", toy(f"Toy {number}"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = 'x'")
    bad = sorted(toy_server.toys)[2]
    read = ToyKind.read

    def failing(
        self: ToyKind, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        if ids is not None and bad in ids:
            raise ServerFault("The server failed.", status=500, temporary=False)
        yield from read(self, client, links, ids)

    monkeypatch.setattr(ToyKind, "read", failing)
    assert deliver(toy_server.as_client()).updated == 5
    assert len(states()) == 1


def test_a_mistake_of_ours_in_one_kind_keeps_only_its_own_rows_waiting(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: BoxKind, ids: Collection[int] | None = None) -> dict[int, Values]:
        raise KeyError("name")

    add_box("Red")
    add_toy("Ball")
    monkeypatch.setattr(BoxKind, "local", broken)
    report = deliver(toy_server.as_client())
    assert report.created == 1
    assert "box" in report.words
    assert OutboxEntry.objects.get().kind == "box"


def test_a_row_that_the_kind_says_nothing_of_is_tried_again_later(
    toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(
        self: ToyKind, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts
    ) -> Iterator[Outcome]:
        return iter(())

    monkeypatch.setattr(ToyKind, "create", silent)
    add_toy("Ball")
    deliver(toy_server.as_client())
    [entry] = OutboxEntry.objects.all()
    assert (entry.state, entry.reason) == ("waiting", "ECM got no answer for this change.")
    assert entry.next_attempt_at is not None


def test_when_the_server_fails_on_everything_it_is_left_alone_for_a_while(toy_server: ToyServer) -> None:
    names = {f"Toy {number}" for number in range(12)}
    for name in sorted(names):
        add_toy(name)
    toy_server.breaks_on = names
    report = deliver(toy_server.as_client())
    assert "fails on everything" in report.trouble
    assert sum(request.startswith("POST") for request in toy_server.requests) < 12
    assert set(states().values()) == {"waiting"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unreachable("It is down."), False),
        (Busy("Too many requests.", retry_after=500), False),
        (ServerFault("It restarts.", status=503, temporary=True, retry_after=500), False),
        (AnsweredElse("A web page answered."), False),
        (SignInRefused("The password is wrong."), True),
        (NoRights("This user may not change anything."), True),
    ],
)
def test_trouble_stops_everything_and_only_what_somebody_must_mend_is_told(
    toy_server: ToyServer, error: DispatcharrError, told: bool
) -> None:
    add_toy("Ball")
    toy_server.down = error
    for _ in range(2):
        assert deliver(toy_server.as_client()).trouble == str(error)
    state = mirror_state()
    assert state.trouble == str(error)
    assert state.retry_at is not None
    if isinstance(error, Busy | ServerFault):
        assert state.retry_at > timezone.now() + timedelta(seconds=400)
    assert Notification.objects.filter(source="mirror").count() == (1 if told else 0)
    assert set(states().values()) == {"waiting"}
    assert OutboxEntry.objects.get().attempts == 0


def test_waits_grow_with_the_outage_and_end_with_it(toy_server: ToyServer) -> None:
    add_toy("Ball")
    toy_server.down = Unreachable("It is down.")
    deliver(toy_server.as_client())
    MirrorState.objects.update(trouble_since=timezone.now() - timedelta(minutes=10))
    deliver(toy_server.as_client())
    state = mirror_state()
    assert state.retry_at is not None
    assert timedelta(minutes=4) < state.retry_at - timezone.now() < timedelta(minutes=8)
    toy_server.down = None
    deliver(toy_server.as_client())
    state = mirror_state()
    assert (state.trouble, state.retry_at, state.trouble_since) == ("", None, None)
    assert state.reached_at is not None


def test_the_tick_asks_for_a_run_once_something_is_due(toy_server: ToyServer) -> None:
    now = timezone.now()
    pk = add_toy("Ball")

    def asks() -> bool:
        RunRequest.objects.all().delete()
        deliver_when_due(now)
        return RunRequest.objects.filter(task_id="deliver_outbox").exists()

    assert asks()
    OutboxEntry.objects.filter(local_id=pk).update(next_attempt_at=now + timedelta(minutes=1))
    assert not asks()
    OutboxEntry.objects.update(next_attempt_at=now - timedelta(minutes=1))
    assert asks()
    MirrorState.objects.update(retry_at=now + timedelta(minutes=1))
    assert not asks()
    MirrorState.objects.update(retry_at=None, connected=False)
    assert not asks()
    MirrorState.objects.update(connected=True)
    OutboxEntry.objects.update(state=OutboxState.PARKED)
    assert not asks()


@pytest.mark.parametrize(
    ("trouble", "minutes", "asked"),
    [("It is down.", -1, ["sync_dispatcharr"]), ("It is down.", 1, []), ("", None, [])],
)
def test_the_end_of_an_outage_is_noticed_although_nothing_waits(
    toy_server: ToyServer, trouble: str, minutes: int | None, asked: list[str]
) -> None:
    now = timezone.now()
    retry_at = None if minutes is None else now + timedelta(minutes=minutes)
    MirrorState.objects.update(trouble=trouble, retry_at=retry_at)
    deliver_when_due(now)
    assert list(RunRequest.objects.values_list("task_id", flat=True)) == asked


class StopsAfter(NoProgress):
    """An operator who presses "Cancel" after some looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def raise_if_cancelled(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Cancelled


def test_a_cancel_between_batches_keeps_what_was_delivered(toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver_module, "SIZE", 4)
    for number in range(12):
        add_toy(f"Toy {number}")
    with pytest.raises(Cancelled):
        deliver(toy_server.as_client(), progress=StopsAfter(2))
    assert 0 < len(toy_server.toys) < 12
    assert len(states()) == 12 - len(toy_server.toys)
    assert MirrorLink.objects.count() == len(toy_server.toys)
    deliver(toy_server.as_client())
    assert len(toy_server.toys) == 12


def test_a_cancel_in_the_middle_of_a_request_is_a_cancel(toy_server: ToyServer) -> None:
    add_toy("Ball")
    toy_server.down = Stopped("Stopped.")
    with pytest.raises(Cancelled):
        deliver(toy_server.as_client())
    assert mirror_state().trouble == ""


def test_an_edit_during_the_delivery_stays_queued_and_is_not_overwritten(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET note = ' first '")
    toy_server.meanwhile = [lambda: None, lambda: sql("UPDATE toy SET note = 'second'")]
    deliver(toy_server.as_client())
    assert sql("SELECT note FROM toy") == [("second",)]
    deliver(toy_server.as_client())
    assert [row["note"] for row in toy_server.toys.values()] == ["second"]
    assert states() == {}


def test_what_waits_for_another_row_goes_as_soon_as_that_is_there(toy_server: ToyServer) -> None:
    box = add_box("Bad")
    add_toy("Ball", box_id=box)
    toy_server.refuses = {"Bad"}
    report = deliver(toy_server.as_client())
    assert (report.parked, report.postponed) == (1, 1)
    waiting = OutboxEntry.objects.get(kind="toy")
    assert (waiting.reason, waiting.state) == ("Waits for its box.", "waiting")
    assert waiting.next_attempt_at is not None
    sql("UPDATE toy_box SET name = 'Good'")
    deliver(toy_server.as_client())
    assert states() == {}, "its own moment had not come yet"
    assert len(toy_server.toys) == 1


def test_a_row_made_and_deleted_before_any_delivery_was_never_there(toy_server: ToyServer) -> None:
    add_toy("Ball")
    sql("DELETE FROM toy")
    deliver(toy_server.as_client())
    assert states() == {}
    assert toy_server.created == []


def test_a_change_that_was_taken_back_is_no_request(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Other'")
    sql("UPDATE toy SET name = 'Ball'")
    toy_server.requests.clear()
    deliver(toy_server.as_client())
    assert toy_server.requests == ["GET toy"]
    assert states() == {}


def test_a_change_taken_back_after_a_lost_answer_stays_taken_back(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Other'")
    toy_server.plan = ["after"]
    deliver(toy_server.as_client())
    sql("UPDATE toy SET name = 'Ball'")
    deliver(toy_server.as_client())
    assert [row["name"] for row in toy_server.toys.values()] == ["Ball"]
    assert sql("SELECT name FROM toy") == [("Ball",)]


def test_a_deletion_taken_back_after_a_lost_answer_makes_the_row_again(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    [(pk,)] = sql("SELECT id FROM toy")
    sql("DELETE FROM toy")
    toy_server.plan = ["after"]
    deliver(toy_server.as_client())
    sql("INSERT INTO toy(id, name) VALUES (%s, 'Ball')", [pk])
    deliver(toy_server.as_client())
    assert [row["name"] for row in toy_server.toys.values()] == ["Ball"]
    assert sql("SELECT id FROM toy") == [(pk,)]
    assert states() == {}


def test_a_row_of_the_same_name_that_somebody_else_made_is_compared(toy_server: ToyServer) -> None:
    add_box("Red")
    toy_server.add("box", {"name": "Red"})
    report = deliver(toy_server.as_client())
    assert (report.adopted, report.created) == (1, 0)
    assert len(toy_server.boxes) == 1
    assert states() == {}


def test_what_the_server_made_of_a_value_but_cannot_be_here_is_a_question(toy_server: ToyServer) -> None:
    toy_server.add("toy", toy("One"))
    toy_server.add("toy", toy("Two", note="soft"))
    toy_server.add("toy", toy("Three"))
    pull(toy_server.as_client())
    sql("CREATE UNIQUE INDEX toy_notes ON toy(note) WHERE note <> ''")
    sql("UPDATE toy SET note = ' soft ' WHERE name = 'One'")
    sql("UPDATE toy SET note = ' hard ' WHERE name = 'Three'")
    report = deliver(toy_server.as_client())
    assert report.updated == 2
    assert sql("SELECT note FROM toy WHERE name = 'Three'") == [("hard",)]
    [entry] = OutboxEntry.objects.all()
    assert (entry.name, entry.state) == ("One", "parked")
    assert "something else is in the way" in entry.reason


def test_what_the_server_wrote_differently_is_in_the_journal(toy_server: ToyServer) -> None:
    add_toy("Ball", note=" soft ")
    deliver(toy_server.as_client())
    entry = JournalEntry.objects.get(category="toy")
    assert (entry.before_value["note"], entry.after_value["note"]) == (" soft ", "soft")


def test_nothing_is_asked_of_the_server_when_nothing_waits(toy_server: ToyServer) -> None:
    with quietly():
        add_toy("Ball")
    assert deliver(toy_server.as_client()).delivered == 0
    assert toy_server.requests == []


def test_what_others_did_to_a_row_whose_creation_was_not_answered_is_kept(toy_server: ToyServer) -> None:
    pk = add_toy("Ball")
    toy_server.plan = ["after"]
    deliver(toy_server.as_client())
    [remote] = toy_server.toys
    toy_server.toys[remote]["name"] = "Renamed there"
    sql("UPDATE toy SET note = 'noted here' WHERE id = %s", [pk])
    deliver(toy_server.as_client())
    assert sql("SELECT name, note FROM toy") == [("Renamed there", "noted here")]
    assert [(row["name"], row["note"]) for row in toy_server.toys.values()] == [("Renamed there", "noted here")]
    assert states() == {}
    assert not CreationAttempt.objects.exists()


@pytest.mark.parametrize("way", ["deliver", "pull", "drop"])
def test_a_row_deleted_here_after_a_lost_answer_to_its_creation_does_not_come_back(toy_server: ToyServer, way: str) -> None:
    add_box("Red")
    toy_server.plan = ["after"]
    deliver(toy_server.as_client())
    assert len(toy_server.boxes) == 1
    if way == "drop":
        OutboxEntry.objects.update(state=OutboxState.PARKED)
        drop([OutboxEntry.objects.get().pk])
    else:
        sql("DELETE FROM toy_box")
    if way == "pull":
        pull(toy_server.as_client())
    deliver(toy_server.as_client())
    pull(toy_server.as_client())
    assert (sql("SELECT * FROM toy_box"), toy_server.boxes) == ([], {})
    assert states() == {}


@pytest.mark.parametrize("way", ["deliver", "pull"])
def test_a_row_renamed_here_after_a_lost_answer_to_its_creation_is_renamed_there_and_not_made_again(
    toy_server: ToyServer, way: str
) -> None:
    pk = add_box("Red")
    toy_server.plan = ["after"]
    deliver(toy_server.as_client())
    sql("UPDATE toy_box SET name = 'Blue'")
    if way == "pull":
        pull(toy_server.as_client())
    deliver(toy_server.as_client())
    pull(toy_server.as_client())
    assert sql("SELECT id, name FROM toy_box") == [(pk, "Blue")]
    assert [row["name"] for row in toy_server.boxes.values()] == ["Blue"]
    assert states() == {}
