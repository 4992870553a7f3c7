"""The page "Server": state in words, pulls, questions, the queue and its answers – with and without a script."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.change_settings import change_settings
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror_pages.overview import pull_lines
from tasks_app.models import JournalEntry, MirrorPull, MirrorState, OutboxEntry, OutboxState, RunRequest, TaskRun, WorkerBeat
from tasks_app.tests.mirror_toys import ToyKind, ToyServer, add_box, add_toy, sql, toy

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(toy_server: ToyServer) -> Client:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


def page(client: Client, address: str, **options: Any) -> str:
    answer = client.get(address, **options)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def pulled(server: ToyServer, *names: str, **values: Any) -> list[int]:
    """Toys that both sides have; their ids there."""
    remote = [server.add("toy", toy(name, **values)) for name in names]
    pull(server.as_client())
    return remote


def conflict(server: ToyServer) -> OutboxEntry:
    [remote] = pulled(server, "Ball", pin="1")
    sql("UPDATE toy SET name = 'Mine', note = 'my note', pin = 'my pin'")
    server.toys[remote] |= {"name": "Theirs", "note": "their note", "pin": "their pin"}
    pull(server.as_client())
    return OutboxEntry.objects.get(state=OutboxState.CONFLICT)


# State ----------------------------------------------------------------------------------------------------------------


def test_standalone_the_page_explains_itself() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    html = page(client, "/server/")
    assert "No server is connected" in html
    assert "Sync now" not in html
    assert "No server is connected" in page(client, "/server/queue/")


def test_a_server_that_answers(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball", "Doll")
    MirrorState.objects.update(reached_at=timezone.now() - timedelta(minutes=7))
    html = page(visitor, "/server/")
    assert "Reachable." in html
    assert "7m ago" in html
    assert "2 on the server" in html
    assert "2 new" in html
    assert "Nothing waits" in html


def test_without_a_worker_nobody_delivers(visitor: Client) -> None:
    assert "nobody delivers changes" in page(visitor, "/server/")
    WorkerBeat.objects.create(worker="one", started_at=timezone.now(), seen_at=timezone.now())
    assert "nobody delivers changes" not in page(visitor, "/server/")


def test_while_a_server_is_being_connected_its_page_shows_how_far_that_is(visitor: Client) -> None:
    MirrorState.objects.update(connected=False, connecting="adopt")
    values = {"lock_key": "mirror", "status": "running", "started_at": timezone.now(), "phase": "Removing logos"}
    TaskRun.objects.create(task_id="switch_dispatcharr", title="Connect to Dispatcharr", **values)
    html = page(visitor, "/server/")
    assert "Removing logos" in html
    assert "No server is connected" not in html
    assert "a part of it is gone" not in html


def test_another_password_is_tried_at_once(visitor: Client) -> None:
    later = timezone.now() + timedelta(minutes=14)
    MirrorState.objects.update(trouble="The password is wrong.", trouble_since=timezone.now(), retry_at=later)
    assert "mend it under" in page(visitor, "/server/")
    change_settings("Dispatcharr", {"stats_poll_interval": 30})
    assert MirrorState.objects.get().retry_at == later
    change_settings("Dispatcharr", {"dispatcharr_password": "another"})
    assert MirrorState.objects.get().retry_at is None
    assert RunRequest.objects.get().task_id == "sync_dispatcharr"
    RunRequest.objects.all().delete()
    MirrorState.objects.update(trouble="", trouble_since=None)
    change_settings("Dispatcharr", {"dispatcharr_password": "a third"})
    assert not RunRequest.objects.exists(), "nothing was wrong"


def test_while_a_pull_runs_each_kind_says_how_far_it_is(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball")
    values = {"task_id": "sync_dispatcharr", "lock_key": "mirror", "status": "running", "started_at": timezone.now()}
    run = TaskRun.objects.create(phase="Saving", current=3, total=1200, **values)
    first, *others = [line.name for line in pull_lines()]
    assert {line.step for line in pull_lines(run)} == {""}, "it still delivers"
    finish(first)
    assert [line.step for line in pull_lines(run)] == ["done", "now"] + ["later"] * (len(others) - 1)
    html = page(visitor, "/server/")
    assert "3 of 1,200" in html
    assert "being read" in html
    run.parameters = {"kinds": [first, others[-1]]}
    assert [line.step for line in pull_lines(run)] == ["done"] + [""] * (len(others) - 1) + ["now"], "the others are not read"
    finish(others[-1])
    assert "now" not in {line.step for line in pull_lines(run)}
    assert {line.step for line in pull_lines(TaskRun(parameters={}))} == {""}, "it waits for the worker"


def finish(kind: str) -> None:
    MirrorPull.objects.update_or_create(kind=kind, defaults={"finished_at": timezone.now()})


def test_connecting_that_stopped_offers_to_go_on_and_to_go_back(visitor: Client) -> None:
    MirrorState.objects.update(connecting="push", backup_file="ecm-2026-01-02_030405-000001-before-connecting.sqlite3")
    html = page(visitor, "/server/")
    assert "Bringing the lineup to the server stopped before its end" in html
    assert "/settings/dispatcharr/switch/finish/" in html
    assert "/settings/dispatcharr/backups/ecm-2026-01-02_030405-000001-before-connecting.sqlite3/" in html
    assert "Leave it as it is" not in html
    TaskRun.objects.create(task_id="switch_dispatcharr", lock_key="mirror", status="running", started_at=timezone.now())
    assert "stopped before its end" not in page(visitor, "/server/"), "it is being gone on with"


def test_a_server_in_trouble_says_since_when_and_when_it_tries_again(visitor: Client) -> None:
    now = timezone.now()
    WorkerBeat.objects.create(worker="one", started_at=timezone.now(), seen_at=timezone.now())
    MirrorState.objects.update(
        trouble="Cannot reach http://u:secret@host/",
        trouble_since=now - timedelta(hours=2),
        retry_at=now + timedelta(minutes=5),
    )
    html = page(visitor, "/server/")
    assert "Syncing waits since" in html
    assert "(2h ago)" in html
    assert "Next try in 4m" in html
    assert "secret" not in html
    MirrorState.objects.update(retry_at=now - timedelta(minutes=5))
    assert "tried again within a minute" in page(visitor, "/server/")


def test_problems_of_a_pull_are_told(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball")
    MirrorPull.objects.filter(kind="toy").update(problem="<i>odd</i> row")
    html = page(visitor, "/server/")
    assert "&lt;i&gt;odd&lt;/i&gt; row" in html


def test_sync_now_starts_one_run(visitor: Client) -> None:
    assert visitor.post("/server/sync/")["Location"] == "/server/"
    run = TaskRun.objects.get()
    assert run.task_id == "sync_dispatcharr"
    assert visitor.post("/server/sync/", headers=HTMX).status_code == 204
    assert TaskRun.objects.count() == 1
    assert f"run-progress-{run.pk}" in page(visitor, "/server/")
    assert visitor.get("/server/sync/").status_code == 405


def test_queries_do_not_grow(visitor: Client, toy_server: ToyServer, django_assert_max_num_queries: Any) -> None:
    pulled(toy_server, *[f"Toy {number}" for number in range(60)])
    for address in ("/server/", "/server/queue/"):
        visitor.get(address)
        with django_assert_max_num_queries(28) as few:
            visitor.get(address)
        sql("UPDATE toy SET name = name || ' here'")
        with django_assert_max_num_queries(28) as many:
            page(visitor, address)
        assert len(many) <= len(few) + 3, "one each for links, rows and what they refer to"
        OutboxEntry.objects.all().delete()


# The queue ------------------------------------------------------------------------------------------------------------


def test_the_queue_says_what_differs_and_hides_secrets(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball", pin="1234")
    sql("UPDATE toy SET name = '<b>Mine</b>', pin = 'my-own-pin'")
    add_toy("Fresh")
    html = page(visitor, "/server/queue/")
    assert "Name: Ball → &lt;b&gt;Mine&lt;/b&gt;" in html
    assert "PIN: *** → ***" in html
    assert "my-own-pin" not in html
    assert "1234" not in html
    assert "toy, new" in html
    assert "2 changes" in html


def test_the_queue_filters_by_state_kind_and_name(visitor: Client, toy_server: ToyServer) -> None:
    add_toy("Apple")
    add_toy("Pear")
    OutboxEntry.objects.filter(name="Pear").update(state=OutboxState.PARKED, reason="Not <allowed>.")
    assert "Apple" not in page(visitor, "/server/queue/?state=parked")
    assert "Not &lt;allowed&gt;." in page(visitor, "/server/queue/?state=parked")
    assert "Pear" not in page(visitor, "/server/queue/?q=appl")
    assert "No change matches" in page(visitor, "/server/queue/?kind=box")
    assert "Apple" in page(visitor, "/server/queue/?state=nonsense&kind=nonsense&page=999")
    assert "<html" not in page(visitor, "/server/queue/", headers=HTMX)


def test_twenty_thousand_changes_are_paged(visitor: Client, django_assert_max_num_queries: Any) -> None:
    OutboxEntry.objects.bulk_create(
        (OutboxEntry(kind="toy", local_id=number, name=f"Toy {number}") for number in range(1, 20_001)), batch_size=5_000
    )
    with django_assert_max_num_queries(26):
        html = page(visitor, "/server/queue/?page=400")
    assert "Page 400 of 400" in html
    assert "Toy 20000" in html
    assert "All 20,000" in html
    assert len(html) < 200_000


def test_one_change_has_a_page_of_its_own(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball", note="soft")
    sql("UPDATE toy SET note = 'hard'")
    entry = OutboxEntry.objects.get()
    html = page(visitor, f"/server/queue/{entry.pk}/")
    assert "<html" in html
    assert "soft" in html
    assert "hard" in html
    assert "<html" not in page(visitor, f"/server/queue/{entry.pk}/", headers=HTMX)


def test_a_change_that_is_settled_is_no_error(visitor: Client) -> None:
    assert "does not wait any more" in page(visitor, "/server/queue/4711/")


# Answers --------------------------------------------------------------------------------------------------------------


def test_a_conflict_shows_three_values_and_no_secret(visitor: Client, toy_server: ToyServer) -> None:
    entry = conflict(toy_server)
    html = page(visitor, f"/server/queue/{entry.pk}/")
    for words in ("Ball", "Mine", "Theirs", "my note", "their note"):
        assert words in html
    assert "their pin" not in html
    assert "my pin" not in html
    assert 'name="field-name" value="mine"' in html


def test_fields_are_answered_one_by_one_or_all_at_once(visitor: Client, toy_server: ToyServer) -> None:
    entry = conflict(toy_server)
    address = f"/server/queue/{entry.pk}/"
    nothing = visitor.post(address)
    assert nothing.status_code == 422
    assert "Choose a side" in nothing.content.decode()
    assert visitor.post(address, {"field-name": "mine"})["Location"] == "/server/queue/"
    entry.refresh_from_db()
    assert set(entry.conflict) == {"note", "pin"}
    assert visitor.post(address, {"all": "theirs"}, headers=HTMX).status_code == 204
    deliver(toy_server.as_client())
    assert sql("SELECT name, note FROM toy") == [("Mine", "their note")]
    assert [(row["name"], row["note"]) for row in toy_server.toys.values()] == [("Mine", "their note")]
    again = visitor.post(address, {"all": "mine"})
    assert "does not wait any more" in again.content.decode()


def test_an_answer_comes_with_an_undo(visitor: Client, toy_server: ToyServer) -> None:
    entry = conflict(toy_server)
    answer = visitor.post(f"/server/queue/{entry.pk}/", {"all": "theirs"}, headers=HTMX)
    batch = JournalEntry.objects.exclude(batch_id="").latest("pk").batch_id
    assert f"/journal/batch/{batch}/" in answer["HX-Trigger"] or batch in answer["HX-Trigger"]
    assert "mirror:changed" in answer["HX-Trigger"]


@pytest.mark.parametrize(("side", "left"), [("mine", ["Mine"]), ("theirs", [])])
def test_a_deletion_there_is_asked_about(visitor: Client, toy_server: ToyServer, side: str, left: list[str]) -> None:
    [remote] = pulled(toy_server, "Ball")
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    deliver(toy_server.as_client())
    entry = OutboxEntry.objects.get()
    assert "deleted on the server" in page(visitor, f"/server/queue/{entry.pk}/")
    assert "Deleted on the server meanwhile" in page(visitor, "/server/queue/")
    for answer in ("drop", "theirs"):
        assert "is deleted here too" in page(visitor, f"/server/queue/answer/{answer}/?entry={entry.pk}")
    visitor.post(f"/server/queue/{entry.pk}/", {"field-deleted": side})
    deliver(toy_server.as_client())
    assert [row["name"] for row in toy_server.toys.values()] == left


def test_an_answer_says_first_what_it_does_to_which_changes(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball", "Doll")
    sql("UPDATE toy SET note = 'new note' WHERE name = 'Ball'")
    sql("DELETE FROM toy WHERE name = 'Doll'")
    add_toy("Fresh")
    ids = [str(pk) for pk in OutboxEntry.objects.order_by("pk").values_list("pk", flat=True)]
    html = page(visitor, "/server/queue/answer/?" + "&".join(["answer=drop", *(f"entry={pk}" for pk in ids)]))
    for words in (
        "goes back",
        "Note: new note → –",
        "comes back as the server has it",
        "is deleted here; the server never had it",
    ):
        assert words in html
    assert OutboxEntry.objects.count() == 3, "looking changes nothing"
    assert "is created there" in page(visitor, f"/server/queue/answer/retry/?entry={','.join(ids)}")
    assert "takes the server’s values" in page(visitor, f"/server/queue/answer/theirs/?entry={','.join(ids)}")


def test_an_answer_says_what_cannot_be_undone(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball", "Doll", "Kite", pin="1234")
    sql("UPDATE toy SET note = 'new' WHERE name = 'Ball'")
    sql("UPDATE toy SET pin = 'new' WHERE name = 'Doll'")
    sql("DELETE FROM toy WHERE name = 'Kite'")
    add_toy("Fresh")
    add_box("Red")

    def said(answer: str, name: str) -> str:
        pk = OutboxEntry.objects.get(name=name).pk
        return page(visitor, f"/server/queue/answer/{answer}/?entry={pk}")

    for answer in ("drop", "theirs"):
        can, cannot = ("Ball", "Kite", "Red"), ("Doll", "Fresh")
        assert [name for name in can if "this cannot be undone" in said(answer, name)] == [], answer
        assert [name for name in cannot if "this cannot be undone" not in said(answer, name)] == [], answer
        assert "The journal can undo what is listed here, except where it says otherwise." in said(answer, "Ball")
    assert "undo" not in said("retry", "Fresh")
    OutboxEntry.objects.bulk_create(OutboxEntry(kind="toy", local_id=number) for number in range(1000, 1500))
    html = page(visitor, "/server/queue/answer/drop/?all=1&confirmed_count=505")
    assert "Of so many at once the journal may be able to undo only a part." in html
    assert "can undo what is listed" not in html


def test_rows_that_only_the_server_makes_are_not_promised_to_it(
    visitor: Client, toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [remote] = pulled(toy_server, "Ball")
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    deliver(toy_server.as_client())
    address = f"/server/queue/{OutboxEntry.objects.get().pk}/"
    assert "it is made on the server again" in page(visitor, address)
    monkeypatch.setattr(ToyKind, "creatable", False)
    html = page(visitor, address)
    assert "it is made on the server again" not in html
    assert "once the provider has it there again" in html


def test_what_cannot_be_delivered_and_why_syncing_waits_are_told_as_they_are(visitor: Client) -> None:
    """Neither need be the server's doing: ECM checks as well, and its own disk may be full."""
    add_toy("Rude")
    OutboxEntry.objects.update(state=OutboxState.PARKED, reason="ECM failed on it (KeyError).")
    entry = OutboxEntry.objects.get()
    MirrorState.objects.update(trouble="The disk is full.", trouble_since=timezone.now())
    for address, words in (
        (f"/server/queue/{entry.pk}/", "Cannot be delivered: ECM failed on it"),
        ("/server/queue/", "Syncing waits: The disk is full."),
        ("/server/queue/", ">cannot be delivered<"),
        ("/server/", "<b>1</b> cannot be delivered"),
        ("/server/", "Syncing waits since"),
    ):
        html = page(visitor, address)
        assert words in html, address
        for wrong in ("refuse", "server is in trouble"):
            assert wrong not in html.lower(), (address, wrong)


def test_dropping_is_carried_out_and_can_be_undone(visitor: Client, toy_server: ToyServer) -> None:
    pulled(toy_server, "Ball")
    sql("UPDATE toy SET name = 'Mine'")
    pk = OutboxEntry.objects.get().pk
    answer = visitor.post("/server/queue/answer/drop/", {"entry": str(pk)}, headers=HTMX)
    assert answer.status_code == 204
    assert "1 change dropped" in answer["HX-Trigger"]
    assert "undo" in answer["HX-Trigger"]
    assert sql("SELECT name FROM toy") == [("Ball",)]
    assert not OutboxEntry.objects.exists()


def test_parked_changes_are_tried_again(visitor: Client, toy_server: ToyServer) -> None:
    toy_server.refuses.add("Rude")
    add_toy("Rude")
    deliver(toy_server.as_client())
    entry = OutboxEntry.objects.get()
    assert "This name is not allowed" in page(visitor, "/server/queue/?state=parked")
    toy_server.refuses.clear()
    visitor.post("/server/queue/answer/retry/", {"entry": str(entry.pk)})
    deliver(toy_server.as_client())
    assert not OutboxEntry.objects.exists()


def test_all_that_match_are_as_many_as_were_confirmed(visitor: Client, toy_server: ToyServer) -> None:
    add_toy("Toy 1")
    add_toy("Toy 2")
    add_toy("Other")
    html = page(visitor, "/server/queue/answer/drop/?all=1&q=Toy&confirmed_count=2")
    assert 'name="confirmed_count" value="2"' in html
    add_toy("Toy 3")
    values = {"all": "1", "q": "Toy", "confirmed_count": "2"}
    refused = visitor.post("/server/queue/answer/drop/", values)
    assert refused.status_code == 422
    assert "You confirmed 2 changes, now it is 3" in refused.content.decode()
    assert OutboxEntry.objects.count() == 4
    unseen = visitor.post("/server/queue/answer/drop/", {"all": "1", "q": "Toy"})
    assert unseen.status_code == 422
    assert "Look first" in unseen.content.decode()
    visitor.post("/server/queue/answer/drop/", {**values, "confirmed_count": "3"})
    assert [name for (name,) in sql("SELECT name FROM toy")] == ["Other"]


def test_very_many_are_given_up_in_the_background(
    visitor: Client, toy_server: ToyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks_app import execution
    from tasks_app.mirror_pages import answering

    monkeypatch.setattr(answering, "AT_ONCE", 3)
    monkeypatch.setattr(answering, "_PORTION", 2)
    for number in range(5):
        add_toy(f"Toy {number}")
    visitor.post("/server/queue/answer/drop/", {"all": "1", "confirmed_count": "5"})
    assert OutboxEntry.objects.count() == 5
    run = TaskRun.objects.get(task_id="answer_outbox")
    assert run.title == "Drop: 5 changes for the server"
    add_toy("Made meanwhile")
    execution.execute_queued_run(run.pk)
    run.refresh_from_db()
    assert (run.success_count, run.message) == (5, "5 changes dropped.")
    assert [name for (name,) in sql("SELECT name FROM toy")] == ["Made meanwhile"]


def test_nothing_chosen_and_unknown_answers(visitor: Client) -> None:
    assert "Tick what you mean first" in page(visitor, "/server/queue/answer/?answer=drop")
    assert visitor.post("/server/queue/answer/drop/").status_code == 422
    assert visitor.get("/server/queue/answer/?answer=explode").status_code == 404
    assert visitor.post("/server/queue/answer/explode/").status_code == 404


# What vanished in great numbers ---------------------------------------------------------------------------------------


def vanished(server: ToyServer) -> None:
    pulled(server, *[f"Toy {number}" for number in range(30)])
    server.toys.clear()
    pull(server.as_client())


def test_what_would_vanish_is_shown_before_it_does(visitor: Client, toy_server: ToyServer) -> None:
    vanished(toy_server)
    assert "30 of 30 toys" in page(visitor, "/server/")
    html = page(visitor, "/server/vanished/toy/")
    assert "Toy 17" in html
    assert "Delete 30 here too" in html
    assert "All of them are no longer on the server" in html
    assert "This cannot be undone: afterwards only a backup has them." in html  # no toy can be brought back
    assert "made on the server again" in html
    assert sql("SELECT count(*) FROM toy") == [(30,)]


@pytest.mark.parametrize(("answer", "here", "there"), [("accept", 0, 0), ("keep", 30, 30)])
def test_the_question_is_answered(visitor: Client, toy_server: ToyServer, answer: str, here: int, there: int) -> None:
    vanished(toy_server)
    assert visitor.post("/server/vanished/toy/", {"answer": answer, "count": "29"}).status_code == 422
    assert visitor.post("/server/vanished/toy/", {"answer": "perhaps", "count": "30"}).status_code == 422
    assert visitor.post("/server/vanished/toy/", {"answer": answer, "count": "30"})["Location"] == "/server/"
    deliver(toy_server.as_client())
    pull(toy_server.as_client())
    assert sql("SELECT count(*) FROM toy") == [(here,)]
    assert len(toy_server.toys) == there
    assert visitor.get("/server/vanished/toy/")["Location"] == "/server/", "settled"


def test_pages_need_a_sign_in(toy_server: ToyServer) -> None:
    User.objects.create_superuser("alice", "", "correct horse")
    for address in ("/server/", "/server/queue/", "/server/live/", "/server/mark/", "/server/vanished/toy/"):
        assert Client().get(address).status_code == 302
    assert Client().post("/server/sync/").status_code == 302
    assert not TaskRun.objects.exists()
