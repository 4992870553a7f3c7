"""Reports go to the default destinations, or to the first method of that kind (20 §11)."""

from collections.abc import Iterator

import pytest

from ecm_site.conf import save_settings
from tasks_app.alerts import reports
from tasks_app.alerts.channel import ChannelError
from tasks_app.tests.alerting import TOKEN, WEBHOOK, discord, mail_settings, telegram
from tasks_app.tests.receivers import Reply, WebReceiver, mail_receiver, stand_in, web_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True, otherwise=Reply(200, b'{"ok": true}')) as receiver:
        stand_in(monkeypatch, receiver, "discord.com", "api.telegram.org")
        yield receiver


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(reports.time, "sleep", found.append)
    return found


def test_discord_gets_the_parts_in_order_and_rings_nobody(server: WebReceiver, pauses: list[float]) -> None:
    assert not reports.can_discord()
    with pytest.raises(ChannelError, match="not set up"):
        reports.discord_report(["x"], username="ECM M3U Digest")
    save_settings(discord_webhook_url=WEBHOOK)
    assert reports.can_discord()
    server.replies += [Reply(204), Reply(429, b"", {"Retry-After": "3"})]
    reports.discord_report(["one", "two @everyone"], username="ECM M3U Digest")
    assert [request.json["content"] for request in server.received] == ["one", "two @everyone", "two @everyone"]
    assert pauses == [0.5, 3]
    assert all(request.json["allowed_mentions"] == {"parse": []} for request in server.received)
    assert server.received[0].json["username"] == "ECM M3U Digest"


def test_a_service_that_refuses_twice_is_an_error(server: WebReceiver, pauses: list[float]) -> None:
    save_settings(discord_webhook_url=WEBHOOK)
    server.otherwise = Reply(429)
    with pytest.raises(ChannelError, match="rate limited"):
        reports.discord_report(["one"], username="x")
    assert pauses == [1.0]
    with pytest.raises(ValueError, match="2000 is the most"):
        reports.discord_report(["x" * 2001], username="x")


def test_without_a_default_the_first_method_that_is_on_is_used(server: WebReceiver, pauses: list[float]) -> None:
    discord(enabled=False)
    telegram(enabled=False)
    assert not reports.can_discord()
    assert not reports.can_telegram()
    discord("b")
    telegram("b")
    reports.discord_report(["one"], username="x")
    reports.telegram_report(["<b>two</b>"])
    assert server.received[0].path.startswith("/api/webhooks/123456789/")
    assert server.received[1].path == f"/bot{TOKEN}/sendMessage"
    assert server.received[1].json["text"] == "<b>two</b>"


def test_a_report_by_mail_has_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ChannelError, match="not set up"):
        reports.mail_report(["a@example.org"], "s", "t", "<p>t</p>")
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        assert reports.can_mail()
        reports.mail_report(["a@example.org"], "Digest\r\nBcc: x@y.org", "text", "<p>html</p>")
        with pytest.raises(ChannelError, match="no recipients"):
            reports.mail_report([], "s", "t", "h")
    assert "Subject: Digest Bcc: x@y.org" in receiver.mails[0].data
    assert "<p>html</p>" in receiver.mails[0].data
    assert receiver.mails[0].recipients == ["a@example.org"]
