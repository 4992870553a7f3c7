"""What pages and publishing read."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from epg_app.queries import now_airing, programmes_for, raw_programmes_for
from epg_app.tests.samples import make_entries, make_programme, make_source, soon

pytestmark = pytest.mark.django_db


def test_programmes_that_overlap_the_window_come_entry_by_entry_in_the_order_given() -> None:
    first, second = make_entries(make_source(), "a", "b")
    for hour in range(6):
        make_programme(first, soon(hour), title=f"A{hour}", categories=["News"], extra={"flags": ["new"]})
        make_programme(second, soon(hour), title=f"B{hour}")
    rows = list(programmes_for([second.pk, first.pk, 999], start=soon(1.5), stop=soon(3)))
    assert [row.title for row in rows] == ["B1", "B2", "A1", "A2"]
    assert rows[-1].categories == ["News"]
    assert rows[-1].extra == {"flags": ["new"]}
    assert rows[-1].start == soon(2)


def test_the_raw_form_is_the_same_undecoded() -> None:
    [entry] = make_entries(make_source(), "a")
    make_programme(entry, soon(), title="T", categories=["é"], season=2)
    [row] = raw_programmes_for([entry.pk], start=soon(), stop=soon(1))
    assert row.start == soon().strftime("%Y-%m-%d %H:%M:%S")
    assert row.stop == (soon() + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    assert isinstance(row.categories, str)
    assert (row.season, row.episode, row.extra, row.stop_is_derived) == (2, None, "{}", 0)


def test_many_entries_cost_a_query_per_fifty() -> None:
    entries = make_entries(make_source(), *(f"e{number}" for number in range(120)))
    with CaptureQueriesContext(connection) as captured:
        list(raw_programmes_for([entry.pk for entry in entries], start=soon(), stop=soon(1)))
    assert len(captured) == 3


def test_what_is_on_now_takes_one_query() -> None:
    entries = make_entries(make_source(), "a", "b", "c")
    make_programme(entries[0], soon(), title="On")
    make_programme(entries[1], soon(2), title="Later")
    with CaptureQueriesContext(connection) as captured:
        airing = now_airing([entry.pk for entry in entries], at=soon(0.5))
    assert {key: value.title for key, value in airing.items()} == {entries[0].pk: "On"}
    assert len(captured) == 1
