"""``/api/journal``: filters that are never dropped in silence, pages, figures, purge for administrators (50 §2.3)."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from tasks_app.journal import Actor, acting_as, build_entry, log_entries, log_entry
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def entry(name="x", category="channel", action="update", **values):
    return log_entry(category, action, entity_name=name, description=f"Did {name}.", **values)


def listed(client, **asked):
    answer = client.get("/api/journal", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def names(client, **asked):
    return [row["entity_name"] for row in listed(client, **asked)["results"]]


def test_a_page_holds_everything_about_its_entries(alice):
    with acting_as(Actor(None, "bob")):
        written = entry("Acme", "m3u", "create", entity_type="account", entity_id=7, after={"name": "Acme", "password": "p"})
    answer = listed(alice)
    assert {key: answer[key] for key in ("count", "page", "page_size", "total_pages")} == {
        "count": 1, "page": 1, "page_size": 50, "total_pages": 1,
    }  # fmt: skip
    row = answer["results"][0]
    assert row["timestamp"].endswith("Z")
    assert row["after_value"] == {"name": "Acme", "password": "***"}
    expected = {
        "id": written.pk, "category": "m3u", "action_type": "create", "entity_id": 7, "entity_name": "Acme",
        "description": "Did Acme.", "before_value": None, "user_initiated": True, "user": "bob", "batch_id": None,
    }  # fmt: skip
    assert expected.items() <= row.items()


def test_an_empty_journal_has_one_page(alice):
    assert listed(alice) == {"count": 0, "page": 1, "page_size": 50, "total_pages": 1, "results": []}


def test_page_sizes_are_clamped_and_nothing_is_skipped(alice):
    """50 §18.7 row 126."""
    for number in range(205):
        entry(str(number))
    answer = listed(alice, page_size=500)
    assert (answer["page_size"], answer["total_pages"], len(answer["results"])) == (200, 2, 200)
    rest = listed(alice, page_size=500, page=2)
    assert [row["entity_name"] for row in rest["results"]] == ["4", "3", "2", "1", "0"]
    assert listed(alice, page_size=0)["page_size"] == 1
    assert listed(alice, page=9)["results"] == []


def test_filters_apply_together(alice):
    with acting_as(Actor(None, "bob")):
        entry("one", "m3u", "refresh")
    entry("two", "m3u", "refresh", batch_id="abcd1234")
    old = entry("three", "m3u", "refresh")
    entry("four")
    JournalEntry.objects.filter(pk=old.pk).update(timestamp="2026-03-08T22:00:00Z")
    assert names(alice, category="m3u", action_type="refresh", user_initiated="false") == ["two", "three"]
    assert names(alice, user_initiated="true") == ["one"]
    assert names(alice, date_from="2026-03-08", date_to="2026-03-08") == ["three"]
    assert names(alice, date_from="2026-03-08T22:00:00Z", date_to="2026-03-08T22:00:00Z") == ["three"]
    assert names(alice, date_to="2026-03-08T23:30:00+02:00") == []  # that is 21:30 UTC
    assert names(alice, batch_id="abcd1234") == ["two"]
    assert set(names(alice, search="DID t")) == {"two", "three"}


def test_an_unknown_batch_is_an_empty_list(alice):
    entry()
    assert listed(alice, batch_id="ffffffff")["results"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"date_from": "yesterday"}, {"date_to": "2026-02-30"}, {"date_from": "0000-01-01"}, {"date_from": "9999-12-31"},
        {"date_from": "2026-03-09", "date_to": "2026-03-08"}, {"page": "0"}, {"page": "-1"}, {"page": "x"},
        {"page_size": "many"}, {"user_initiated": "perhaps"}, {"search": "x" * 201}, {"category": "x" * 21},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_422_that_names_it(alice, asked):
    entry()
    answer = alice.get("/api/journal", asked)
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) & set(asked)


def test_figures_cover_the_whole_journal(alice):
    first = entry("a", "m3u", "refresh")
    entry("b", "m3u", "update")
    last = entry("c")
    figures = alice.get("/api/journal/stats").json()
    assert figures["total"] == 3
    assert figures["by_category"] == {"m3u": 2, "channel": 1}
    assert figures["by_action"] == {"update": 2, "refresh": 1}
    for moment, row in ((figures["oldest"], first), (figures["newest"], last)):
        assert moment == row.timestamp.isoformat().replace("+00:00", "Z")


def aged(days, count=1):
    rows = log_entries([build_entry("channel", "update", entity_name="old", description="x") for _ in range(count)])
    JournalEntry.objects.filter(pk__in=[row.pk for row in rows]).update(timestamp=timezone.now() - timedelta(days=days))


def test_purging_forgets_what_is_older_and_says_so(alice):
    aged(91, 600)
    aged(89)
    answer = alice.delete("/api/journal/purge?days=90")
    assert (answer.status_code, answer.json()) == (200, {"deleted": 600, "days": 90})
    note, kept = JournalEntry.objects.all()
    assert kept.entity_name == "old"
    assert (note.action_type, note.user_name, note.after_value) == ("purge", "alice", {"deleted": 600, "days": 90})


@pytest.mark.parametrize("days", ["0", "3651", "-5", "many", "1.5"])
def test_days_out_of_range_are_refused(alice, days):
    """50 §18.7 row 129."""
    aged(9999)
    assert alice.delete(f"/api/journal/purge?days={days}").status_code == 422
    assert JournalEntry.objects.count() == 1


def test_only_administrators_purge(db):
    """50 §18.7 row 129."""
    aged(9999)
    client = Client()
    client.force_login(get_user_model().objects.create_user("eve"))
    assert client.delete("/api/journal/purge?days=90").status_code == 403
    assert client.get("/journal/purge/").status_code == 403
    assert client.post("/journal/purge/", {"days": 1}).status_code == 403
    assert JournalEntry.objects.count() == 1


def test_other_methods_and_strangers_are_refused(alice, client):
    assert alice.get("/api/journal/purge").status_code == 405
    assert alice.post("/api/journal").status_code == 405
    assert client.get("/api/journal").status_code == 401
    assert client.delete("/api/journal/purge?days=90").status_code == 401


def test_a_program_without_the_token_cannot_purge(alice):
    aged(91)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies
    assert strict.delete("/api/journal/purge?days=90").status_code == 403
    assert JournalEntry.objects.count() == 1


def test_queries_do_not_grow_with_the_journal(alice, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    entry()
    alice.get("/api/journal")
    with CaptureQueriesContext(connection) as few:
        alice.get("/api/journal", {"category": "channel"})
    log_entries([build_entry("channel", "update", entity_name=str(n), description="x") for n in range(300)])
    with django_assert_num_queries(len(few)):
        alice.get("/api/journal", {"category": "channel"})
