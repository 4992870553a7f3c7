"""Sending through the guarded client: any status is an answer, redirects are not followed, answers are bounded."""

import pytest

from ecm_site.http import FetchError, FetchPolicy, post, post_json, send
from tasks_app.tests.receivers import Reply, web_receiver

POLICY = FetchPolicy(connect_timeout=3, read_timeout=3, headers={"X-Token": "t"})


def test_what_is_sent_arrives_and_any_status_is_an_answer() -> None:
    with web_receiver(otherwise=Reply(418, b'{"tea": true}', {"X-Kind": "pot"})) as server:
        answer = post_json(server.url("/brew?a=1"), {"cup": "ü"}, policy=POLICY)
    sent = server.received[0]
    assert (sent.method, sent.path, sent.json) == ("POST", "/brew?a=1", {"cup": "ü"})
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-token"] == "t"
    assert (answer.status, answer.json(), answer.headers["x-kind"], answer.is_success) == (418, {"tea": True}, "pot", False)


def test_other_methods_and_plain_content() -> None:
    with web_receiver(otherwise=Reply(200, b"not json")) as server:
        answer = send("PUT", server.url(), policy=POLICY, content=b"x" * 300_000)
        post(server.url(), b"a=1", content_type="application/x-www-form-urlencoded", policy=POLICY)
    assert answer.json() is None
    assert [len(request.body) for request in server.received] == [300_000, 3]


def test_a_redirect_is_not_followed() -> None:
    with web_receiver() as server:
        server.otherwise = Reply(307, b"", {"Location": server.url("/other")})
        with pytest.raises(FetchError, match="sends us on") as caught:
            post_json(server.url("/first"), {}, policy=POLICY)
    assert caught.value.kind == "redirect"
    assert [request.path for request in server.received] == ["/first"]


def test_forbidden_addresses_and_line_breaks_in_headers_are_refused() -> None:
    for url in ("http://169.254.169.254/", "ftp://example.org/", "http://[fe80::1]/"):
        with pytest.raises(FetchError):
            post_json(url, {}, policy=POLICY)
    with web_receiver() as server:
        with pytest.raises(FetchError):
            send("POST", server.url(), policy=POLICY, headers={"X-Evil": "a\r\nX-More: b"})
        assert server.received == []


def test_a_long_answer_is_refused_and_a_long_error_is_cut() -> None:
    with web_receiver(otherwise=Reply(200, b"x" * 400_000)) as server:
        with pytest.raises(FetchError, match="sends more than"):
            post_json(server.url(), {}, policy=POLICY)
        server.otherwise = Reply(500, b"x" * 400_000)
        assert post_json(server.url(), {}, policy=POLICY).status == 500
