"""What the journal keeps, what it never keeps, and that its failure never fails the action (J-3)."""

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction

from tasks_app.journal import Actor, acting_as, build_entry, collecting, log_entries, log_entry, log_summary, new_batch_id
from tasks_app.models import JournalEntry, WorkerBeat

pytestmark = pytest.mark.django_db


def test_who_acts_is_written_with_a_name_that_outlives_the_user():
    alice = get_user_model().objects.create_user("alice")
    with acting_as(Actor(alice.pk, "alice")):
        log_entry("m3u", "create", entity_name="Acme", description="Added Acme.")
    log_entry("m3u", "refresh", entity_name="Acme", description="Refreshed Acme.")
    alice.delete()
    refreshed, created = JournalEntry.objects.all()
    assert (created.user_initiated, created.user_name, created.user_id) == (True, "alice", None)
    assert (refreshed.user_initiated, refreshed.user_name) == (False, "")


def test_a_name_is_shortened_and_never_empty():
    long = log_entry("channel", "create", entity_name="n" * 300, description="x")
    nameless = log_entry("channel", "create", entity_name="", description="x")
    assert (len(long.entity_name), nameless.entity_name) == (255, "(no name)")


def test_secrets_are_never_kept_and_addresses_only_where_undoing_needs_them():
    before = {"password": "p1", "api_key": "", "url": "http://joe:pw@host/", "nested": [{"access_token": "t"}]}
    plain = log_entry("m3u", "update", entity_name="Acme", description="New http://joe:pw@host/", before=before, after=before)
    undoable = log_entry("m3u", "update", entity_name="Acme", description="x", before=before, after=None, undoable=True)
    for entry in (plain, undoable):
        entry.refresh_from_db()
        assert entry.before_value["password"] == "***"
        assert entry.before_value["nested"] == [{"access_token": "***"}]
        assert entry.before_value["api_key"] == ""  # that there was none is no secret
    assert plain.before_value["url"] == "http://***@host/"
    assert undoable.before_value["url"] == "http://joe:pw@host/"
    assert plain.description == "New http://***@host/"
    assert undoable.after_value is None


def test_only_the_first_entry_of_a_category_leads_its_batch_however_it_is_written():
    batch = new_batch_id()

    def entry(category):
        return build_entry(category, "update", entity_name="x", description="x", batch_id=batch)

    log_entries([entry("channel"), entry("channel"), entry("m3u")])
    log_entries([entry("channel"), entry("m3u")])
    log_entry("channel", "bulk_update", entity_name="x", description="x", batch_id=batch)
    log_entry("channel", "update", entity_name="alone", description="x")
    leading = JournalEntry.objects.order_by("pk").values_list("leads", flat=True)
    assert list(leading) == [True, False, True, False, False, False, True]


def test_a_journal_that_cannot_be_written_neither_fails_nor_undoes_the_action(monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise DatabaseError("database is locked")

    monkeypatch.setattr(type(JournalEntry.objects), "bulk_create", broken)
    with transaction.atomic():
        WorkerBeat.objects.create(worker="changed")
        assert log_entry("channel", "create", entity_name="x", description="x") is None
    assert WorkerBeat.objects.filter(worker="changed").exists()
    assert "Could not write 1 entries" in caplog.text


def test_collected_entries_are_not_written():
    with collecting() as gathered:
        log_entry("channel", "create", entity_name="x", description="x")
    assert [entry.entity_name for entry in gathered] == ["x"]
    assert not JournalEntry.objects.exists()


def test_a_bulk_operation_ends_with_a_row_that_speaks_for_it():
    """50 J-2; a batch of one speaks for itself."""
    one, many = new_batch_id(), new_batch_id()
    for batch, count in ((one, 1), (many, 3)):
        entries = [
            build_entry("channel", "update", entity_id=n, entity_name="x", description="x", batch_id=batch)
            for n in range(count)
        ]
        log_entries(entries)
        log_summary("channel", batch, f"Changed {count}.", after={"channels": count})
    assert JournalEntry.objects.filter(batch_id=one).count() == 1
    last = JournalEntry.objects.filter(batch_id=many).order_by("-pk")[0]
    assert (last.description, last.action_type, last.entity_id, last.undoable) == ("Changed 3.", "bulk_update", None, False)


@pytest.mark.django_db(transaction=True)
def test_a_locked_journal_fails_nothing(caplog, settings):
    """50 §18.7 row 128: another process holds the database while an action writes its journal row."""
    import sqlite3

    path = str(connection.settings_dict["NAME"])
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert log_entry("channel", "create", entity_name="x", description="x") is None
    finally:
        other.execute("ROLLBACK")
        other.close()
        connection.close()
    assert "Could not write 1 entries" in caplog.text
    assert log_entry("channel", "create", entity_name="x", description="x") is not None
