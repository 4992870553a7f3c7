"""Long lists come row by row, however the answer is cut, spelled or paged."""

import json
from typing import Any

import pytest

from ecm_site.dispatcharr import row_stream
from ecm_site.dispatcharr.answers import RawAnswer, decode
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import AnsweredElse
from ecm_site.dispatcharr.row_stream import rows_in
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.faults import Kind

ROWS = [{"id": number, "name": "Ünïcode ☂ \\" + '"],[{' * (number % 3), "deep": [{"a": [1, 2]}, {}]} for number in range(60)]


@pytest.mark.parametrize("piece", [1, 7, 64, 1_048_576])
@pytest.mark.parametrize("spelling", [{}, {"indent": 2}, {"ensure_ascii": False, "separators": (",", ":")}])
def test_rows_are_the_same_however_the_text_is_cut(monkeypatch: pytest.MonkeyPatch, piece: int, spelling: Any) -> None:
    monkeypatch.setattr(row_stream, "PIECE", piece)
    assert list(rows_in(json.dumps(ROWS, **spelling).encode(), what="read")) == ROWS
    assert list(rows_in(json.dumps({"data": ROWS}, **spelling).encode(), what="read", key="data")) == ROWS


def test_a_member_that_does_not_come_first_is_found_all_the_same() -> None:
    assert list(rows_in(json.dumps({"count": 2, "data": ROWS}).encode(), what="read", key="data")) == ROWS


@pytest.mark.parametrize(
    "body", [b"[1, 2]", b'{"data": 3}', b'[{"a": 1}', b'[{"a": 1}, {"b"', b"nonsense", b'{"data": [1]}', b""]
)
def test_what_is_no_list_of_rows_is_an_error(body: bytes) -> None:
    with pytest.raises(AnsweredElse):
        list(rows_in(body, what="read", key="" if body[:1] == b"[" else "data"))


def test_all_entries_come_in_one_request(fake: FakeServer, client: Dispatcharr) -> None:
    rows = list(client.guide.entry_rows())
    assert [row["id"] for row in rows] == list(fake.world.tables["entries"])
    assert fake.count("GET", "/epgdata/") == 1


def test_pages_of_older_servers_are_read_to_the_end(client: Dispatcharr, monkeypatch: pytest.MonkeyPatch) -> None:
    """They answered with ``{count, next, results}``, fifty a page whatever was asked for."""
    entries = [{"id": number, "tvg_id": f"t{number}", "name": "N", "icon_url": None, "epg_source": 1} for number in range(120)]
    asked: list[dict[str, Any]] = []

    def page(path: str, *, what: str, params: Any = None, patience: Any = None) -> dict[str, Any]:
        asked.append(dict(params or {}))
        begin = (int((params or {}).get("page", 1)) - 1) * 50
        following = "http://server/next" if begin + 50 < len(entries) else None
        return {"count": len(entries), "next": following, "previous": None, "results": entries[begin : begin + 50]}

    monkeypatch.setattr(client.session, "get", page)
    monkeypatch.setattr(client.session, "get_body", lambda path, **options: json.dumps(page(path, **options)).encode())
    assert [row["id"] for row in client.guide.entry_rows()] == list(range(120))
    assert len(asked) == 4


def test_a_web_page_instead_of_entries_is_told(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.HTML, path="epgdata")
    with pytest.raises(AnsweredElse, match="web page"):
        list(client.guide.entry_rows())


@pytest.mark.parametrize("key", ["", "data"])
def test_halves_of_letters_and_numbers_that_are_none_become_harmless(key: str) -> None:
    rows = b'[{"name": "\\ud800x", "smile": "\\ud83d\\ude00", "number": NaN}]'
    body = b'{"data": %s}' % rows if key else rows
    expected = [{"name": "?x", "smile": "😀", "number": None}]
    assert list(rows_in(body, what="read", key=key)) == expected
    assert decode(RawAnswer(200, {}, rows, "server"), what="read") == expected
