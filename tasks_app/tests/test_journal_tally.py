"""Counting and paging by the tally give what reading every entry would give."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tasks_app import journal_tally
from tasks_app.journal import build_entry, log_entries
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_pages import journal_page
from tasks_app.models import JournalBatch, JournalEntry, JournalTally

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 8, 10, 30, tzinfo=UTC)


@pytest.fixture
def spread():
    """Some 300 entries over two days, several per minute here and none for hours there, batches among them."""
    chance = random.Random(5)
    entries = []
    for number in range(300):
        batch = chance.choice(["", "", "aaaaaaaa", "bbbbbbbb"])
        entry = build_entry(
            chance.choice(["channel", "m3u"]), chance.choice(["create", "update", "refresh"]), entity_name=str(number),
            description="x", batch_id=batch,
        )  # fmt: skip
        entry.timestamp = START + timedelta(minutes=chance.choice([number, number * 9, 600]))
        entry.user_initiated = chance.random() < 0.5
        entries.append(entry)
    return log_entries(entries)


FILTERS = [
    JournalFilter(),
    JournalFilter(category="m3u"),
    JournalFilter(action="update", user_initiated=True),
    JournalFilter(category="channel", action="create", user_initiated=False),
    JournalFilter(since=START + timedelta(hours=3, minutes=7)),
    JournalFilter(until=START + timedelta(hours=30, minutes=59, seconds=59)),
    JournalFilter(since=START + timedelta(hours=2), until=START + timedelta(hours=20), category="m3u"),
    JournalFilter(since=START + timedelta(minutes=31), until=START + timedelta(minutes=59)),
    JournalFilter(since=START + timedelta(days=99)),
    JournalFilter(category="none"),
]


@pytest.mark.parametrize("wanted", FILTERS)
def test_counts_are_those_of_the_entries(spread, wanted):
    counts = journal_tally.count(wanted)
    assert counts.entries == wanted.entries().count()
    assert counts.lines == wanted.entries().filter(leads=True).count()


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("every", [True, False])
def test_every_page_is_where_it_would_be(spread, wanted, every, monkeypatch):
    monkeypatch.setattr(journal_tally, "NEAR", 0)
    lines = wanted.entries() if every or not wanted.folds_batches else wanted.entries().filter(leads=True)
    expected = list(lines.values_list("pk", flat=True))
    seen = []
    for number in range(1, 50):
        page = journal_page(wanted, number=number, size=17, every=every)
        seen += [row.entry.pk for row in page.rows]
        assert (page.lines, page.pages) == (len(expected), max(1, -(-len(expected) // 17)))
        if not page.has_next:
            break
    assert seen == expected


def test_the_tally_follows_changes_and_deletions(spread):
    JournalEntry.objects.filter(category="m3u").update(category="epg")
    JournalEntry.objects.filter(action_type="create").delete()
    for wanted in (
        JournalFilter(),
        JournalFilter(category="epg"),
        JournalFilter(category="m3u"),
        JournalFilter(action="create"),
    ):
        assert journal_tally.count(wanted).entries == wanted.entries().count()
    assert not JournalTally.objects.filter(entries__lte=0).exists()
    for batch in ("aaaaaaaa", "bbbbbbbb"):
        assert journal_tally.count_batch(batch) == JournalEntry.objects.filter(batch_id=batch).count()
    JournalEntry.objects.all().delete()
    assert not JournalTally.objects.exists()
    assert not JournalBatch.objects.exists()


def test_no_query_of_a_page_reads_the_whole_journal(spread):
    """The plans name an index for each table, so they stay quick at a million entries."""
    from django.test.utils import CaptureQueriesContext

    wanted = [*FILTERS, JournalFilter(batch_id="aaaaaaaa"), JournalFilter(category="m3u", entity_id=5)]
    with CaptureQueriesContext(connection) as asked:
        for each in wanted:
            journal_page(each, number=1, size=50)
    bad = []
    with connection.cursor() as cursor:
        for query in {query["sql"] for query in asked if query["sql"].startswith("SELECT")}:
            cursor.cursor.execute(f"EXPLAIN QUERY PLAN {query}") if hasattr(cursor, "cursor") else cursor.execute(query)
            steps = [row[3] for row in cursor.fetchall()]
            bad += [(step, query) for step in steps if step == "SCAN tasks_app_journalentry"]
    assert bad == []


def test_the_history_of_one_thing_and_what_is_left_to_undo_have_indexes_of_their_own():
    def plan(rows):
        return rows.explain()

    one = JournalFilter(category="channel", entity_id=5).entries().values_list("pk", flat=True)
    assert "journal_entity" in plan(one)
    assert "TEMP B-TREE" not in plan(one)
    left = JournalEntry.objects.filter(batch_id="x", undoable=True, undone_by=None, entity_type__in=["a", "b"])
    assert "journal_to_undo" in plan(left.order_by("-pk").values_list("pk", flat=True))
