"""Notifications as JSON: the table of 50 §3.2 and the examples 96 to 99."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tasks_app import post_notification
from tasks_app.models import Notification, RunStatus, TaskRun
from tasks_app.notifications import run_notices
from tasks_app.notifications.notify import notify
from tasks_app.notifications.retention import delete_old_notifications, old_notifications

pytestmark = pytest.mark.django_db
BASE = "/api/notifications"


def post(client: Client, **values):
    return client.post(BASE, json.dumps(values), content_type="application/json")


def test_creating_answers_with_what_was_stored(alice):
    answer = post(alice, type="warning", message="Look", title="T", source="script", source_id=7, metadata={"a": 1})
    assert answer.status_code == 201
    stored = answer.json()
    assert (stored["type"], stored["message"], stored["source_id"], stored["read"]) == ("warning", "Look", "7", False)
    assert stored["created_at"].endswith("Z")
    assert post(alice, type="warning", message="Look again", title="T", source="script", source_id=7).json()["count"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"type": "bogus", "message": "x"},
        {"type": "info", "message": ""},
        {"type": "info", "message": "   "},
        {"type": "info"},
        {"message": 5},
        {"message": "x", "title": "y" * 256},
        {"message": "x", "title": {"a": 1}},
        {"message": "x", "metadata": [1]},
        {"message": "x", "action_url": "https://evil.example/"},
        {"message": "x", "action_url": "//evil.example/"},
        {"message": "x", "send_alerts": "yes"},
    ],
)
def test_what_cannot_be_stored_is_refused_with_the_reason(alice, body):
    answer = post(alice, **body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not Notification.objects.exists()


def test_a_posted_one_goes_to_the_alert_methods_unless_told_otherwise(alice, monkeypatch):
    raised = []
    monkeypatch.setattr(
        post_notification, "raise_alert", lambda event: raised.append((event.severity, event.title, event.source))
    )
    post(alice, type="error", message="Disk full", title="NAS", source="script")
    post(alice, type="error", message="Disk full", title="NAS", source="script", send_alerts=False)
    assert raised == [("error", "NAS", "script")]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_body_that_is_no_object_is_refused(alice, body):
    assert alice.post(BASE, body, content_type="application/json").status_code == 400


def test_listing_filters_pages_and_counts(alice):
    for number in range(7):
        notify("error" if number < 3 else "info", f"n{number}")
    Notification.objects.filter(message="n0").update(read=True)
    everything = alice.get(BASE).json()
    assert (everything["total"], everything["unread_count"]) == (7, 6)
    assert [row["message"] for row in everything["notifications"]] == [f"n{number}" for number in range(6, -1, -1)]
    second = alice.get(BASE, {"page": 2, "page_size": 5}).json()
    assert [row["message"] for row in second["notifications"]] == ["n1", "n0"]
    assert alice.get(BASE, {"notification_type": "error", "unread_only": "true"}).json()["total"] == 2
    assert alice.get(BASE, {"page_size": 9999}).json()["page_size"] == 200
    assert alice.get(BASE, {"notification_type": "bogus"}).status_code == 400
    assert alice.get(BASE, {"unread_only": "perhaps"}).status_code == 400


def test_a_live_one_tells_where_its_run_stands_and_cannot_be_changed(alice):
    run = TaskRun.objects.create(
        task_id="t", lock_key="t", title="Probe", status=RunStatus.RUNNING, phase="probing", current=3, total=12
    )
    run_notices.on_run_started(run)
    shown = alice.get(BASE).json()["notifications"][0]
    assert (shown["live"], shown["message"], shown["source"], shown["source_id"]) == (
        True,
        "3/12 (25.0%)",
        "task_t",
        str(run.pk),
    )
    assert (shown["metadata"]["percentage"], shown["metadata"]["status"]) == (25.0, "probing")
    assert alice.patch(f"{BASE}/{shown['id']}?read=true").status_code == 409
    assert alice.delete(f"{BASE}/{shown['id']}").status_code == 409
    assert alice.delete(f"{BASE}?read_only=false").json() == {"deleted": 0}


def test_reading_is_set_or_turned_and_clearing_forgets_when(alice):
    row = notify("info", "x")
    assert alice.patch(f"{BASE}/{row.pk}?read=true").json()["read_at"].endswith("Z")
    again = alice.patch(f"{BASE}/{row.pk}?read=true").json()
    assert again["read"] is True
    cleared = alice.patch(f"{BASE}/{row.pk}?read=false").json()
    assert (cleared["read"], cleared["read_at"]) == (False, None)
    assert alice.patch(f"{BASE}/{row.pk}").json()["read"] is True
    assert alice.patch(f"{BASE}/{row.pk}").json()["read"] is False
    assert alice.patch(f"{BASE}/{row.pk}?read=maybe").status_code == 400
    assert alice.get(f"{BASE}/{row.pk}").json()["message"] == "x"


def test_marking_all_and_deleting(alice):
    for number in range(5):
        notify("info", str(number), source="s", source_id=number)
    assert alice.patch(f"{BASE}/mark-all-read").json() == {"marked_read": 5}
    assert alice.patch(f"{BASE}/mark-all-read").json() == {"marked_read": 0}
    notify("info", "6", source="s", source_id=6)
    notify("info", "7", source="other")
    assert alice.delete(f"{BASE}/by-source?source=s&source_id=3").json() == {"deleted": 1}
    assert alice.delete(BASE).json() == {"deleted": 4}  # example 99: by default the read ones only
    assert alice.delete(f"{BASE}/by-source?source=s").json() == {"deleted": 1}
    assert alice.delete(f"{BASE}/by-source").status_code == 400
    assert alice.delete(f"{BASE}?read_only=false").json() == {"deleted": 1}


def test_what_is_not_there_or_not_offered(alice, client):
    assert alice.delete(f"{BASE}/12345").status_code == 404
    assert alice.patch(f"{BASE}/12345?read=true").status_code == 404
    assert alice.delete(f"{BASE}/{10**30}").status_code == 404
    assert alice.put(BASE).status_code == 405
    assert client.get(BASE).status_code == 401
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies
    assert post(strict, type="info", message="x").status_code == 403


def test_clean_up_goes_by_the_own_end_first():
    now = timezone.now()
    old = now - timedelta(days=60)
    for name, end in (("kept", now + timedelta(days=7)), ("without", None), ("ended", now - timedelta(days=1))):
        Notification.objects.create(message=name, created_at=old, last_at=old, expires_at=end)
    Notification.objects.create(message="young", last_at=now - timedelta(days=29))
    Notification.objects.create(message="live", last_at=old, live=True)
    assert old_notifications(now, 30).count() == 2
    assert delete_old_notifications(now, 30) == 2
    assert set(Notification.objects.values_list("message", flat=True)) == {"kept", "young", "live"}
    assert delete_old_notifications(now, 30) == 0
