"""The journal as a file: all that the filters leave, nothing a spreadsheet would execute, in flat memory."""

import csv
import io
import json

import pytest
from django.urls import reverse

from tasks_app import journal_export, journal_index, journal_walk
from tasks_app.journal import build_entry, log_entries, log_entry
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_walk import walk
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def exported(client, form, **asked):
    answer = client.get(reverse("journal:export", args=[form]), asked)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'.{form}"')
    return b"".join(answer.streaming_content).decode()


def rows(client, **asked):
    text = exported(client, "csv", **asked)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_json_and_csv_hold_the_same_entries_with_their_values(alice):
    log_entry("m3u", "update", entity_name="Acme, “TV”\nplus", description='He said "no".',
              before={"n": 1, "url": "http://joe:pw@h/"}, after={"n": 2}, undoable=True)  # fmt: skip
    log_entry("channel", "create", entity_name="Ж", description="Made.", entity_id=3)
    parsed = json.loads(exported(alice, "json"))
    assert [row["entity_name"] for row in parsed] == ["Ж", "Acme, “TV”\nplus"]
    assert parsed[1]["before_value"] == {"n": 1, "url": "http://***@h/"}
    table = rows(alice)
    assert [row["entity_name"] for row in table] == ["Ж", "Acme, “TV”\nplus"]
    assert json.loads(table[1]["before_value"]) == parsed[1]["before_value"]
    assert (table[0]["entity_id"], table[0]["user_initiated"], table[0]["before_value"]) == ("3", "false", "")


def test_an_empty_journal_is_an_empty_list(alice):
    assert json.loads(exported(alice, "json")) == []
    assert rows(alice) == []


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1+1", "=\x00cmd"]
)
def test_no_cell_is_a_formula(alice, name):
    log_entry("channel", "create", entity_name=name, description=name)
    row = rows(alice)[0]
    for cell in (row["entity_name"], row["description"]):
        assert cell.startswith("'")
        assert cell[1:] == name.replace("\x00", "")


def test_the_filters_of_the_page_apply(alice):
    for number in range(5):
        log_entry("channel", "update", entity_name=f"C{number}", description="Changed.")
    log_entry("m3u", "refresh", entity_name="Acme", description="Refreshed.", batch_id="abcd1234")
    assert [row["entity_name"] for row in rows(alice, category="m3u")] == ["Acme"]
    assert [row["entity_name"] for row in rows(alice, batch="abcd1234", page="9", size="25")] == ["Acme"]
    assert [row["entity_name"] for row in rows(alice, q="c3")] == ["C3"]
    answer = alice.get(reverse("journal:export", args=["csv"]), {"range": "custom", "date_from": "yesterday"})
    assert answer.status_code == 422


def test_every_entry_comes_once_however_many_share_a_moment(monkeypatch):
    written = log_entries([build_entry("channel", "update", entity_name=f"N{n % 3}", description="x") for n in range(50)])
    JournalEntry.objects.filter(pk__lte=written[30].pk).update(timestamp="2026-03-08T10:00:00Z")
    newest_first = [entry.pk for entry in JournalEntry.objects.all()]
    for at_once in (1, 7, 50, 1000):
        assert [entry.pk for entry in walk(JournalFilter(), at_once=at_once)] == newest_first
        assert [entry.pk for entry in walk(JournalFilter(category="channel"), at_once=at_once)] == newest_first
        found = [entry.pk for entry in walk(JournalFilter(text="n1"), at_once=at_once)]
        assert found == [entry.pk for entry in JournalEntry.objects.filter(entity_name="N1").order_by("-pk")]
    journal_index.catch_up()
    assert [entry.entity_name for entry in walk(JournalFilter(text="n1"), at_once=5)] == ["N1"] * 17


def test_what_is_written_meanwhile_does_not_come_and_what_is_deleted_is_no_problem():
    written = log_entries([build_entry("channel", "update", entity_name=str(n), description="x") for n in range(10)])
    entries = walk(JournalFilter(), at_once=3)
    seen = [next(entries).entity_name]
    log_entry("channel", "update", entity_name="new", description="x")
    JournalEntry.objects.filter(pk=written[2].pk).delete()
    seen += [entry.entity_name for entry in entries]
    assert seen == ["9", "8", "7", "6", "5", "4", "3", "1", "0"]


def test_the_file_is_written_piece_by_piece(monkeypatch):
    monkeypatch.setattr(journal_export, "_LINES_AT_ONCE", 2)
    log_entries([build_entry("channel", "update", entity_name=str(n), description="x") for n in range(7)])
    for write in (journal_export.csv_lines, journal_export.json_lines):
        pieces = list(write(walk(JournalFilter(), at_once=3)))
        assert len(pieces) >= 4
        assert max(map(len, pieces)) < sum(map(len, pieces)) / 2
    assert len(json.loads("".join(pieces))) == 7
    assert journal_walk.AT_ONCE <= 2000
