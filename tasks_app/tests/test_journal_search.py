"""Free text in the journal finds the same with and without the index, and the index follows every change."""

import pytest
from django.db import connection
from django.utils import timezone

from tasks_app import journal_find, journal_index, journal_triggers
from tasks_app.journal import build_entry, log_entries, log_entry
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_pages import journal_page
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db

NAMES = ["100% Sport_1", "Été HD", "ЖИЗНЬ ТВ", "a'b\"c", "* NEAR(x) AND", "x" * 255, "日本語テレビ", "Café", "II", "q7"]


def write(*names, **values):
    rows = [build_entry("channel", "update", entity_name=name, description=f"Did {name}.", **values) for name in names]
    return log_entries(rows)


def found(text, **filters):
    return [row.entry.entity_name for row in journal_page(JournalFilter(text=text, **filters), number=1, size=50).rows]


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0% sport_", "100% Sport_1"), ("été", "Été HD"), ("жизнь", "ЖИЗНЬ ТВ"), ("A'B\"", "a'b\"c"),
        ("near(", "* NEAR(x) AND"), ("* ", "* NEAR(x) AND"), ("語テ", "日本語テレビ"), ("q7", "q7"),
        ("7", "q7"), ("café", "Café"), ("ii", "II"), ("did ii.", "II"),
    ],
)  # fmt: skip
def test_any_text_is_found_as_it_stands(text, name, indexed):
    write(*NAMES)
    if indexed:
        assert journal_index.catch_up() == len(NAMES)
    assert found(text) == [name]


@pytest.mark.parametrize("text", ["1Did", "HDDid", "nothing like it", "\x1f", "%%%", "__", '""""'])
def test_nothing_is_found_that_is_not_there(text):
    write(*NAMES)
    journal_index.catch_up()
    assert found(text) == []


def test_new_entries_are_found_before_the_index_has_them():
    write("old news")
    journal_index.catch_up()
    write("new news")
    assert found("news") == ["new news", "old news"]
    journal_index.index_new_entries(timezone.now())
    assert journal_index.indexed_up_to() == JournalEntry.objects.order_by("-pk")[0].pk
    assert found("news") == ["new news", "old news"]


def test_pages_run_over_the_border_between_index_and_the_rest():
    write(*[f"news {number}" for number in range(7)])
    journal_index.catch_up()
    write(*[f"news {number}" for number in range(7, 12)])
    seen = []
    for number in (1, 2, 3, 4):
        page = journal_page(JournalFilter(text="news"), number=number, size=3)
        seen += [row.entry.entity_name for row in page.rows]
        assert (page.total, page.pages, page.has_next) == (12, 4, number < 4)
    assert seen == [f"news {number}" for number in reversed(range(12))]
    assert journal_page(JournalFilter(text="news"), number=5, size=3).rows == []


@pytest.mark.parametrize("few", [0, 1000])
def test_text_and_other_filters_apply_together_whichever_leads(monkeypatch, few):
    monkeypatch.setattr(journal_find, "_FEW", few)
    write("news one")
    log_entry("m3u", "refresh", entity_name="news two", description="x", entity_id=5, batch_id="abcd1234")
    journal_index.catch_up()
    log_entry("m3u", "refresh", entity_name="news three", description="x", entity_id=5)
    assert found("news", category="m3u") == ["news three", "news two"]
    assert found("news", category="m3u", action="refresh", user_initiated=True) == []
    assert found("news", batch_id="abcd1234") == ["news two"]
    assert found("news", category="m3u", entity_id=5) == ["news three", "news two"]
    assert found("news", until=timezone.now(), since=timezone.now() - timezone.timedelta(hours=1), category="channel") == [
        "news one"
    ]


def test_letters_that_many_contain_are_found_by_reading(monkeypatch):
    monkeypatch.setattr(journal_index, "_RARE", 2)
    write(*[f"n{number}" for number in range(5)])
    journal_index.catch_up()
    assert journal_index.query_for("n") is None
    assert found("n") == ["n4", "n3", "n2", "n1", "n0"]


def test_deleted_and_corrected_entries_leave_the_index():
    first, second, third = write("alpha", "beta", "gamma")
    journal_index.catch_up()
    JournalEntry.objects.filter(pk=first.pk).delete()
    JournalEntry.objects.filter(pk=second.pk).update(description="delta")
    third.undoable = True
    third.save()
    assert found("alpha") == []
    assert found("did beta") == []
    assert found("delta") == ["beta"]
    assert found("gamma") == ["gamma"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM tasks_app_journal_search WHERE tasks_app_journal_search MATCH 'alpha'")
        assert cursor.fetchone()[0] == 0


def test_lost_triggers_are_made_again_and_what_they_missed_is_counted(monkeypatch):
    from tasks_app.journal_tally import statistics

    with connection.cursor() as cursor:
        for name in ("insert", "delete", "count_again", "index_again"):
            cursor.execute(f"DROP TRIGGER tasks_app_journal_{name}")
    write("unseen")
    assert statistics().total == 0
    journal_triggers.after_migrate(using="default")
    assert statistics().total == 1
    write("seen")
    assert statistics().total == 2


def test_a_search_asks_the_index_and_new_entries_by_their_id():
    """Plans stay what they are at a million entries: no scan of the whole table."""
    write(*NAMES)
    journal_index.catch_up()

    def plan(part):
        source, parameters = part._source(None)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN SELECT 1 {source} LIMIT 1", parameters)
            return " | ".join(row[3] for row in cursor.fetchall())

    tail, indexed = journal_find._parts(JournalFilter(text="sport"), None)
    assert "USING INTEGER PRIMARY KEY (rowid>?" in plan(tail)
    assert plan(indexed) == "SCAN found VIRTUAL TABLE INDEX 0:M1"
    # Without statistics SQLite would walk the index on the category instead of the few new ids.
    tail, *_ = journal_find._parts(JournalFilter(text="sport", category="channel"), None)
    assert "USING INTEGER PRIMARY KEY (rowid>?" in plan(tail)
