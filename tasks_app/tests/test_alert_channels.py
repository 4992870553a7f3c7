"""What the services really get (50 §4.4), hostile text included; and what they say when something is wrong (A-8)."""

import email
import email.policy
import html
from collections.abc import Iterator
from typing import Any

import pytest

from tasks_app.alerts.channel import ChannelError
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.channels.discord import embed
from tasks_app.alerts.channels.telegram import LIMIT, formatted
from tasks_app.alerts.clean_text import units
from tasks_app.alerts.edit_methods import update_method
from tasks_app.alerts.mail_server import MailServer
from tasks_app.alerts.message import Message, compose
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.alerts.try_method import try_mail_server, try_method, try_values
from tasks_app.models import AlertDelivery, AlertMethod, PendingAlert, Severity
from tasks_app.tests.alerting import TOKEN, WEBHOOK, discord, event, mail, mail_settings, telegram
from tasks_app.tests.receivers import MailReceiver, Received, Reply, WebReceiver, mail_receiver, stand_in, web_receiver

pytestmark = pytest.mark.django_db

HOSTILE = "<b>CNN</b> & <script>alert(1)</script> @everyone <@123> [click](http://evil.example) **bold** _x_ `c`"
COUNTS = {"total": 1234, "ok": 1230, "failed": 4, "skipped": 0, "duration": "1 min 5 s", "nested": {"no": 1}}


def message(severity: str = "error", **values: Any) -> Message:
    """What raising such an event and composing it makes."""
    discord_or_any = AlertMethod.objects.first() or discord("collector")
    PendingAlert.objects.all().delete()
    AlertMethod.objects.update(notify_info=True)
    assert raise_alert(event(severity, **values))
    return compose(list(PendingAlert.objects.filter(method=discord_or_any)))


@pytest.fixture
def discord_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True) as receiver:
        stand_in(monkeypatch, receiver, "discord.com")
        yield receiver


@pytest.fixture
def telegram_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True, otherwise=Reply(200, b'{"ok": true, "result": {"username": "ecm_bot"}}')) as receiver:
        stand_in(monkeypatch, receiver, "api.telegram.org")
        yield receiver


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        yield receiver


def test_discord_gets_one_embed_that_rings_nobody(discord_server: WebReceiver) -> None:
    method = discord(config={"webhook_url": WEBHOOK, "username": "Watch"})
    text = message(message=HOSTILE, counts=COUNTS, failed_items=[f"item {n}" for n in range(14)])
    CHANNELS["discord"].send(stored_values(method), text)
    sent = discord_server.received[0]
    assert (sent.method, sent.path) == ("POST", "/api/webhooks/123456789/aVerySecretToken-of_Discord")
    assert sent.json["allowed_mentions"] == {"parse": []}
    assert sent.json["username"] == "Watch"
    (shown,) = sent.json["embeds"]
    assert shown["color"] == 0xEF4444
    assert shown["footer"] == {"text": "Source: Tests"}
    assert shown["timestamp"].startswith("20")
    assert {"name": "OK", "value": "1,230", "inline": True} in shown["fields"]
    assert "Nested" not in str(shown["fields"])
    description = shown["description"]
    assert "\\<b\\>CNN" in description
    assert "\\@everyone" in description
    assert "\\[click\\]\\(http\\://evil.example\\)" in description
    assert "• item 9\n• … and 4 more" in description


@pytest.mark.parametrize(
    ("severity", "colour"), [("info", 0x3B82F6), ("success", 0x22C55E), ("warning", 0xF59E0B), ("error", 0xEF4444)]
)
def test_discords_colours(severity: str, colour: int) -> None:
    assert embed(message(severity), with_time=True)["color"] == colour


def test_discords_limits() -> None:
    huge = Message(
        Severity.ERROR,
        title="*" * 400,
        subject="",
        body="\U0001f4fa_" * 5000,
        facts=tuple((f"label {n}" * 50, "v*" * 900) for n in range(40)),
        source="s" * 3000,
    )
    shown = embed(huge, with_time=False)
    parts = [shown["title"], shown.get("description", ""), shown["footer"]["text"]]
    parts += [part for field in shown["fields"] for part in (field["name"], field["value"])]
    assert units(shown["title"]) <= 256
    assert shown["title"].endswith("…")
    assert units(shown.get("description", "")) <= 4096
    assert len(shown["fields"]) <= 25
    assert all(units(field["name"]) <= 256 and units(field["value"]) <= 1024 for field in shown["fields"])
    assert sum(map(units, parts)) <= 6000
    assert "timestamp" not in shown
    no_facts = embed(Message(Severity.INFO, title="t", subject="", body="x" * 9000), with_time=False)
    assert len(no_facts["description"]) == 4096
    assert no_facts["description"].endswith("x…")


def test_row_91_telegram_shows_text_literally(telegram_server: WebReceiver) -> None:
    method = telegram()
    CHANNELS["telegram"].send(stored_values(method), message(title="<b>Sky</b>", message="The stream <b>News</b> & more"))
    sent = telegram_server.received[0]
    assert sent.path == f"/bot{TOKEN}/sendMessage"
    assert sent.json["parse_mode"] == "HTML"
    assert sent.json["chat_id"] == "-100200300"
    assert sent.json["link_preview_options"] == {"is_disabled": True}
    assert sent.json["disable_notification"] is False
    lines = sent.json["text"].split("\n")
    assert lines[0] == "<b>✗ &lt;b&gt;Sky&lt;/b&gt;</b>"
    assert lines[1] == ""
    assert lines[2] == "The stream &lt;b&gt;News&lt;/b&gt; &amp; more"
    assert lines[-1].startswith("<i>Source: Tests · 20")
    assert lines[-1].endswith(" UTC</i>")


@pytest.mark.parametrize("mode", ["HTML", "MarkdownV2", "plain"])
@pytest.mark.parametrize("letter", ["x", "<", ".", "\U0001f4fa"])
def test_row_91_telegrams_limit_counts_what_is_shown(mode: str, letter: str) -> None:
    long = Message(Severity.ERROR, title="T", subject="", body=letter * 5000)
    text = formatted(long, mode)
    shown = html.unescape(text.replace("<b>", "").replace("</b>", "")) if mode == "HTML" else text
    assert units(shown) <= LIMIT
    assert shown.endswith("…")
    assert units(shown) >= LIMIT - 16
    if mode != "MarkdownV2":
        assert units(shown) >= LIMIT - 8


def test_markdown_for_telegram_is_escaped() -> None:
    text = formatted(Message(Severity.INFO, title="a_b", subject="", body="1.5 (x) [y] *z* \\ !"), "MarkdownV2")
    assert text == "*ℹ a\\_b*\n\n1\\.5 \\(x\\) \\[y\\] \\*z\\* \\\\ \\!"


def test_a_mail_has_text_and_escaped_html(mail_server: MailReceiver) -> None:
    method = mail("op@example.org", "two@example.org")
    text = message(
        title=f"Refresh of {HOSTILE}\r\nBcc: evil@example.org", message=HOSTILE, counts=COUNTS, failed_items=["<i>1</i>"]
    )
    CHANNELS["smtp"].send(stored_values(method), text)
    (got,) = mail_server.mails
    assert (got.sender, got.recipients) == ("ecm@example.org", ["op@example.org", "two@example.org"])
    parsed = email.message_from_string(got.data, policy=email.policy.default)
    assert parsed["Subject"].startswith("[ERROR] Refresh of <b>CNN</b>")
    assert parsed["Bcc"] is None
    assert "evil@example.org" not in str(got.recipients)
    assert parsed["From"] == "ECM Alerts <ecm@example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed.get_content_type() == "multipart/alternative"
    plain = parsed.get_body(("plain",)).get_content()
    page = parsed.get_body(("html",)).get_content()
    assert HOSTILE in plain
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;i&gt;1&lt;/i&gt;" in page
    assert "#EF4444" in page
    assert "Total" in page
    assert "1,234" in plain


@pytest.mark.parametrize("kind", ["starttls", "ssl"])
def test_mail_goes_over_tls_with_a_login(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with mail_receiver(tls=kind) as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings(
            465 if kind == "ssl" else 587,
            smtp_use_tls=kind == "starttls",
            smtp_use_ssl=kind == "ssl",
            smtp_user="ecm",
            smtp_password="hunter2secret",
        )
        CHANNELS["smtp"].send({"to_emails": ["op@example.org"]}, message())
    assert receiver.mails[0].was_encrypted
    assert receiver.mails[0].login == ("ecm", "hunter2secret")


def test_no_login_and_no_mail_goes_out_unencrypted_when_encryption_was_asked_for(mail_server: MailReceiver) -> None:
    mail_settings(smtp_use_tls=True, smtp_user="ecm", smtp_password="hunter2secret")
    with pytest.raises(ChannelError, match="does not offer") as caught:
        CHANNELS["smtp"].send({"to_emails": ["op@example.org"]}, message())
    assert not caught.value.may_pass
    assert mail_server.mails == []
    assert not any(command.upper().startswith(("AUTH", "MAIL")) for command in mail_server.commands)


def test_a_refused_recipient_does_not_cost_the_others_their_mail(mail_server: MailReceiver) -> None:
    mail_server.says["RCPT TO:<gone@"] = "550 no such user"
    note = CHANNELS["smtp"].send({"to_emails": ["op@example.org", "gone@example.org"]}, message())
    assert note == "Not delivered to gone@example.org (550 no such user)"
    assert mail_server.mails[0].recipients == ["op@example.org"]


@pytest.mark.parametrize(
    ("says", "expected", "may_pass"),
    [
        ({"AUTH": "535 wrong hunter2secret"}, "Authentication failed", False),
        ({"AUTH": "454 try later"}, "Authentication failed", True),
        ({"RCPT": "550 unknown"}, "Recipient refused: op@example.org: 550 unknown", False),
        ({"MAIL": "553 not yours"}, "Sender refused", False),
        ({"DATA": "451 busy"}, "451 busy", True),
        ({".": "554 spam"}, "554 spam", False),
        ({"CONNECT": "421 too many"}, "421 too many", True),
    ],
)
def test_what_a_mail_server_says_is_told(
    mail_server: MailReceiver, says: dict[str, str], expected: str, may_pass: bool
) -> None:
    mail_settings(smtp_user="ecm", smtp_password="hunter2secret")
    mail_server.says |= says
    with pytest.raises(ChannelError) as caught:
        CHANNELS["smtp"].send({"to_emails": ["op@example.org"]}, message())
    assert expected in str(caught.value)
    assert "hunter2secret" not in str(caught.value)
    assert caught.value.may_pass is may_pass


def test_a_silent_mail_server_is_given_up_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks_app.alerts import mail_server as module

    assert module.TIMEOUT_SECONDS == 10
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)
    with mail_receiver(hold=True) as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        with pytest.raises(ChannelError, match=r"(?i)timed out") as caught:
            CHANNELS["smtp"].send({"to_emails": ["op@example.org"]}, message())
    assert caught.value.may_pass


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1"])
def test_mail_is_never_handed_to_machine_internals(host: str) -> None:
    report = try_mail_server(MailServer(host, 25, "none", "", "", "ecm@example.org", "ECM"), "op@example.org")
    assert not report.success
    assert "never contacted" in report.message


def test_mail_is_never_handed_to_ourselves(settings: Any) -> None:
    with mail_receiver() as receiver:
        settings.ECM_PORT = receiver.port
        server = MailServer("127.0.0.1", receiver.port, "none", "", "", "ecm@example.org", "ECM")
        assert "this program itself" in try_mail_server(server, "op@example.org").message
        assert receiver.commands == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b'{"message": "Invalid Webhook Token"}', "unauthorised (401)"),
        (404, b"{}", "gone (404)"),
        (429, b'{"retry_after": 3}', "rate limited (429)"),
        (500, b"", "has a problem (500)"),
        (400, b'{"message": "Cannot send an empty message"}', "Cannot send an empty message"),
        (302, b"", "sends us on to another address"),
    ],
)
def test_a_test_of_discord_names_the_reason(discord_server: WebReceiver, status: int, body: bytes, expected: str) -> None:
    method = discord()
    discord_server.otherwise = Reply(status, body, {"Location": "http://169.254.169.254/"} if status == 302 else {})
    report = try_method(method.pk)
    assert not report.success
    assert expected in report.message
    assert AlertDelivery.objects.get().is_test
    assert len(discord_server.received) == 1


def test_a_good_test_is_a_real_message(discord_server: WebReceiver) -> None:
    report = try_values("discord", {"webhook_url": WEBHOOK})
    assert report.success
    assert discord_server.received[0].json["embeds"][0]["title"] == "ℹ Test message from ECM"
    assert not AlertDelivery.objects.exists()


def test_unsaved_values_are_tried_over_stored_secrets(telegram_server: WebReceiver) -> None:
    method = telegram()
    assert try_method(method.pk, {"chat_id": "42", "bot_token": "********"}).success
    assert [request.path.rpartition("/")[2] for request in telegram_server.received] == ["getMe", "sendMessage"]
    assert telegram_server.received[1].json["chat_id"] == "42"
    assert stored_values(AlertMethod.objects.get())["chat_id"] == "-100200300"


@pytest.mark.parametrize(
    ("call", "reply", "expected"),
    [
        ("getMe", Reply(401, b'{"ok": false, "description": "Unauthorized"}'), "wrong bot token"),
        ("getMe", Reply(404, b'{"ok": false, "description": "Not Found"}'), "wrong bot token"),
        ("sendMessage", Reply(400, b'{"ok": false, "description": "Bad Request: chat not found"}'), "Chat not found"),
        ("sendMessage", Reply(403, b'{"ok": false, "description": "bot was blocked by the user"}'), "may not write"),
        ("sendMessage", Reply(200, b'{"ok": false, "description": "odd"}'), "odd"),
        ("sendMessage", Reply(200, b"<html>hello"), "hello"),
        ("sendMessage", Reply(429, b'{"ok": false, "parameters": {"retry_after": 7}}'), "rate limited (429)"),
        ("sendMessage", Reply(502, b"bad gateway"), "has a problem (502)"),
    ],
)
def test_a_test_of_telegram_names_the_reason(telegram_server: WebReceiver, call: str, reply: Reply, expected: str) -> None:
    def answer(request: Received) -> Reply | None:
        return reply if request.path.endswith(call) else None

    telegram_server.answer = answer
    report = try_values("telegram", {"bot_token": TOKEN, "chat_id": "1"})
    assert not report.success
    assert expected in report.message
    assert TOKEN not in report.message


def test_telegrams_wish_to_wait_is_read_from_the_body(telegram_server: WebReceiver) -> None:
    telegram_server.otherwise = Reply(429, b'{"ok": false, "parameters": {"retry_after": 17}}')
    with pytest.raises(ChannelError) as caught:
        CHANNELS["telegram"].send({"bot_token": TOKEN, "chat_id": "1"}, message())
    assert caught.value.asked_pause == 17


def test_a_malformed_address_is_told_without_sending_anything() -> None:
    report = try_values("discord", {"webhook_url": "https://evil.example/api/webhooks/1/a"})
    assert not report.success
    assert report.field == "webhook_url"
    assert "not a Discord webhook" in report.message


def test_row_95_a_masked_or_empty_secret_keeps_the_stored_one() -> None:
    method = telegram()
    for value in ("********", "", None):
        update_method(method.pk, {"config": {"bot_token": value, "chat_id": "7"}})
        stored = stored_values(AlertMethod.objects.get())
        assert (stored["bot_token"], stored["chat_id"]) == (TOKEN, "7")


def test_provider_text_is_tamed_before_it_is_stored() -> None:
    got = message(
        title="a\x00b\nc\u202ed" + "x" * 400, message="http://user:hunter2@tv.example/get.php?password=hunter2 \x1b[31m"
    )
    assert got.title.startswith("a b cdx")
    assert len(got.title) == 255
    assert "hunter2" not in got.body
    assert "\x1b" not in got.body
