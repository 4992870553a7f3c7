"""Every request has an id and a line; slow and rapid ones say so (50 O-1, O-2, §18.8 rows 149 to 151)."""

import logging
import multiprocessing
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory

from ecm_site import request_log
from ecm_site.request_log import HEADER, RequestLogMiddleware
from ecm_site.request_rates import Rate, RequestRates
from ecm_site.tracing import current_trace_id, tracing


@pytest.fixture(autouse=True)
def rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RequestRates:
    table = RequestRates(tmp_path / "rates.bin")
    monkeypatch.setattr(request_log, "request_rates", lambda: table)
    return table


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def said(caplog: pytest.LogCaptureFixture, prefix: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage().startswith(prefix)]


def test_a_request_without_an_id_gets_one_and_each_another(client: Client, db: None) -> None:
    first, second = client.get("/sign-in/")[HEADER], client.get("/sign-in/")[HEADER]
    assert len(first) == 36
    assert first != second


def test_a_callers_id_is_cleaned_cut_and_echoed() -> None:
    """Row 151: 300 characters with a line break."""
    request = RequestFactory().get("/sign-in/", headers={HEADER: "ab\r\ncd<" + "x" * 300})
    seen: list[str] = []

    def view(_: object) -> HttpResponse:
        seen.append(current_trace_id())
        return HttpResponse()

    answer = RequestLogMiddleware(view)(request)
    assert answer[HEADER] == "abcd" + "x" * 124
    assert seen == [answer[HEADER]], "whatever is logged meanwhile carries it"
    assert current_trace_id() == answer[HEADER], "Django tells of errors after the last middleware"
    answer._resource_closers[-1]()
    assert current_trace_id() == "-"


@pytest.mark.parametrize("nothing", ["", "\r\n", "<>", "äöü"])
def test_an_id_of_which_nothing_remains_is_replaced(nothing: str) -> None:
    request = RequestFactory().get("/sign-in/")
    request.META["HTTP_X_REQUEST_ID"] = nothing
    assert len(RequestLogMiddleware(lambda _: HttpResponse())(request)[HEADER]) == 36


def test_the_line_shows_the_pattern_and_no_value_of_the_address(
    client: Client, db: None, lines: pytest.LogCaptureFixture
) -> None:
    client.get("/t/AbCdEfGhIjKlMnOpQrSt/output/m3u?token=SeCrEt")
    client.get("/sign-in/?next=/secret/")
    texts = [record.getMessage() for record in said(lines, "[REQUEST]")]
    assert len(texts) == 2
    assert texts[0].startswith("[REQUEST] GET /t/***/output/m3u ")
    assert texts[1].startswith("[REQUEST] GET /sign-in/ 302 ")
    assert not any("AbCdEf" in text or "SeCrEt" in text or "secret" in text for text in texts)


def test_an_address_that_leads_nowhere_is_masked(client: Client, db: None, lines: pytest.LogCaptureFixture) -> None:
    client.get("/t/AbCdEfGhIjKlMnOpQrSt/nothing/here")
    (line,) = said(lines, "[REQUEST]")
    assert "AbCdEf" not in line.getMessage()
    assert " 404 " in line.getMessage()


@pytest.mark.parametrize("path", ["/api/health", "/api/version", "/static/site/site.css"])
def test_health_and_static_files_are_exempt(
    client: Client, db: None, lines: pytest.LogCaptureFixture, rates: RequestRates, path: str
) -> None:
    for _ in range(25):
        client.get(path)
    assert said(lines, "[R") == []
    assert rates.current() == []


@pytest.mark.parametrize(("seconds", "is_slow"), [(1.001, True), (1.0, False), (30.0, True)])
def test_slower_than_a_second_is_told(
    lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seconds: float, is_slow: bool
) -> None:
    """Row 149."""
    clock = iter([5.0, 5.0 + seconds])
    monkeypatch.setattr(request_log.time, "perf_counter", lambda: next(clock))
    RequestLogMiddleware(lambda _: HttpResponse())(RequestFactory().get("/anything/"))
    told = said(lines, "[SLOW-REQUEST]")
    assert bool(told) is is_slow
    assert all(record.levelno == logging.INFO for record in told)


def test_rapid_polling_is_told_once_a_minute(lines: pytest.LogCaptureFixture, db: None, client: Client) -> None:
    """Row 150: 20 in ten seconds, then 100 more."""
    for _ in range(19):
        client.get("/sign-in/")
    assert said(lines, "[RAPID-POLLING]") == []
    for _ in range(101):
        client.get("/sign-in/")
    (line,) = said(lines, "[RAPID-POLLING]")
    assert line.levelno == logging.WARNING
    assert "GET /sign-in/" in line.getMessage()


def test_counting_slides_with_time_and_warns_again_after_a_minute(rates: RequestRates) -> None:
    assert not any(rates.record("GET", "/a", now=100.0 + second) for second in range(40)), "one a second is no hurry"
    assert [rates.record("GET", "/b", now=200.0) for _ in range(20)][-2:] == [False, True]
    assert not any(rates.record("GET", "/b", now=230.0) for _ in range(40))
    assert any(rates.record("GET", "/b", now=261.0) for _ in range(40))
    assert not any(rates.record("POST", "/b", now=261.0) for _ in range(19)), "another method is another count"


def test_a_table_from_before_a_restart_of_the_machine_is_harmless(rates: RequestRates) -> None:
    for _ in range(25):
        rates.record("GET", "/a", now=1_000_000.0)
    assert [rates.record("GET", "/a", now=50.0) for _ in range(20)].count(True) == 1
    assert rates.current(now=50.0) == [Rate("GET", "/a", 20)]


def test_more_addresses_than_slots_push_out_those_that_rested_longest(rates: RequestRates) -> None:
    for number in range(3000):
        rates.record("GET", f"/page/{number}", now=100.0 + number / 1000)
    assert 0 < len(rates.current(now=104.0)) <= 512
    for _ in range(3):
        rates.record("GET", "/page/newest", now=104.0)
    assert Rate("GET", "/page/newest", 3) in rates.current(now=104.0)


def _hit(path: Path, times: int) -> None:
    table = RequestRates(path)
    for _ in range(times):
        table.record("GET", "/shared", now=100.0)


def test_processes_count_together_and_lose_nothing(tmp_path: Path, rates: RequestRates) -> None:
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=_hit, args=(tmp_path / "rates.bin", 500)) for _ in range(3)]
    for process in others:
        process.start()
    _hit(tmp_path / "rates.bin", 500)
    for process in others:
        process.join()
    assert rates.current(now=100.0) == [Rate("GET", "/shared", 2000)]


def test_the_rates_are_shown_to_administrators_alone(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch, rates: RequestRates
) -> None:
    from ecm_site.views import debug

    monkeypatch.setattr(debug, "request_rates", lambda: rates)
    client.force_login(User.objects.create_user("bob"))
    assert client.get("/api/debug/request-rates").status_code == 403
    client.force_login(alice)
    for _ in range(3):
        client.get("/settings/general/")
    answer = client.get("/api/debug/request-rates").json()
    assert answer["window_seconds"] == 10
    assert {"method": "GET", "path": "/settings/general/", "hits": 3} in answer["rates"]


def test_an_id_ends_with_its_block() -> None:
    with tracing("outer"):
        with tracing("inner"):
            assert current_trace_id() == "inner"
        assert current_trace_id() == "outer"
