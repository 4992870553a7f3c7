"""Streams for programs (10 §3, §21.2, §24)."""

import json
from typing import Any

import pytest

from channels_app.tests.api_fixtures import Program
from channels_app.tests.lineup_fixtures import make_account, make_streams
from m3u_app.models import Stream

pytestmark = pytest.mark.django_db
ROOT = "/api/streams"
NAMES = ["b SD", "a", "c 4K", "d FHD", "e HD"]


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def test_a_stream_as_programs_know_it(program: Program) -> None:
    (stream,) = make_streams(
        ["ESPN"], tvg_id="espn.us", station_id="111", stream_chno="4.1", logo_url="https://x.example/l.png"
    )
    (row,) = program.rows(ROOT)
    assert row["first_seen"].endswith("Z")
    expected = {
        "id": stream.pk,
        "name": "ESPN",
        "m3u_account": stream.account_id,
        "m3u_account_name": "Acme",
        "channel_group": stream.group_id,
        "channel_group_name": "UK",
        "tvg_id": "espn.us",
        "tvc_guide_stationid": "111",
        "stream_chno": 4.1,
        "logo_url": "https://x.example/l.png",
        "is_custom": False,
        "is_stale": False,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["url"].startswith("http://provider.example/live/")
    assert "secret" not in row["url"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["a", "b SD", "c 4K", "d FHD", "e HD"]),
        ("name", ["a", "b SD", "c 4K", "d FHD", "e HD"]),
        ("-name", ["e HD", "d FHD", "c 4K", "b SD", "a"]),
        ("quality", ["c 4K", "d FHD", "a", "e HD", "b SD"]),
        ("-quality", ["b SD", "a", "e HD", "d FHD", "c 4K"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_orders_are_over_everything_whatever_the_page(program: Program, sort: str, expected: list[str], size: int) -> None:
    make_streams(NAMES)
    found: list[str] = []
    for page in range(1, 7):
        found += names(program.rows(ROOT, sort=sort, page=page, page_size=size, bypass_cache="true"))
    assert found == expected


def test_equal_names_stand_still(program: Program) -> None:
    made = [stream.pk for stream in make_streams(["x HD"] * 5)]
    for sort in ("name", "quality", "-quality"):
        assert [row["id"] for page in (1, 2, 3) for row in program.rows(ROOT, sort=sort, page=page, page_size=2)] == made


def test_filters(program: Program) -> None:
    acme, other = make_account("Acme"), make_account("Other")
    make_streams(["BBC One", "ITV"], account=acme, group="UK")
    make_streams(["BBC Two"], account=other, group="uk")
    make_streams(["ZDF"], account=other, group="Österreich")
    Stream.objects.create(name="Mine BBC", url="http://x.example/1", is_custom=True, stream_hash=b"m" * 32)

    def found(**query: object) -> list[str]:
        return names(program.rows(ROOT, **query))

    assert found() == ["BBC One", "BBC Two", "ITV", "Mine BBC", "ZDF"]
    assert found(search="bbc") == ["BBC One", "BBC Two", "Mine BBC"]
    assert found(search=" o ") == ["BBC One", "BBC Two"]
    assert found(search="%") == []
    assert found(channel_group_name="UK") == ["BBC One", "BBC Two", "ITV"]
    assert found(channel_group_name="öSTERREICH") == ["ZDF"]
    assert found(channel_group_name="nowhere") == []
    assert found(m3u_account=acme.pk) == ["BBC One", "ITV"]
    assert found(m3u_account=f"{other.pk},0") == ["BBC Two", "Mine BBC", "ZDF"]
    assert found(m3u_account=999) == []
    assert found(m3u_account=other.pk, channel_group_name="uk", search="BBC", sort="quality") == ["BBC Two"]


@pytest.mark.parametrize(
    "query",
    ["group=x", "channel_group=1", "m3u_account=x", "m3u_account=-1", "sort=new", "page_size=0", "page=", "bypass_cache=5"],
)
def test_what_a_list_refuses(program: Program, query: str) -> None:
    answer = program.get(f"{ROOT}?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [query.split("=", maxsplit=1)[0]])


def test_a_page_tells_where_it_is(program: Program) -> None:
    make_streams(NAMES)
    page = program.get(ROOT, page=2, page_size=2, search="H").json()
    assert (page["count"], page["total_pages"], page["next"], page["results"]) == (2, 1, None, [])
    page = program.get(ROOT, page_size=2, sort="quality").json()
    assert (page["count"], page["next"]) == (5, f"{ROOT}?page_size=2&sort=quality&page=2")


@pytest.mark.parametrize("query", [{}, {"sort": "quality"}, {"search": "stream", "channel_group_name": "UK"}])
def test_lists_ask_no_more_as_streams_come(program: Program, query: Any, django_assert_max_num_queries: Any) -> None:
    make_streams(["stream 1", "stream 2"])
    with django_assert_max_num_queries(50) as few:
        program.rows(ROOT, page_size=1000, **query)
    for place in range(20):
        make_streams([f"more {place} stream {number}" for number in range(10)], account=make_account(f"P{place}"))
    with django_assert_max_num_queries(len(few)):
        assert len(program.rows(ROOT, page_size=1000, **query)) == 202


@pytest.mark.parametrize("field", ["ids", "stream_ids"])
def test_streams_by_id_in_the_order_asked_for(program: Program, field: str) -> None:
    a, b, c = (stream.pk for stream in make_streams(["a", "b", "c"]))
    answer = program.send("POST", f"{ROOT}/by-ids", {field: [c, 9999, a, c]}).json()
    assert ([row["id"] for row in answer["results"]], answer["not_found"]) == ([c, a], [9999])
    assert b not in {row["id"] for row in answer["results"]}
    assert "secret" not in json.dumps(answer)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": [1], "stream_ids": [1]},
        {"ids": ["1"]},
        {"ids": [True]},
        {"ids": 1},
        {"id": [1]},
        {"ids": list(range(1, 1002))},
        [1],
    ],
)
def test_what_by_ids_refuses(program: Program, body: Any) -> None:
    assert program.send("POST", f"{ROOT}/by-ids", body).status_code == 422


def test_groups_with_counts(program: Program, django_assert_max_num_queries: Any) -> None:
    acme, other = make_account("Acme"), make_account("Other")
    make_streams(["BBC One", "ITV"], account=acme, group="UK 10")
    make_streams(["BBC Two"], account=other, group="uk 10")
    make_streams(["ZDF"], account=other, group="UK 2")

    def found(**query: object) -> list[tuple[str, int]]:
        return [(row["name"], row["count"]) for row in program.get("/api/stream-groups", **query).json()]

    assert found() == [("UK 2", 1), ("UK 10", 3)]
    assert found(m3u_account=acme.pk) == [("UK 10", 2)]
    assert found(m3u_account=f"{acme.pk},{other.pk}") == found()
    assert found(search="bbc") == [("UK 10", 2)]
    assert found(search="bbc", m3u_account=other.pk) == [("uk 10", 1)]
    assert program.get("/api/stream-groups").json()[1]["m3u_accounts"] == [acme.pk, other.pk]
    assert program.get("/api/stream-groups?account=1").status_code == 422
    with django_assert_max_num_queries(50) as few:
        found(search="b")
    for place in range(30):
        make_streams(["b"], account=acme, group=f"G{place}")
    with django_assert_max_num_queries(len(few)):
        assert len(found(search="b")) == 31


def test_methods(program: Program) -> None:
    assert program.send("POST", ROOT, {}).status_code == 405
    assert program.get(f"{ROOT}/by-ids").status_code == 405
