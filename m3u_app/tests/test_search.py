"""Search by any part of a name (10 §2): what is found, what is harmless, and that the index keeps up."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3u_app import search_index
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.search import clean_text, count_matches, grouped_counts, matching_streams, name_contains
from m3u_app.tests.refreshing import FileAccount, playlist_of


def add(*names: str, **values: object) -> list[Stream]:
    start = Stream.objects.count()
    streams = [
        Stream(name=name, url="http://h", stream_hash=f"{start + number}".encode(), **values)
        for number, name in enumerate(names)
    ]
    return Stream.objects.bulk_create(streams)


def found(text: str) -> list[str]:
    return sorted(matching_streams(Stream.objects.all(), text).values_list("name", flat=True))


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("espn", ["US: ESPN HD", "espn 2"]),
        ("ESPN H", ["US: ESPN HD"]),
        ("pn h", ["US: ESPN HD"]),
        ("sky sports", ["Sky Sports F1"]),
        ("sports sky", []),
        ("  f1  ", ["Sky Sports F1"]),
        ("télé", ["TÉLÉ Matin"]),
        ("ПЕРВЫЙ", ["первый канал"]),
        ("央视", ["央视一套"]),
        ("套", ["央视一套"]),
        ("ᴴᴰ", ["Kanal D ᴴᴰ"]),
        ("é", ["TÉLÉ Matin"]),
        ("ÉL", ["TÉLÉ Matin"]),
        ("hd", ["US: ESPN HD"]),
        ("m6", ["M6"]),
        ("6", ["M6"]),
        ("1", ["100% Rock", "Sky Sports F1"]),
        ("zz", []),
        ("nosuchthing", []),
        (
            "",
            [
                "100% Rock",
                "Kanal D ᴴᴰ",
                "M6",
                "Q\"uote's",
                "Sky Sports F1",
                "TÉLÉ Matin",
                "US: ESPN HD",
                "a_b",
                "espn 2",
                "первый канал",
                "央视一套",
            ],
        ),
        ("100%", ["100% Rock"]),
        ("%", ["100% Rock"]),
        ("a_b", ["a_b"]),
        ("_", ["a_b"]),
        ("a%b", []),
        ('"', ["Q\"uote's"]),
        ('q"u', ["Q\"uote's"]),
        ("e's", ["Q\"uote's"]),
        ("*", []),
        ("espn*", []),
        ("espn OR m6", []),
        ("name:espn", []),
        ("espn\x00hd", ["US: ESPN HD"]),
        ("ESPN\tHD", ["US: ESPN HD"]),
        ("\\", []),
        ("\x1f\x1f", None),
    ],
)
def test_a_name_is_found_by_any_part_of_it(text: str, names: list[str] | None) -> None:
    add(
        "US: ESPN HD",
        "espn 2",
        "Sky Sports F1",
        "TÉLÉ Matin",
        "первый канал",
        "央视一套",
        "Kanal D ᴴᴰ",
        "M6",
        "100% Rock",
        "a_b",
        "Q\"uote's",
    )
    if names is None:  # nothing but control characters is no text: everything
        assert len(found(text)) == Stream.objects.count()
    else:
        assert found(text) == sorted(names)


def test_the_index_follows_every_change(acme: FileAccount) -> None:
    (custom,) = add("Alpha One")
    assert found("alpha") == ["Alpha One"]
    custom.name = "Beta One"
    custom.save()
    assert (found("alpha"), found("beta")) == ([], ["Beta One"])
    Stream.objects.filter(pk=custom.pk).update(name="Gamma One")
    assert (found("beta"), found("gamma")) == ([], ["Gamma One"])
    custom.delete()
    assert found("gamma") == []

    acme.set(stale_stream_days=0)
    acme.refresh(playlist_of("Delta", "Epsilon", "Omega"))
    assert found("delta") == ["Delta"]
    acme.refresh(playlist_of("Delta", "Epsilon", "Omega").replace(",Delta\n", ",Zeta\n"))
    assert (found("delta"), found("zeta")) == ([], ["Zeta"])
    acme.refresh(playlist_of("Epsilon", "Omega"))
    assert found("zeta") == []
    stream = Stream.objects.get(name="Omega")
    stream.name = "Typed"
    stream.save()
    assert (found("omega"), found("typed")) == ([], ["Typed"])
    assert_index_is_true()


def assert_index_is_true() -> None:
    """The index knows exactly the trigrams of the stored names."""
    expected: dict[str, int] = {}
    for name in Stream.objects.values_list("name", flat=True):
        marked = name.lower() + "\x1f\x1f"
        for term in {marked[at : at + 3] for at in range(len(marked) - 2)}:
            expected[term] = expected.get(term, 0) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT term, doc FROM m3u_app_stream_search_terms")
        assert dict(cursor.fetchall()) == expected


def test_rebuilding_gives_the_same_index() -> None:
    add("Alpha", "Beta", "Al")
    search_index.rebuild_index()
    assert_index_is_true()
    assert found("al") == ["Al", "Alpha"]


def test_triggers_that_a_schema_change_lost_are_made_again() -> None:
    with connection.cursor() as cursor:
        for name in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER m3u_app_stream_search_{name}")
    search_index.after_migrate(using="default")
    add("Alpha")
    assert found("alpha") == ["Alpha"]
    assert_index_is_true()


def test_short_texts_with_many_matches_are_scanned_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    add(*(f"Channel HD {number}" for number in range(20)), "Émile ÉD")
    assert search_index.match_rare_text("hd") is not None
    monkeypatch.setattr(search_index, "_RARE", 5)
    assert search_index.match_rare_text("hd") is None
    assert len(found("hd")) == 20
    assert found("éd") == ["Émile ÉD"]
    monkeypatch.setattr(search_index, "_RARE", 0)
    assert found("éD") == ["Émile ÉD"]
    assert found("%%") == []


def test_counts_are_capped_and_grouped() -> None:
    account = Account.objects.create(name="A")
    one, two = (StreamGroup.objects.create(account=account, name=name) for name in ("One", "Two"))
    add("News 1", "News 2", "Sport", group=one, account=account)
    add("News 3", group=two, account=account)
    add("News 4")
    assert count_matches("news", 10) == 4
    assert count_matches("news", 2) == 3  # "more than 2"
    assert count_matches("news", 10, Stream.objects.filter(group=one)) == 2
    assert grouped_counts(Stream.objects.filter(account=account), "news") == {one.pk: 2, two.pk: 1}
    assert grouped_counts(Stream.objects.all(), "") == {one.pk: 3, two.pk: 1}
    assert grouped_counts(Stream.objects.all(), "w") == {one.pk: 2, two.pk: 1}


def test_the_condition_reaches_streams_through_a_join() -> None:
    account = Account.objects.create(name="A")
    group = StreamGroup.objects.create(account=account, name="One")
    StreamGroup.objects.create(account=account, name="Two")
    add("News 1", "News 2", group=group, account=account)
    for text in ("news", "w"):
        condition = name_contains(text, "streams__")
        assert condition is not None
        assert list(StreamGroup.objects.filter(condition).distinct()) == [group]
    assert name_contains("  ") is None


def test_long_texts_are_cut() -> None:
    add("x" * 300)
    assert len(clean_text("x" * 10_000)) == 200
    assert found("x" * 10_000) == ["x" * 300]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=8))
def test_no_text_breaks_the_search(text: str) -> None:
    for limit in (0, 5):
        count_matches(text, limit)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text("abAB éÉ%_\"*'ж", min_size=1, max_size=6), min_size=1, max_size=6),
    text=st.text("abAB éÉ%_\"*'ж", min_size=1, max_size=4),
)
def test_the_result_is_that_of_a_plain_comparison(names: list[str], text: str) -> None:
    Stream.objects.all().delete()
    add(*names)
    wanted = text.strip().lower()
    assert found(text) == sorted(name for name in names if wanted in name.lower())
