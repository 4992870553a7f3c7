"""Many conflicts answered at once in favour of what is here."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.execution import execute_queued_run
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror_pages import answering
from tasks_app.models import MirrorPull, OutboxEntry, OutboxState, TaskRun
from tasks_app.tests.mirror_toys import ToyServer, add_toy, sql, toy

pytestmark = pytest.mark.django_db

ADDRESS = "/server/queue/answer/mine/"


@pytest.fixture
def visitor(toy_server: ToyServer) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


@pytest.fixture
def quarrel(toy_server: ToyServer) -> ToyServer:
    """Ball: other names here and there. Doll: changed here, deleted there. Kite: deleted here, changed there. Fresh: no
    conflict."""
    numbers = {name: toy_server.add("toy", toy(name)) for name in ("Ball", "Doll", "Kite", "Drum")}
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'My ball' WHERE name = 'Ball'")
    sql("UPDATE toy SET name = 'My doll' WHERE name = 'Doll'")
    sql("DELETE FROM toy WHERE name = 'Kite'")
    toy_server.toys[numbers["Ball"]]["name"] = "Their ball"
    del toy_server.toys[numbers["Doll"]]
    toy_server.toys[numbers["Kite"]]["name"] = "Their kite"
    pull(toy_server.as_client())
    add_toy("Fresh")
    return toy_server


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def everything() -> str:
    return ",".join(map(str, OutboxEntry.objects.values_list("pk", flat=True)))


def test_it_says_first_what_goes_where(visitor: Client, quarrel: ToyServer) -> None:
    html = page(visitor, f"{ADDRESS}?entry={everything()}")
    for words in (
        "replaces what the server has",
        "Name there: Their ball → My ball",
        "is made there again",
        "is deleted there too",
        "is left out: it was not changed on both sides",
        "Keep mine (4)",
    ):
        assert words in html
    assert OutboxEntry.objects.filter(state=OutboxState.CONFLICT).count() == 3, "looking changes nothing"


def test_what_is_here_goes_to_the_server(visitor: Client, quarrel: ToyServer) -> None:
    answer = visitor.post(ADDRESS, {"entry": everything()}, headers={"HX-Request": "true"})
    assert "3 changes go to the server." in answer["HX-Trigger"]
    assert "Fresh" in answer["HX-Trigger"], "what was left out is named"
    assert not OutboxEntry.objects.filter(state=OutboxState.CONFLICT).exists()
    deliver(quarrel.as_client())
    assert sorted(row["name"] for row in quarrel.toys.values()) == ["Drum", "Fresh", "My ball", "My doll"]
    assert not OutboxEntry.objects.exists()


def test_all_that_match_are_answered_by_a_run_when_they_are_many(
    visitor: Client, quarrel: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "CONFLICTS_AT_ONCE", 2)
    visitor.post(ADDRESS, {"all": "1", "confirmed_count": "3", "state": "conflict"})
    run = TaskRun.objects.get(task_id="answer_outbox")
    assert run.title == "Keep mine: 3 changes for the server"
    assert OutboxEntry.objects.filter(state=OutboxState.CONFLICT).count() == 3
    execute_queued_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.success_count, run.message) == ("completed", 3, "3 changes go to the server.")
    assert not OutboxEntry.objects.filter(state=OutboxState.CONFLICT).exists()


def test_it_is_offered_only_where_something_is_in_conflict(visitor: Client, toy_server: ToyServer) -> None:
    add_toy("Fresh")
    assert "Keep mine" not in page(visitor, "/server/queue/")
    pk = OutboxEntry.objects.get().pk
    conflict = {"name": {"base": "Fresh", "mine": "Fresh", "theirs": "Stale"}}
    OutboxEntry.objects.filter(pk=pk).update(state=OutboxState.CONFLICT, conflict=conflict)
    add_toy("Other")
    html = page(visitor, "/server/queue/")
    assert html.count("Keep mine") == 1, "above the list, not beside what is in no conflict"


def test_the_question_about_what_vanished_leads_to_what_was_changed_here_of_it(visitor: Client, quarrel: ToyServer) -> None:
    MirrorPull.objects.filter(kind="toy").update(held_back={"remote_ids": [1], "count": 1, "of": 4})
    html = page(visitor, "/server/vanished/toy/")
    assert "1 more is gone there too, and changed here" in html
    assert "/server/queue/?state=conflict&amp;kind=toy" in html
    OutboxEntry.objects.update(state=OutboxState.WAITING, conflict={})
    assert "more is gone there too" not in page(visitor, "/server/vanished/toy/")
