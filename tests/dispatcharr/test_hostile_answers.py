"""Whatever bytes come back: one of a few exceptions with a sentence, in bounded time and room."""

import gzip
import json
import re
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from ecm_site.dispatcharr import harmless, row_stream, transport
from ecm_site.dispatcharr.answers import RawAnswer, decode, error_for
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import AnsweredElse, Busy, DispatcharrError, NoRights, Rejected, ServerFault, Unreachable
from ecm_site.dispatcharr.row_stream import rows_in
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.dispatcharr.transport import Patience
from tests.dispatcharr.hostile_house import asking, http, raw_server

BRIEF = Patience(read=0.5, total=1.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def endless(piece: bytes, *, between: float = 0.0, start: bytes = ENDLESS) -> Iterator[bytes]:
    yield start
    while True:
        yield piece
        if between:
            time.sleep(between)


# Size and time ---------------------------------------------------------------------------------------------------------


def test_an_endless_answer_is_stopped_at_a_limit_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "USUAL_BYTES_MAX", 8 * 1_048_576)
    with asking(lambda _: endless(chunk(b" " * 65_536))) as client, pytest.raises(AnsweredElse, match=r"more than 8\.0 MB"):
        client.groups.all()


def test_what_is_short_by_nature_is_stopped_earlier_than_long_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "USUAL_BYTES_MAX", 1_048_576)
    with asking(http(b" " * 2_097_152 + b"[]")) as client:
        assert client.channels.all() == []
        with pytest.raises(AnsweredElse, match=r"more than 1\.0 MB"):
            client.groups.all()


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error", "418 Teapot"])
def test_of_a_huge_error_page_only_the_beginning_is_read(status: str) -> None:
    page = b"<html><body>broken " + b"x" * (50 * 1_048_576)
    whole = http(page, status=status, kind="text/html")
    pieces = [whole[start : start + 65_536] for start in range(0, len(whole), 65_536)]
    with raw_server(lambda _: pieces) as server:
        client = Dispatcharr(server.url)
        with pytest.raises(DispatcharrError) as caught:
            client.groups.all()
        client.close()
        assert caught.value.status == int(status[:3])
        assert len(str(caught.value)) < 1_500
        assert server.sent < len(page)  # we hung up


def test_a_dripping_answer_is_given_up_as_a_whole_and_not_asked_for_again() -> None:
    """One byte now and then keeps every single wait short; the call as a whole ends all the same."""
    with raw_server(lambda _: endless(chunk(b" "), between=0.05)) as server:
        client = Dispatcharr(server.url, sleep=lambda _seconds: None)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer within 1 s") as caught:
            client.session.get("/api/channels/groups/", what="list the groups", patience=BRIEF)
        assert time.monotonic() - began < 15
        assert caught.value.timed_out
        assert len(server.requests) == 1
        client.close()


def test_a_dripping_head_is_given_up_too() -> None:
    with (
        asking(lambda _: endless(b"X-A: b\r\n", between=0.05, start=HEAD)) as client,
        pytest.raises(Unreachable, match="did not answer within"),
    ):
        client.session.get("/api/channels/groups/", what="list the groups", patience=BRIEF)


def test_endless_interim_answers_are_given_up() -> None:
    with (
        asking(lambda _: endless(b"HTTP/1.1 100 Continue\r\n\r\n", between=0.01, start=b"")) as client,
        pytest.raises(Unreachable, match="did not answer within"),
    ):
        client.session.get("/api/channels/groups/", what="list the groups", patience=BRIEF)


def test_a_dripping_answer_can_be_cancelled() -> None:
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    began = time.monotonic()
    with (
        asking(lambda _: endless(chunk(b" "), between=0.05)) as client,
        stopping_when(cancelled.is_set),
        pytest.raises(DispatcharrError, match="cancelled"),
    ):
        client.groups.all()
    assert time.monotonic() - began < 15


# Packing ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_a_packed_bomb_is_an_attack(name: str) -> None:
    bomb = b" " * (64 * 1_048_576)
    packed = gzip.compress(bomb) if name == "gzip" else zlib.compress(bomb)
    answer = http(packed, headers=f"Content-Encoding: {name}\r\n")
    with asking(answer) as client, pytest.raises(AnsweredElse, match=r"looks like an attack|more than .* MB"):
        client.groups.all()


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "compress", "\xff"])
def test_packing_that_nobody_asked_for_is_not_unpacked(name: str) -> None:
    answer = http(b"x" * 100, headers=f"Content-Encoding: {name}\r\n")
    with asking(answer) as client, pytest.raises(DispatcharrError, match="packed its answer"):
        client.groups.all()


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"[]")[:-9], b""])
def test_damaged_packing_is_an_error(body: bytes) -> None:
    with asking(http(body, headers="Content-Encoding: gzip\r\n")) as client, pytest.raises(DispatcharrError):
        client.groups.all()


# HTTP that is none -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 500\r\n\r\n[]",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n[]",
        HEAD + b"Content-Length: -5\r\n\r\n[]",
        HEAD + b"Content-Length: 99999999999999999999\r\n\r\n[]",
        HEAD + b"Content-Length: 5000000000000\r\n\r\n[]",
        ENDLESS + b"zz\r\n[]\r\n0\r\n\r\n",
        ENDLESS + b"ffffffffffffffffffff\r\n[]",
        ENDLESS + b"2\r\n[]",
        ENDLESS + b"2;" + b"x" * 200_000 + b"\r\n[]\r\n0\r\n\r\n",
        HEAD + b"X-Large: " + b"x" * 300_000 + b"\r\n\r\n[]",
        HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(30_000)) + b"\r\n[]",
        b"HTTP/1.1 999 Odd\r\n\r\n[]",
        b"HTTP/1.1 2000 OK\r\n\r\n[]",
        b"ICY 200 OK\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x00" * 500,
        b"\r\n" * 50_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nxxxx",
        HEAD + b"Content-Encoding\r\n\r\n[]",
        HEAD + b"Bad Header Name: x\r\n\r\n[]",
        b"",
    ],
)  # fmt: skip
def test_broken_http_is_one_of_our_errors(answer: bytes) -> None:
    with asking(answer) as client, pytest.raises(DispatcharrError) as caught:
        client.session.get("/api/channels/groups/", what="list the groups", patience=BRIEF)
    assert len(str(caught.value)) < 600
    assert "Traceback" not in str(caught.value)


# Redirects and cookies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        "/api/channels/groups/", "http://127.0.0.1:{port}/", "https://other.test/", "http://169.254.169.254/latest/",
        "file:///etc/passwd", "//other.test/x", "http://", "http://[::1", "javascript:alert(1)", "http://a:b@c.test/", "\xff",
    ],
)  # fmt: skip
def test_no_redirect_is_followed_wherever_it_leads(status: int, target: str) -> None:
    asked: list[bytes] = []

    def answer(request: bytes) -> list[bytes]:
        asked.append(request)
        return [http(b"[]", status=f"{status} Moved", headers=f"Location: {target}\r\n")]

    with asking(answer, attempts=4) as client, pytest.raises(AnsweredElse):
        client.groups.all()
    assert len(asked) == 1


def test_cookies_of_a_server_are_not_kept_or_sent_back() -> None:
    cookies = "".join(f"Set-Cookie: c{number}={'v' * 200}; Path=/\r\n" for number in range(50))
    with raw_server(http(b"[]", headers=cookies + "Set-Cookie: sessionid=abc; Path=/\r\n")) as server:
        client = Dispatcharr(server.url)
        client.groups.all()
        client.groups.all()
        client.close()
        assert len(server.requests) == 2
        assert not [request for request in server.requests if b"ookie" in request]


# JSON ------------------------------------------------------------------------------------------------------------------


def read(body: bytes) -> Any:
    return decode(RawAnswer(200, {}, body, "server"), what="read")


def both(row: bytes) -> tuple[Any, Any]:
    """A row as it is read with a whole answer, and as it is read from a long list."""
    [whole] = read(b"[%s]" % row)
    [streamed] = rows_in(b"[%s]" % row, what="read")
    return whole, streamed


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", str(2**63), str(-(2**64)), "9" * 400])
def test_numbers_that_no_database_holds_are_null(written: str) -> None:
    row = b'{"id": 1, "number": %s, "deep": [{"n": %s}]}' % (written.encode(), written.encode())
    expected = {"id": 1, "number": None, "deep": [{"n": None}]}
    assert both(row) == (expected, expected)


@pytest.mark.parametrize("written", [str(2**63 - 1), str(-(2**63) + 1), "1e5", "0.1"])
def test_numbers_that_fit_stay(written: str) -> None:
    expected = {"number": json.loads(written)}
    assert both(b'{"number": %s}' % written.encode()) == (expected, expected)


def test_texts_hold_no_nul() -> None:
    expected = {"name": "ab", "key": ["cd"]}
    assert both(b'{"name": "a\\u0000b", "ke\\u0000y": ["c\\u0000d"]}') == (expected, expected)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"name": "\xe4\xf6"}]',
        b'[{"name": "\xed\xa0\x80"}]',
        '[{"name": "ä"}]'.encode("utf-16"),
        '[{"a":1}]'.encode("utf-32"),
    ],
)
def test_what_is_not_utf_8_is_refused_and_not_guessed(body: bytes) -> None:
    with pytest.raises(AnsweredElse):
        read(body)
    with pytest.raises(AnsweredElse):
        list(rows_in(body, what="read"))


def test_a_mark_of_the_byte_order_does_not_matter() -> None:
    body = b'\xef\xbb\xbf[{"name": "x"}]'
    assert read(body) == list(rows_in(body, what="read")) == [{"name": "x"}]


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deep_nesting_ends_somewhere(opening: bytes, depth: int) -> None:
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    deep = opening * depth + b"1" + closing * depth
    for body in (b'[{"id": 1, "properties": %s}]' % deep, b"[%s]" % deep, deep):
        try:
            found = [read(body), *rows_in(body, what="read")]
        except AnsweredElse:
            assert depth > 100 or not body.startswith(b'[{"id"'), "a row that is only a little too deep is cut"
            continue
        for value in found:
            inner, levels = value, 0
            while isinstance(inner, list | dict) and inner:
                inner = inner[-1] if isinstance(inner, list) else inner.get("properties", inner.get("a"))
                levels += 1
            assert levels <= harmless.DEPTH_MAX + 2


@pytest.mark.parametrize("unit", [b"[],", b"{},", b'{"a":1},', b"1,"])
def test_an_answer_that_would_fill_the_memory_is_refused_before_it_is_read(
    unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harmless, "ROOM_MAX", 16 * 1_048_576)
    body = b"[" + unit * 400_000 + b"{}]"
    tracemalloc.start()
    try:
        with pytest.raises(AnsweredElse, match="more than ECM can hold"):
            read(body)
        assert tracemalloc.get_traced_memory()[1] < 8 * 1_048_576
    finally:
        tracemalloc.stop()


def test_a_single_row_without_end_is_refused_in_time() -> None:
    body = b'[{"name": "' + b"x" * (48 * 1_048_576) + b'"}]'
    began = time.monotonic()
    with pytest.raises(AnsweredElse, match="a row of more than"):
        list(rows_in(body, what="read"))
    assert time.monotonic() - began < 30  # looking again from the start at each piece would take minutes
    assert row_stream.ROW_MAX <= 16 * 1_048_576


@pytest.mark.parametrize(
    "body", [b"[" + b"9" * 30 + b"]", b"[1, -4]", b"[1.5]", b"[true]", b'["1"]', b"[[1]]", b"[1", b"", b"null", b"[NaN]"]
)
def test_ids_are_ids(body: bytes) -> None:
    with asking(http(body)) as client:
        with pytest.raises(AnsweredElse):
            client.streams.sorted_ids(account_id=1)
        with pytest.raises(AnsweredElse):
            client.channels.ids()


@pytest.mark.parametrize(
    "body", [b'{"detail": "Nothing here"}', b"{}", b"[]", b'"text"', b"7", b"null", b"", b'{"id": "7"}', b'{"id": null}']
)
def test_a_creation_is_answered_with_its_row(body: bytes) -> None:
    """An answer of another shape says nothing about what was done: perhaps it was."""
    with asking(http(body)) as client:
        for create in (
            lambda: client.groups.create("x"),
            lambda: client.channels.create({"name": "x"}),
            lambda: client.streams.create({"name": "x"}),
            lambda: client.accounts.create({"name": "x"}),
            lambda: client.guide.create_source({"name": "x"}),
            lambda: client.logos.create("x", "y"),
        ):
            with pytest.raises(AnsweredElse) as caught:
                create()
            assert caught.value.maybe_done


@pytest.mark.parametrize("value", [b'"many"', b"null", b"[]", b"{}", b"-5", b"1e999"])
def test_counts_that_are_none(value: bytes) -> None:
    body = b'{"deleted_channels": %s, "channels_updated": %s, "count": %s}' % (value, value, value)
    with asking(http(body)) as client:
        assert client.accounts.delete(1) == 0
        assert client.channels.link_guide({1: 2}) == 0
        assert client.streams.count() == 0


# Errors in words -------------------------------------------------------------------------------------------------------


def failing(status: int, body: bytes, **headers: str) -> DispatcharrError:
    return error_for(RawAnswer(status, headers, body, "server"), what="change a channel")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ' + b"[" * 450 + b'"x"' + b"]" * 450 + b"}",
        b'{"name": ' + b'{"a":' * 450 + b'"x"' + b"}" * 450 + b"}",
        json.dumps({f"field{number}": ["wrong " * 50] for number in range(5_000)}).encode(),
        json.dumps([{"x" * 5_000: "y" * 5_000}] * 500).encode(),
        json.dumps({"": "", "\x00": "\ud800", "<script>": "<img src=x onerror=alert(1)>"}).encode(),
        b"\xff\xfe\x00",
        b'{"detail": 1e999}',
        b"null",
    ],
    ids=["lists", "objects", "fields", "rows", "odd", "bytes", "infinite", "null"],
)
def test_error_bodies_become_one_short_sentence(status: int, body: bytes) -> None:
    error = failing(status, body)
    assert len(str(error)) < 1_500
    assert "\x00" not in str(error)
    str(error).encode()
    if isinstance(error, Rejected):
        assert len(error.fields) <= 50
        assert sum(map(len, error.fields.values())) < 20_000


@pytest.mark.parametrize("said", ["-5", "315360000", "Wed, 21 Oct 2125 07:28:00 GMT", "1e9", "", "NaN", "٣", "9" * 500, "0"])
def test_waits_that_servers_ask_for_are_bounded(said: str) -> None:
    error = failing(429, b"", **{"retry-after": said})
    assert isinstance(error, Busy)
    assert 0 <= error.retry_after <= 3600
    assert isinstance(failing(503, b"", **{"retry-after": said}), ServerFault)
    assert re.search(r"wait \d+ s", str(error))


def test_one_kind_of_row_that_is_forbidden_is_told_by_name() -> None:
    with asking(http(b'{"detail": "No."}', status="403 Forbidden")) as client, pytest.raises(NoRights, match="list the logos"):
        client.logos.all()
