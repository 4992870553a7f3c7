"""The bell, its panel, the page with all notifications, and what can be done with one (50 §3.2, N-3, N-6, N-7)."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasks_app.engine import run_here
from tasks_app.models import Notification, RunStatus, TaskRun, WorkerBeat
from tasks_app.notifications import run_notices, worker_gone
from tasks_app.notifications.notify import notify
from tasks_app.notifications.queries import bell_state
from tasks_app.registry import TaskResult
from tasks_app.templatetags.notifications import bell_time
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def no_look_at_the_worker(monkeypatch):
    monkeypatch.setattr("tasks_app.views.notifications.look_for_worker", lambda now: False)


def working_run(**values) -> TaskRun:
    """A run that works right now, with its live line."""
    run = TaskRun.objects.create(
        task_id="sample", lock_key=str(values), title="Sample", status=RunStatus.RUNNING, worker="x:1@1", **values
    )
    run_notices.on_run_started(run)
    return run


def watch(client: Client, **query):
    return client.get(reverse("notifications:watch"), query, **HTMX)


def test_nothing_new_is_no_answer_for_one_query(alice, django_assert_num_queries):
    notify("info", "x")
    state = bell_state()
    alice.get(reverse("notifications:watch"))  # session and user are cached nowhere: count what comes on top of them
    with django_assert_num_queries(3):  # session, user, state
        answer = watch(alice, seen=state.token, since=state.news)
    assert (answer.status_code, answer.content) == (204, b"")


def test_polling_costs_the_same_with_thousands_of_notifications(alice):
    def queries():
        state = bell_state()
        with CaptureQueriesContext(connection) as captured:
            watch(alice, seen="old", since=0)
            watch(alice, seen=state.token, since=state.news)
            alice.get(reverse("notifications:panel"), **HTMX)
            alice.get(reverse("notifications:list"))
        return [query["sql"] for query in captured]

    notify("error", "first")
    run = working_run()
    alice.get(reverse("notifications:list"))  # the first visit also notes when it was
    few = queries()
    Notification.objects.bulk_create(
        Notification(
            kind="error", title=f"n{number}", message="x" * 200, source="s", source_id=str(number), revision=number, news=number
        )
        for number in range(5000)
    )
    for number in range(30):
        with known_task(lambda task: TaskResult(False, "no"), f"t{number}"):
            run_here(f"t{number}")
    assert len(queries()) == len(few)
    with connection.cursor() as cursor:
        state_sql = next(sql for sql in few if "COALESCE" in sql and "EXISTS" in sql)
        cursor.execute("EXPLAIN QUERY PLAN " + state_sql)
        plan = [row[3] for row in cursor.fetchall()]
    assert not [step for step in plan if step.startswith("SCAN tasks_app_notification") and "INDEX" not in step], plan
    assert run.pk


@pytest.mark.parametrize(("unread", "badge"), [(0, ""), (1, "1"), (99, "99"), (100, "99+"), (120, "99+")])
def test_the_badge_counts_unread_ones_up_to_99(alice, unread, badge):
    Notification.objects.bulk_create(Notification(message="x") for _ in range(unread))
    Notification.objects.create(message="read", read=True)
    assert bell_state().badge == badge
    page = alice.get(reverse("journal:list")).content.decode()
    assert (f'aria-hidden="true">{badge}</span>' in page) == bool(badge)
    assert f"Notifications, {'more than 99' if unread > 99 else unread or 'none'} unread" in page


def test_a_live_line_is_not_counted_but_makes_the_bell_ask_more_often(alice):
    assert "every 8s" in alice.get(reverse("journal:list")).content.decode()
    working_run(current=5, total=10)
    page = alice.get(reverse("journal:list")).content.decode()
    assert "every 2s" in page
    assert "none unread, 1 running" in page


def test_a_change_is_answered_with_the_new_bell_and_tells_the_lists(alice):
    old = bell_state().token
    notify("warning", "x")
    answer = watch(alice, seen=old, since=0)
    assert "notifications:listed" in answer["HX-Trigger"]
    assert "notifications:news" not in answer["HX-Trigger"]
    assert 'id="bell-count" hx-swap-oob="true"' in answer.content.decode()
    assert bell_state().token in answer.content.decode()


def test_news_is_told_once_with_where_to_go(alice):
    old = bell_state().token
    notify("error", "It <b>failed</b>", title="Acme", source="m3u", action_label="Open account", action_url="/m3u/7/")
    row = notify("info", "Look", source="auto_creation", metadata={"toast": True})
    answer = watch(alice, seen=old, since=0)
    items = json.loads(answer["HX-Trigger"])["notifications:news"]["items"]
    assert [(item["kind"], item["text"], item["toast"]) for item in items] == [
        ("error", "Acme: It <b>failed</b>", False),
        ("info", "Look", True),
    ]
    assert items[0]["link"]["text"] == "Open account"
    assert alice.get(items[0]["link"]["href"])["Location"] == "/m3u/7/"
    assert items[1]["link"] is None
    assert watch(alice, seen=bell_state().token, since=row.news).status_code == 204


@pytest.mark.parametrize("odd", ["", "x", "-1", "9" * 30, "1e3"])
def test_an_odd_question_of_the_poller_is_answered(alice, odd):
    notify("error", "x")
    assert watch(alice, seen=odd, since=odd).status_code == 200


def test_live_lines_on_screen_are_kept_fresh_and_go_when_the_run_ends(alice):
    run = working_run(current=3, total=10, phase="importing")
    state = bell_state()
    assert watch(alice, seen=state.token, since=0).status_code == 204  # nobody has them on screen
    TaskRun.objects.filter(pk=run.pk).update(current=4)
    body = watch(alice, seen=state.token, since=0, parts="1").content.decode()
    assert "4/10 (40.0%)" in body
    assert 'id="notification-live" class="notification-live" hx-swap-oob="true"' in body
    run.status, run.success = RunStatus.COMPLETED, True
    run.save()
    run_notices.on_run_finished(run)
    ended = watch(alice, seen=state.token, since=0, parts="1")
    assert "notifications:listed" in ended["HX-Trigger"]
    assert "notification-live" not in ended.content.decode().replace("#notification-live", "")


def test_a_live_line_can_be_cancelled_but_neither_read_nor_deleted(alice):
    run = working_run()
    row = Notification.objects.get()
    for page in (alice.get(reverse("notifications:panel"), **HTMX), alice.get(reverse("notifications:list"))):
        body = page.content.decode()
        assert reverse("tasks:run_cancel", args=[run.pk]) in body
        assert reverse("notifications:read", args=[row.pk]) not in body
        assert reverse("notifications:delete", args=[row.pk]) not in body
    for name in ("notifications:read", "notifications:delete"):
        alice.post(reverse(name, args=[row.pk]), {"read": "1"})
    alice.post(reverse("notifications:mark_all_read"))
    alice.post(reverse("notifications:delete_read"))
    alice.post(reverse("notifications:delete_all"))
    row.refresh_from_db()
    assert not row.read


def test_the_panel_shows_the_newest_twenty(alice):
    for number in range(23):
        notify("info", f"number {number}.")
    body = alice.get(reverse("notifications:panel"), **HTMX).content.decode()
    assert body.count('class="notification is-unread"') == 20
    assert "number 22." in body
    assert "number 2." not in body
    assert alice.get(reverse("notifications:panel"))["Location"] == reverse("notifications:list")


def test_reading_unreading_and_deleting(alice):
    row = notify("info", "x")
    answer = alice.post(reverse("notifications:read", args=[row.pk]), {"read": "1"}, **HTMX)
    assert answer.status_code == 204
    assert "notifications:changed" in answer["HX-Trigger"]
    row.refresh_from_db()
    assert row.read
    assert row.read_at is not None
    alice.post(reverse("notifications:read", args=[row.pk]), {"read": "0"}, **HTMX)
    row.refresh_from_db()
    assert (row.read, row.read_at) == (False, None)
    alice.post(reverse("notifications:delete", args=[row.pk]), **HTMX)
    assert not Notification.objects.exists()
    assert alice.post(reverse("notifications:delete", args=[row.pk]), **HTMX).status_code == 404


def test_plain_forms_come_back_to_where_they_were(alice):
    row = notify("info", "x")
    back = reverse("notifications:list") + "?show=unread"
    assert alice.post(reverse("notifications:read", args=[row.pk]), {"read": "1", "next": back})["Location"] == back
    away = alice.post(reverse("notifications:delete", args=[row.pk]), {"next": "https://evil.example/"})
    assert away["Location"] == reverse("notifications:list")


def test_all_at_once(alice):
    rows = [notify("info", str(number)) for number in range(5)]
    for row in rows[:3]:
        alice.post(reverse("notifications:read", args=[row.pk]), {"read": "1"})
    alice.post(reverse("notifications:delete_read"))
    assert Notification.objects.count() == 2
    alice.post(reverse("notifications:mark_all_read"))
    assert not Notification.objects.filter(read=False).exists()
    assert "2 notifications go away" in alice.get(reverse("notifications:delete_all")).content.decode()
    assert Notification.objects.count() == 2  # asking deletes nothing
    alice.post(reverse("notifications:delete_all"))
    assert not Notification.objects.exists()


def test_following_a_link_marks_as_read(alice):
    row = notify("warning", "x", metadata={"action_type": "configure_task", "task_id": "m3u_refresh"})
    assert "Edit schedule" in alice.get(reverse("notifications:list")).content.decode()
    where = alice.get(reverse("notifications:go", args=[row.pk, "task"]))["Location"]
    assert where == reverse("tasks:scheduled", query={"task": "m3u_refresh"})
    row.refresh_from_db()
    assert row.read
    for odd in ("action", "run", "nonsense"):
        assert alice.get(reverse("notifications:go", args=[row.pk, odd])).status_code == 404


def test_a_stored_address_that_leads_elsewhere_is_not_followed(alice):
    row = notify("info", "x")
    Notification.objects.filter(pk=row.pk).update(action_url="//evil.example/", action_label="Go")
    assert alice.get(reverse("notifications:go", args=[row.pk, "action"])).status_code == 404


def test_a_failed_run_is_tried_again_with_its_parameters(alice):
    with known_task(lambda task: TaskResult(False, "no")):
        failed = run_here("sample", {"account": 7})
        row = Notification.objects.get()
        assert "Try again" in alice.get(reverse("notifications:list")).content.decode()
        answer = alice.post(reverse("notifications:retry", args=[row.pk]), **HTMX)
        again = TaskRun.objects.exclude(pk=failed.pk).get()
        assert (again.status, again.parameters) == (RunStatus.QUEUED, {"account": 7})
        assert again.user.username == "alice"
        row.refresh_from_db()
        assert row.read
        toasts = json.loads(answer["HX-Trigger"])["toasts"]["items"]
        assert "has been started" in toasts[0]["text"]
        assert toasts[0]["run"] == reverse("tasks:run", args=[again.pk])
        busy = alice.post(reverse("notifications:retry", args=[row.pk]), **HTMX)
        assert "already waiting" in busy["HX-Trigger"]
    assert TaskRun.objects.count() == 2


def test_a_run_that_is_gone_or_unknown_cannot_be_tried_again(alice):
    with known_task(lambda task: TaskResult(False, "no")):
        run_here("sample")
    row = Notification.objects.get()
    assert "no task" in alice.post(reverse("notifications:retry", args=[row.pk]), **HTMX)["HX-Trigger"]
    TaskRun.objects.all().delete()
    row.refresh_from_db()
    assert row.run is None
    assert "no longer kept" in alice.post(reverse("notifications:retry", args=[row.pk]), **HTMX)["HX-Trigger"]
    body = alice.get(reverse("notifications:list")).content.decode()
    assert "Try again" not in body
    assert "Open run" not in body


def test_a_run_that_was_deleted_past_django_leaves_a_line_without_its_link(alice):
    with known_task(lambda task: TaskResult(False, "no")):
        run = run_here("sample")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tasks_app_taskrunlog")
        cursor.execute("DELETE FROM tasks_app_taskrun WHERE id = %s", [run.pk])
    row = Notification.objects.get()
    body = alice.get(reverse("notifications:list")).content.decode()
    assert "Sample sample" in body
    assert "Open run" not in body
    assert alice.get(reverse("notifications:go", args=[row.pk, "run"])).status_code == 404
    assert alice.get(f"/api/notifications/{row.pk}").json()["type"] == "error"


def test_filters_and_pages(alice):
    for number in range(120):
        notify("error" if number % 2 else "info", f"text {number}", title=f"Number {number}")
    Notification.objects.filter(title="Number 5").update(read=True)

    def shown(**query):
        return alice.get(reverse("notifications:list"), query).context["page"]

    assert (shown().total, shown().pages, len(shown(page=3).rows), len(shown(page=99).rows)) == (120, 3, 20, 20)
    assert shown(kind="error").total == 60
    assert shown(kind="error", show="unread").total == 59
    assert shown(q="TEXT 77").total == 1
    assert shown(kind="bogus", page="x").total == 120
    assert "No notification matches" in alice.get(reverse("notifications:list"), {"q": "%"}).content.decode()


def test_hostile_text_stays_text(alice):
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    notify("error", evil, title=evil, source=evil, action_label=evil[:40], action_url="/m3u/")
    run = working_run(current_item=evil, phase=evil[:40])
    Notification.objects.filter(run=run).update(title=evil)
    for page in (
        alice.get(reverse("notifications:panel"), **HTMX),
        alice.get(reverse("notifications:list")),
        watch(alice, seen="", since=0, parts="1"),
    ):
        body = page.content.decode()
        assert "&lt;script&gt;" in body or "alert" not in body
        assert "<script>alert" not in body
        assert "<img src=x" not in body


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5m ago"),
        (timedelta(hours=3), "3h ago"),
        (timedelta(days=6, hours=23), "6d ago"),
        (timedelta(days=8), "26 Apr 2026"),
    ],
)
def test_times_are_relative_for_a_week(time_machine_at, ago, words):
    assert bell_time(timezone.now() - ago) == words


def test_a_worker_that_died_is_told_once_and_one_that_was_stopped_is_not(time_machine_at):
    now = timezone.now()
    assert not worker_gone.tell_if_gone(now)  # none was ever there
    WorkerBeat.objects.create(worker="x:1@1", seen_at=now)
    assert not worker_gone.tell_if_gone(now + timedelta(seconds=40))
    assert worker_gone.tell_if_gone(now + timedelta(seconds=50))
    assert not worker_gone.tell_if_gone(now + timedelta(minutes=30))
    row = Notification.objects.get()
    assert (row.kind, row.metadata["toast"]) == ("error", True)
    WorkerBeat.objects.update(seen_at=now + timedelta(hours=1))
    assert not worker_gone.tell_if_gone(now + timedelta(hours=1))
    row.refresh_from_db()
    assert (row.kind, row.read, "is back" in row.message) == ("success", True, True)
    assert worker_gone.tell_if_gone(now + timedelta(hours=2))


@pytest.mark.parametrize("name", ["list", "watch", "panel"])
def test_signed_out_people_are_asked_to_sign_in(alice, client, name):
    notify("info", "secret words")
    assert client.get(reverse(f"notifications:{name}"), **HTMX).status_code == 401
    assert client.get(reverse(f"notifications:{name}"))["Location"].startswith("/sign-in/")
