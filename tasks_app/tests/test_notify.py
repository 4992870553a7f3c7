"""notify(): what is stored, what counts as the same again, and that it never fails whoever calls it (50 §3.1, N-4)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from tasks_app.models import Notification, ToldOnce
from tasks_app.notifications import store
from tasks_app.notifications.change_notifications import delete, delete_by_source, set_read
from tasks_app.notifications.notify import notify, notify_once
from tasks_app.notifications.queries import bell_state, newest, news_since

pytestmark = pytest.mark.django_db


def test_the_same_within_ten_minutes_counts_instead_of_adding():
    first = notify("warning", "3 days left", title="Acme", source="m3u", source_id=7, metadata={"a": 1})
    again = notify("error", "It has expired", title="Acme", source="m3u", source_id="7", metadata={"b": 2})
    assert (again.pk, again.count, again.kind, again.message) == (first.pk, 2, "error", "It has expired")
    assert again.metadata == {"a": 1, "b": 2}
    assert again.created_at == first.created_at
    assert again.last_at > first.last_at
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [{"title": "Other"}, {"source": "epg"}, {"source_id": "8"}],
    ids=lambda change: next(iter(change)),
)
def test_something_else_is_a_line_of_its_own(change):
    values = {"title": "Acme", "source": "m3u", "source_id": "7"}
    notify("error", "It failed", **values)
    notify("error", "It failed", **(values | change))
    assert [row.count for row in Notification.objects.all()] == [1, 1]


def test_without_a_source_nothing_is_the_same():
    notify("info", "One")
    notify("info", "Two")
    assert Notification.objects.count() == 2


def test_what_was_read_or_is_long_ago_is_not_continued(time_machine_at):
    start = timezone.now()
    first = notify("error", "x", source="m3u")
    time_machine_at(start + timedelta(minutes=10))
    assert notify("error", "x", source="m3u").pk == first.pk  # exactly ten minutes still counts, and the window moves along
    time_machine_at(start + timedelta(minutes=20, seconds=1))
    second = notify("error", "x", source="m3u")
    assert second.pk != first.pk
    set_read(second, True)
    assert notify("error", "x", source="m3u").pk not in (first.pk, second.pk)


def test_hostile_text_is_kept_as_text_masked_and_within_bounds():
    row = notify(
        "bogus",
        "a\x00b http://user:hunter2@provider.example/get.php?password=hunter2 " + "x" * 9000,
        title="<script>alert(1)</script>\n" + "y" * 500,
        source="s" * 80,
        source_id="i" * 200,
        action_label="l" * 80,
        action_url="/m3u/",
        metadata={"password": "hunter2", "url": "http://u:hunter2@h/", "nan": float("nan")},
    )
    row.refresh_from_db()
    assert row.kind == "info"
    assert "hunter2" not in row.message + str(row.metadata)
    assert "\x00" not in row.message
    assert row.title.startswith("<script>alert(1)</script> yyy")
    assert [len(row.title), len(row.message), len(row.source), len(row.source_id), len(row.action_label)] == [
        255,
        4000,
        50,
        100,
        50,
    ]


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\\\\evil", "m3u/", "/" + "a" * 500],
)
def test_an_action_that_leads_elsewhere_is_dropped_with_its_label(url):
    row = notify("info", "x", action_label="Go", action_url=url)
    assert (row.action_label, row.action_url) == ("", "")


def test_a_failure_is_logged_and_harms_no_transaction(monkeypatch, caplog):
    def refuse():
        raise DatabaseError("disk full")

    monkeypatch.setattr(store, "next_revision", refuse)
    with transaction.atomic():
        ToldOnce.objects.create(key="before")
        assert notify("error", "x", source="m3u") is None
        assert notify_once("once", "error", "x") is None
        ToldOnce.objects.create(key="after")
    assert set(ToldOnce.objects.values_list("key", flat=True)) == {"before", "after"}
    assert "could not be stored" in caplog.text


def test_told_once_is_not_told_again_even_when_deleted():
    row = notify_once("expiring:7:2026-05-01", "warning", "x", source="m3u")
    delete(row)
    assert notify_once("expiring:7:2026-05-01", "warning", "x", source="m3u") is None
    assert notify_once("expiring:7:2026-06-01", "warning", "x", source="m3u") is not None


def test_only_errors_and_wishes_to_pop_up_are_news_and_each_only_once():
    notify("warning", "quiet", source="a")
    error = notify("error", "loud", source="b")
    popup = notify("info", "pop", source="c", metadata={"toast": True})
    assert [row.pk for row in news_since(0)] == [error.pk, popup.pk]
    notify("error", "loud again", source="b")
    assert [row.pk for row in news_since(error.news)] == [popup.pk]
    assert news_since(popup.news) == []
    worse = notify("error", "no longer quiet", source="a")
    assert [row.pk for row in news_since(popup.news)] == [worse.pk]


def test_old_news_does_not_pop_up(time_machine_at):
    start = timezone.now()
    notify("error", "loud")
    time_machine_at(start + timedelta(minutes=3))
    assert news_since(0) == []


def test_every_change_gives_the_bell_another_token():
    seen = {bell_state().token}
    rows = [notify("info", str(number)) for number in range(3)]
    for change in (
        lambda: set_read(rows[0], True),
        lambda: set_read(rows[0], False),
        lambda: delete(rows[2]),
        lambda: notify("info", "after the newest was deleted"),
        lambda: delete_by_source("nobody"),
    ):
        before = bell_state().token
        assert before == bell_state().token
        change()
        seen.add(bell_state().token)
    assert len(seen) == 5  # the last change changed nothing
    assert [row.message for row in newest()] == ["after the newest was deleted", "1", "0"]
