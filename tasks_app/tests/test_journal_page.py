"""The journal page: filters in the address, folded batches, honest counts, nothing hostile gets through."""

import html
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tasks_app import journal_find
from tasks_app.journal import Actor, acting_as, build_entry, log_entries, log_entry, new_batch_id
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_pages import journal_page
from tasks_app.journal_tally import statistics
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def entry(name="x", category="channel", action="update", **values):
    return log_entry(category, action, entity_name=name, description=f"Did {name}.", **values)


def batch_of(count, category="channel", batch_id="", **values):
    batch_id = batch_id or new_batch_id()
    log_entries(
        [
            build_entry(
                category, "update", entity_id=n + 1, entity_name=f"{n}", description=f"Part {n}.", batch_id=batch_id, **values
            )
            for n in range(count)
        ]
    )
    return batch_id


def shown(**filters):
    return [row.text for row in journal_page(JournalFilter(**filters), number=1, size=50).rows]


def test_filters_apply_together():
    with acting_as(Actor(None, "alice")):
        entry("one")
        entry("two", category="m3u", action="refresh")
    entry("three", category="m3u", action="refresh")
    old = entry("four", category="m3u", action="refresh")
    JournalEntry.objects.filter(pk=old.pk).update(timestamp=timezone.now() - timedelta(days=3))
    assert shown() == ["Did three.", "Did two.", "Did one.", "Did four."]
    assert shown(category="m3u", user_initiated=False) == ["Did three.", "Did four."]
    assert shown(category="m3u", user_initiated=False, since=timezone.now() - timedelta(days=1)) == ["Did three."]
    assert shown(until=timezone.now() - timedelta(days=2)) == ["Did four."]
    assert shown(action="refresh", text="TWO") == ["Did two."]
    assert shown(batch_id="unknown") == []


@pytest.mark.parametrize(
    ("name", "text"), [("100% Sport_1", "0% sport_"), ("Été HD", "été"), ("ЖИЗНЬ ТВ", "жизнь"), ("a'b", "A'B")]
)
def test_text_is_found_literally_and_whatever_its_case(name, text):
    entry(name)
    entry("another one")
    assert shown(text=text) == [f"Did {name}."]


def test_a_batch_is_one_line_until_it_is_asked_for():
    entry("before")
    batch = batch_of(30)
    entry("after")
    assert shown() == ["Did after.", "Part 0. … and 29 more", "Did before."]
    log_entry("channel", "bulk_update", entity_name="30", description="Moved 30 channels.", batch_id=batch)
    assert shown() == ["Did after.", "Moved 30 channels.", "Did before."]
    assert journal_page(JournalFilter(), number=1, size=50).rows[1].batch_count == 30, "the summary is no change"
    assert len(shown(batch_id=batch)) == 31
    assert len(journal_page(JournalFilter(), number=1, size=50, every=True).rows) == 33
    assert journal_page(JournalFilter(), number=1, size=50).total == 33


def test_a_batch_over_two_categories_is_a_line_in_each():
    batch = batch_of(2, "m3u")
    batch_of(3, "channel", batch)
    assert shown() == ["Part 0. … and 2 more", "Part 0. … and 1 more"]
    assert shown(category="m3u") == ["Part 0. … and 1 more"]


def test_new_entries_do_not_shift_the_pages_being_read():
    for number in range(5):
        entry(str(number))
    first = journal_page(JournalFilter(), number=1, size=2)
    entry("new")
    second = journal_page(JournalFilter(), number=2, size=2, upto=first.upto)
    assert [row.text for row in second.rows] == ["Did 2.", "Did 1."]
    assert (second.first, second.last, second.has_next) == (3, 4, True)
    third = journal_page(JournalFilter(), number=3, size=2, upto=first.upto)
    assert (len(third.rows), third.has_next) == (1, False)


def test_counting_what_a_text_finds_stops_at_its_limit_and_says_so(alice, monkeypatch):
    monkeypatch.setattr(journal_find.count, "__defaults__", (10,))
    for number in range(12):
        entry(str(number))
    page = journal_page(JournalFilter(text="did"), number=1, size=5)
    assert (page.total, page.total_is_exact) == (10, False)
    assert "More than 10 entries" in alice.get(reverse("journal:list"), {"q": "did"}).content.decode()
    assert journal_page(JournalFilter(), number=1, size=5).total == 12  # without a text all are counted


def test_statistics_name_every_category_and_action_there_is():
    assert (statistics().total, statistics().oldest) == (0, None)
    first = entry(category="m3u", action="refresh")
    entry(category="m3u", action="odd_action")
    last = entry()
    figures = statistics()
    assert figures.categories == {"m3u": 2, "channel": 1}
    assert figures.action_names == ["odd_action", "refresh", "update"]
    assert (figures.total, figures.oldest, figures.newest) == (3, first.timestamp, last.timestamp)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-13-01T00:00", "12/31/2026", "2026-03-08 25:00"])
def test_an_unreadable_date_is_refused_beside_its_field(alice, text):
    entry()
    response = alice.get(reverse("journal:list"), {"range": "custom", "date_from": text})
    assert response.status_code == 422
    page = html.unescape(response.content.decode())
    assert f"From: “{text}” cannot be read." in page
    assert "Did x." not in page  # never the whole list as if nothing had been asked


@pytest.mark.parametrize("text", ["2026-03-08", "2026-03-08T10:00", "2026-03-08 10:00", "2026-03-08T10:00:00Z"])
def test_dates_are_read_in_the_usual_spellings(alice, text):
    assert alice.get(reverse("journal:list"), {"range": "custom", "date_from": text}).status_code == 200


def test_a_bare_end_date_includes_that_day():
    late = entry("late")
    JournalEntry.objects.filter(pk=late.pk).update(timestamp="2026-03-08T22:00:00Z")
    from tasks_app.forms import JournalFilterForm

    form = JournalFilterForm({"range": "custom", "date_from": "2026-03-08", "date_to": "2026-03-08"})
    assert form.is_valid()
    assert [row.text for row in journal_page(form.filter(), number=1, size=50).rows] == ["Did late."]
    wrong = JournalFilterForm({"range": "custom", "date_from": "2026-03-09", "date_to": "2026-03-08"})
    assert wrong.errors["date_to"] == ["This lies before “From”."]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=99999999999999999999999",
        "upto=abc",
        "page=7",
        "category=nope",
        "size=500",
        "q=%25",
    ],
)
def test_odd_addresses_are_answered(alice, query):
    entry()
    assert alice.get(f"{reverse('journal:list')}?{query}").status_code == 200


def test_a_page_holds_as_many_lines_as_asked_for_and_never_more_than_200(alice):
    for number in range(205):
        entry(str(number))
    for asked, given in (("25", 25), ("200", 200), ("500", 200), ("", 50), ("0", 50)):
        page = alice.get(reverse("journal:list"), {"size": asked}).content.decode()
        assert page.count("<article") == given, asked
    assert alice.get(reverse("journal:list"), {"size": "many"}).status_code == 422


def test_names_and_values_are_escaped_and_masked(alice):
    row = entry(
        '<script>alert("x")</script>',
        before={"name": "<img src=x onerror=alert(1)>", "url": "http://joe:hunter2@h/"},
        after={"name": "b", "url": "http://h/?password=hunter2"},
        undoable=True,
    )
    for url in (reverse("journal:list"), reverse("journal:entry", args=[row.pk])):
        page = alice.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "hunter2" not in page
    assert "&lt;img src=x" in alice.get(reverse("journal:entry", args=[row.pk])).content.decode()


def test_htmx_gets_the_list_with_its_satellites_and_a_plain_link_the_page(alice):
    entry()
    part = alice.get(reverse("journal:list"), headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="announcer"' in part
    assert 'id="journal-errors"' in part
    page = alice.get(reverse("journal:list")).content.decode()
    assert "<html" in page
    assert page.count('id="announcer"') == 1
    assert page.count('id="journal-errors"') == 1
    restored = alice.get(reverse("journal:list"), headers={**HTMX, "HX-History-Restore-Request": "true"}).content.decode()
    assert "<html" in restored


def test_the_journal_is_closed_to_strangers(client, alice):
    assert client.get(reverse("journal:list")).status_code == 302


def test_queries_do_not_grow_with_the_journal(alice, django_assert_num_queries):
    url = reverse("journal:list")

    def grow(count):
        with acting_as(Actor(None, "somebody")):
            for number in range(count):
                entry(str(number), undoable=True)
                batch_of(3)

    grow(3)
    alice.get(url)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        alice.get(url)
    grow(40)
    with django_assert_num_queries(len(few)):
        page = alice.get(url).content.decode()
    assert page.count("<article") == 50
