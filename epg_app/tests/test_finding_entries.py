"""30 §7 (words) and §2.3 (which source supplies an id)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from epg_app.entry_keys import search_text, squash
from epg_app.find_entries import entries_for_tvg_ids, search_entries
from epg_app.models import GuideEntry, GuideSource
from epg_app.tests.samples import make_entries, make_source

pytestmark = pytest.mark.django_db


def found(text: str, **options: object) -> list[str]:
    return [entry.tvg_id for entry in search_entries(text, **options).entries]  # type: ignore[arg-type]


@pytest.fixture
def sources() -> tuple[GuideSource, GuideSource]:
    low, high = make_source("Low Guide", priority=1), make_source("Sky Guide", priority=9)
    make_entries(low, "fox.us", name="FOX 5", other_names=["WNYW", "Fox Five New York"])
    make_entries(low, "SkyNews.uk", name="News from above")
    make_entries(low, "tele.fr", name="Télé Luxembourg")
    make_entries(low, "ru1", name="Россия 1 HD")
    make_entries(low, "odd", name='50% "off" _ * \\ ; DROP')
    make_entries(high, "abc.us", name="ABC")
    return low, high


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fox5", ["fox.us"]),
        ("FOX 5", ["fox.us"]),
        ("fox-5", ["fox.us"]),
        ("5", ["fox.us", "odd"]),
        ("wnyw", ["fox.us"]),
        ("york five", ["fox.us"]),
        ("sky uk", ["SkyNews.uk"]),
        ("sky news", ["SkyNews.uk"]),
        ("above skynews", ["SkyNews.uk"]),
        ("tele", ["tele.fr"]),
        ("Télé", ["tele.fr"]),
        ("россия", ["ru1"]),
        ("россия1", ["ru1"]),
        ("sky abc", ["abc.us"]),
        ("skyguide", ["abc.us"]),
        ("low 5 fox", ["fox.us"]),
        ('"off"', ["odd"]),
        ("50%", ["odd"]),
        ("%", ["odd"]),
        ("\\", ["odd"]),
        ("fox AND abc", []),
        ("nothing like it", []),
        ("x" * 5000, []),
        ("q\x00z", []),
    ],
)
def test_words(sources: object, text: str, expected: list[str]) -> None:
    assert sorted(found(text)) == sorted(expected)


def test_no_words_find_everything_best_source_first_then_by_name(sources: object) -> None:
    assert found("") == ["abc.us", "odd", "fox.us", "SkyNews.uk", "tele.fr", "ru1"]


def test_pages_add_up(sources: object) -> None:
    pages = [search_entries("", offset=offset, limit=4) for offset in (0, 4, 8)]
    assert [[entry.tvg_id for entry in page.entries] for page in pages] == [
        ["abc.us", "odd", "fox.us", "SkyNews.uk"],
        ["tele.fr", "ru1"],
        [],
    ]
    assert {page.total for page in pages} == {6}


def test_the_search_can_be_narrowed_to_sources(sources: tuple[GuideSource, GuideSource]) -> None:
    assert found("", source_ids=[sources[1].pk]) == ["abc.us"]
    assert found("", source_ids=[999]) == []


def test_sources_that_are_off_take_no_part(sources: tuple[GuideSource, GuideSource]) -> None:
    GuideSource.objects.filter(pk=sources[1].pk).update(is_active=False)
    assert "abc.us" not in found("")
    assert found("abc", active_only=False) == ["abc.us"]


def test_changed_and_deleted_entries_are_found_as_they_are_now(sources: object) -> None:
    GuideEntry.objects.filter(tvg_id="fox.us").update(name="CNN", search_text=search_text("fox.us", ["CNN"]))
    assert found("cnn") == ["fox.us"]
    assert found("wnyw") == []
    GuideEntry.objects.filter(tvg_id="fox.us").delete()
    assert found("cnn") == []


def test_ids_are_compared_trimmed_and_without_case() -> None:
    source = make_source()
    [entry] = make_entries(source, "BBC.One.uk")
    asked = [" bbc.one.UK ", "bbc.one.uk", "BBC.Two.uk", "", "  "]
    assert entries_for_tvg_ids(asked) == {" bbc.one.UK ": entry.pk, "bbc.one.uk": entry.pk}


def test_the_source_with_the_highest_priority_supplies_an_id() -> None:
    low, high, off = make_source("L", priority=1), make_source("H", priority=5), make_source("O", priority=9, is_active=False)
    entries = {source.pk: make_entries(source, "a")[0].pk for source in (low, high, off)}
    assert entries_for_tvg_ids(["a"]) == {"a": entries[high.pk]}
    GuideEntry.objects.filter(pk=entries[high.pk]).update(in_feed=False)
    assert entries_for_tvg_ids(["a"]) == {"a": entries[low.pk]}


def test_many_ids_cost_few_queries() -> None:
    make_entries(make_source(), *(f"id{number}" for number in range(1200)))
    with CaptureQueriesContext(connection) as captured:
        assert len(entries_for_tvg_ids([f"ID{number}" for number in range(1200)])) == 1200
    assert len(captured) == 3


def test_the_number_of_queries_does_not_grow_with_entries_or_sources() -> None:
    make_entries(make_source("One"), "a1", "a2")
    with CaptureQueriesContext(connection) as few:
        search_entries("a")
    for number in range(6):
        make_entries(make_source(f"More {number}"), *(f"a{number}.{index}" for index in range(60)))
    with CaptureQueriesContext(connection) as many:
        assert search_entries("a").total == 362
    assert len(many) == len(few) == 4


def test_squashing_leaves_letters_and_digits() -> None:
    assert squash("FOX 5!") == "fox5"
    assert squash("Télé-2 ß") == "tele2ss"
    assert squash("…") == ""
