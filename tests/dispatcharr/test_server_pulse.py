"""Readiness asks whether the server of the settings answers, seldom and not for long (50 §11.1)."""

import socket

import pytest
from django.test import Client

from ecm_site import server_pulse as pulse
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.transport import Patience
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.faults import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_last", None)


@pytest.fixture
def configured(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    return fake


def answer() -> str:
    return str(Client().get("/api/health/ready").json()["checks"]["dispatcharr"])


def test_nothing_is_asked_while_no_server_or_no_login_is_entered() -> None:
    assert answer() == "skipped"
    save_settings(dispatcharr_url="http://127.0.0.1:9")
    assert answer() == "skipped"


def test_an_answer_holds_for_half_a_minute(configured: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now)  # type: ignore[attr-defined]
    asked = configured.count("GET")
    assert [answer() for _ in range(5)] == ["ok"] * 5
    assert configured.count("GET") == asked + 1
    now += 31
    assert answer() == "ok"
    assert configured.count("GET") == asked + 2


def test_any_answer_is_one_and_nobody_signs_in(configured: FakeServer) -> None:
    configured.faults.order(Kind.STATUS, times=10, status=503)
    assert answer() == "ok"
    assert configured.count("POST") == 0


def test_a_server_that_is_away_is_told_by_the_class_of_the_error_only(configured: FakeServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    save_settings(dispatcharr_url=f"http://127.0.0.1:{port}", dispatcharr_password="pw")
    response = Client().get("/api/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["dispatcharr"] == "Unreachable"


def test_a_server_that_hangs_is_given_up(configured: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_PATIENCE", Patience(read=0.2, total=0.2))
    configured.faults.order(Kind.SLOW, times=10, seconds=3600)
    assert answer() == "Unreachable"
