"""Notification Settings: save, test, add, change and delete by form and over HTTP; secrets go in and never come out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ecm_site.conf import get_settings, save_settings
from tasks_app.alerts import entities
from tasks_app.alerts.edit_methods import update_method
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import AlertDelivery, AlertMethod, JournalEntry, PendingAlert
from tasks_app.tests.alerting import TOKEN, WEBHOOK, discord, event, mail, mail_settings, telegram
from tasks_app.tests.receivers import MailReceiver, Reply, WebReceiver, mail_receiver, stand_in, web_receiver
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db
HOME = "/settings/notifications/"
HTMX = {"HX-Request": "true"}
SECRET = WEBHOOK.rpartition("/")[2]


@pytest.fixture
def bob(db: None) -> Client:
    """Somebody who may look."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("bob", password="correct horse"))
    return client


@pytest.fixture
def discord_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True) as receiver:
        stand_in(monkeypatch, receiver, "discord.com")
        yield receiver


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        yield receiver


SERVER = {
    "smtp_host": "Mail.Example.org",
    "smtp_port": "587",
    "security": "none",
    "smtp_user": "ecm",
    "smtp_password": "hunter2secret",
    "smtp_from_email": "ecm@example.org",
    "smtp_from_name": "ECM",
    "recipient": "op@example.org",
}
DISCORD_FORM = {
    "name": "Team",
    "enabled": "on",
    "notify_error": "on",
    "config_webhook_url": WEBHOOK,
    "config_include_timestamp": "on",
    "m3u_enabled": "on",
    "epg_enabled": "on",
    "probe_enabled": "on",
    "probe_min": "1",
}


def api(client: Client, method: str, path: str, **body: Any) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def test_the_mail_server_is_saved_and_its_password_never_shown(alice: Client) -> None:
    assert alice.post(f"{HOME}mail-server/", SERVER).status_code == 302
    saved = get_settings()
    assert (saved.smtp_host, saved.smtp_port, saved.smtp_use_tls, saved.smtp_use_ssl) == ("mail.example.org", 587, False, False)
    assert saved.smtp_password == "hunter2secret"
    page = alice.get(HOME).content.decode()
    assert "hunter2secret" not in page
    assert "Configured" in page
    assert "hunter2secret" not in str(list(JournalEntry.objects.values_list()))
    alice.post(f"{HOME}mail-server/", {**SERVER, "smtp_password": "", "security": "ssl", "smtp_port": "465"})
    saved = get_settings()
    assert (saved.smtp_password, saved.smtp_use_ssl, saved.smtp_use_tls) == ("hunter2secret", True, False)
    alice.post(f"{HOME}mail-server/", {**SERVER, "smtp_password": "", "smtp_user": "", "remove_smtp_password": "on"})
    assert get_settings().smtp_password == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"smtp_port": "0"}, "smtp_port"),
        ({"smtp_host": "mail.example.org:587"}, "smtp_host"),
        ({"smtp_host": "http://mail"}, "smtp_host"),
        ({"smtp_from_email": "a@@b"}, "smtp_from_email"),
        ({"smtp_from_email": "a@b.org\r\nBcc: c@d.org"}, "smtp_from_email"),
        ({"security": "both"}, "security"),
        ({"smtp_password": ""}, "smtp_password"),
    ],
)
def test_a_wrong_mail_server_is_told_beside_the_field(alice: Client, change: dict[str, str], field: str) -> None:
    answer = alice.post(f"{HOME}mail-server/", {**SERVER, **change}, headers=HTMX)
    assert answer.status_code == 422
    assert field in answer.context["mail_form"].errors
    assert get_settings().smtp_host == ""


def test_an_unsaved_mail_server_is_tested_with_a_real_mail(alice: Client, mail_server: MailReceiver) -> None:
    answer = alice.post(f"{HOME}mail-server/", {**SERVER, "test": "1"}, headers=HTMX)
    assert "Sent to op@example.org" in answer.content.decode()
    assert mail_server.mails[0].login == ("ecm", "hunter2secret")
    assert get_settings().smtp_host == ""
    answer = alice.post(f"{HOME}mail-server/", {**SERVER, "recipient": "", "test": "1"}, headers=HTMX)
    assert answer.status_code == 422
    mail_server.says["AUTH"] = "535 no"
    answer = alice.post(f"{HOME}mail-server/", {**SERVER, "test": "1"})
    assert "Authentication failed" in answer.content.decode()
    assert "hunter2secret" not in answer.content.decode()


def test_row_92_pasted_recipients(alice: Client) -> None:
    answer = alice.post(f"{HOME}recipients/", {"to_emails": "a@x.io; b@x.io\nA@X.IO, "}, headers=HTMX)
    assert answer.status_code == 200
    assert "1 duplicate removed" in answer["HX-Trigger"]
    assert "Saved at" in answer.content.decode()
    assert "set up the mail server" in answer.content.decode()
    method = AlertMethod.objects.get()
    assert stored_values(method) == {"to_emails": ["a@x.io", "b@x.io"]}
    assert method.is_recipient_list
    alice.post(f"{HOME}recipients/", {"to_emails": "c@x.io"})
    assert stored_values(AlertMethod.objects.get()) == {"to_emails": ["c@x.io"]}
    assert alice.post(f"{HOME}recipients/", {"to_emails": "bad@@example"}, headers=HTMX).status_code == 422
    alice.post(f"{HOME}recipients/", {"to_emails": " , "})
    assert not AlertMethod.objects.exists()


def test_default_discord_and_telegram(alice: Client, discord_server: WebReceiver) -> None:
    assert alice.post(f"{HOME}discord/", {"discord_webhook_url": "http://discord.com/api/webhooks/1/a"}).status_code == 422
    assert alice.post(f"{HOME}discord/", {"discord_webhook_url": WEBHOOK}).status_code == 302
    assert alice.post(f"{HOME}telegram/", {"telegram_bot_token": TOKEN, "telegram_chat_id": "42"}).status_code == 302
    page = alice.get(HOME).content.decode()
    assert SECRET not in page
    assert TOKEN not in page
    assert "Sent to webhook 123456789" in alice.post(f"{HOME}discord/", {"test": "1"}, headers=HTMX).content.decode()
    assert len(discord_server.received) == 1
    alice.post(f"{HOME}discord/", {"remove_discord_webhook_url": "on"})
    assert get_settings().discord_webhook_url == ""
    assert get_settings().telegram_bot_token == TOKEN
    stored = Path(settings.CONFIG_DIR, "settings.json").read_text(encoding="utf-8")
    assert "enc:" in stored
    assert TOKEN not in stored


def test_the_digest_window_has_a_range(alice: Client) -> None:
    assert alice.post(f"{HOME}digest/", {"alert_digest_seconds": "601"}).status_code == 422
    assert alice.post(f"{HOME}digest/", {"alert_digest_seconds": "0"}).status_code == 302
    assert get_settings().alert_digest_seconds == 0


def test_a_method_is_added_changed_tested_switched_and_deleted(
    alice: Client, discord_server: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(entities._categories, "m3u_refresh", lambda: [(3, "<b>Acme</b>"), (4, "Other")])
    page = alice.get(f"{HOME}methods/add/discord/").content.decode()
    assert "&lt;b&gt;Acme&lt;/b&gt;" in page
    answer = alice.post(
        f"{HOME}methods/add/discord/", {**DISCORD_FORM, "m3u_mode": "only_selected", "m3u_ids": ["3"]}, headers=HTMX
    )
    assert answer.status_code == 204
    assert "alerts:changed" in answer["HX-Trigger"]
    method = AlertMethod.objects.get()
    assert json.loads(method.alert_sources)["m3u_refresh"]["account_ids"] == [3]
    assert (method.notify_error, method.notify_warning) == (True, False)

    shown = alice.get(f"{HOME}methods/{method.pk}/").content.decode()
    assert SECRET not in shown
    answer = alice.post(f"{HOME}methods/{method.pk}/", {**DISCORD_FORM, "config_webhook_url": "", "name": "New"}, headers=HTMX)
    assert answer.status_code == 204
    method.refresh_from_db()
    assert (method.name, method.alert_sources) == ("New", "")
    assert stored_values(method)["webhook_url"] == WEBHOOK

    answer = alice.post(f"{HOME}methods/{method.pk}/test/", headers=HTMX)
    assert "Sent to webhook" in answer["HX-Trigger"]
    unsaved = {**DISCORD_FORM, "config_username": "Else", "test": "1"}
    assert "Sent to" in alice.post(f"{HOME}methods/{method.pk}/", unsaved, headers=HTMX).content.decode()
    assert [request.json["username"] for request in discord_server.received] == ["ECM Alerts", "Else"]

    assert "Switch on" in alice.post(f"{HOME}methods/{method.pk}/switch/", {"enabled": "0"}, headers=HTMX).content.decode()
    assert "drops" not in alice.get(f"{HOME}methods/{method.pk}/delete/").content.decode()
    assert alice.post(f"{HOME}methods/{method.pk}/delete/").status_code == 302
    assert not AlertMethod.objects.exists()
    assert AlertDelivery.objects.filter(is_test=True, method=None, method_name="New").count() == 2
    journal = JournalEntry.objects.filter(entity_type="alert_method")
    assert [entry.action_type for entry in journal.order_by("id")] == ["create", "update", "update", "delete"]
    assert SECRET not in str(list(journal.values_list()))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"config_webhook_url": "https://evil.example/"}, "config_webhook_url"),
        ({"config_username": "my discord"}, "config_username"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"m3u_mode": "only_selected"}, "m3u_ids"),
        ({"probe_min": "-1"}, "probe_min"),
    ],
)
def test_a_wrong_method_is_told_beside_the_field(alice: Client, change: dict[str, str], field: str) -> None:
    answer = alice.post(f"{HOME}methods/add/discord/", {**DISCORD_FORM, **change}, headers=HTMX)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not AlertMethod.objects.exists()
    again = alice.post(f"{HOME}methods/add/discord/", {**DISCORD_FORM, **change, "test": "1"}, headers=HTMX)
    if again.status_code == 422:
        assert again["HX-Retarget"] == "#alert-method-form"


def test_an_account_that_is_gone_stays_in_the_filter_until_it_is_taken_out(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(entities._categories, "m3u_refresh", lambda: [(4, "Other")])
    method = discord(alert_sources={"m3u_refresh": {"filter_mode": "only_selected", "account_ids": [3]}})
    assert "(deleted: 3)" in alice.get(f"{HOME}methods/{method.pk}/").content.decode()


def test_only_administrators_change_anything(bob: Client) -> None:
    method = discord()
    assert bob.get(HOME).status_code == 200
    for path in ("mail-server/", "recipients/", "discord/", "telegram/", "digest/", "methods/add/discord/"):
        assert bob.post(HOME + path, DISCORD_FORM).status_code == 403, path
    for path in ("", "switch/", "test/", "delete/"):
        assert bob.post(f"{HOME}methods/{method.pk}/{path}", DISCORD_FORM).status_code == 403, path
    assert api(bob, "POST", "/api/alert-methods", name="x", method_type="discord").status_code == 403
    assert api(bob, "DELETE", f"/api/alert-methods/{method.pk}").status_code == 403
    assert api(bob, "POST", "/api/settings/test-discord").status_code == 403
    assert SECRET not in bob.get("/api/alert-methods").content.decode()
    assert AlertMethod.objects.filter(enabled=True).count() == 1


def test_methods_over_http(alice: Client) -> None:
    kinds = alice.get("/api/alert-methods/types").json()["types"]
    assert [kind["type"] for kind in kinds] == ["discord", "telegram", "smtp", "apprise"]
    answer = api(
        alice, "POST", "/api/alert-methods", name="P", method_type="telegram", config={"bot_token": TOKEN, "chat_id": 42},
        notify_info=True, quiet_from="22:00", quiet_until="07:00",
        alert_sources={"tasks": {"filter_mode": "all_except", "task_ids": ["cleanup"]}},
    )  # fmt: skip
    assert answer.status_code == 201
    made = answer.json()
    assert made["config"] == {
        "bot_token": "********", "chat_id": "42", "parse_mode": "HTML", "disable_notification": False,
        "disable_web_page_preview": True,
    }  # fmt: skip
    assert (made["quiet_from"], made["notify_info"]) == ("22:00", True)
    url = f"/api/alert-methods/{made['id']}"
    changed = api(alice, "PATCH", url, config={"bot_token": "********", "chat_id": "43"}, enabled=False).json()  # row 95
    assert (changed["config"]["chat_id"], changed["enabled"], changed["name"]) == ("43", False, "P")
    assert stored_values(AlertMethod.objects.get())["bot_token"] == TOKEN
    assert alice.get(url).json() == changed
    assert changed["alert_sources"]["tasks"]["task_ids"] == ["cleanup"]
    assert api(alice, "DELETE", url).json() == {"deleted": True}
    assert alice.get(url).status_code == 404
    assert api(alice, "PUT", "/api/alert-methods").status_code == 405


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "method_type": "pigeon"}, "method_type"),
        ({"name": "x"}, "method_type"),
        ({"method_type": "discord"}, "name"),
        ({"name": "x", "method_type": "discord", "config": {"webhook_url": "http://x"}}, "webhook_url"),
        ({"name": "x" * 101, "method_type": "discord", "config": {"webhook_url": WEBHOOK}}, "name"),
        ({"name": "x", "method_type": "discord", "config": []}, "config"),
        ({"name": "x", "method_type": "discord", "config": {"webhook_url": WEBHOOK}, "enabled": "yes"}, "enabled"),
        ({"name": "x", "method_type": "discord", "config": {"webhook_url": WEBHOOK}, "quiet_from": "25:00"}, "quiet_from"),
        ({"name": "x", "method_type": "smtp", "config": {"to_emails": ["<a@x.io>"]}}, "to_emails"),
        ({"name": "x", "method_type": "smtp", "config": {"to_emails": []}}, "to_emails"),
        ({"name": "x", "method_type": "smtp", "config": {"to_emails": ["x@y.org\r\nBcc: q@q.q"]}}, "to_emails"),
        ({"name": "x", "method_type": "apprise", "config": {"url": "file:///etc/passwd"}}, "url"),
        ({"name": "x", "method_type": "discord", "surprise": 1}, "surprise"),
        (
            {"name": "x", "method_type": "discord", "config": {"webhook_url": WEBHOOK}, "alert_sources": {"odd": 1}},
            "alert_sources",
        ),
    ],
)
def test_row_93_bad_methods_are_400_and_name_the_field(alice: Client, body: dict[str, Any], field: str) -> None:
    answer = api(alice, "POST", "/api/alert-methods", **body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["detail"]
    assert not AlertMethod.objects.exists()


def test_what_is_not_json_is_refused(alice: Client) -> None:
    for body in ("{", "[1]", "x" * 300_000):
        assert alice.post("/api/alert-methods", body, content_type="application/json").status_code == 400


def test_tests_over_http(alice: Client, discord_server: WebReceiver) -> None:
    answer = api(alice, "POST", "/api/settings/test-discord", webhook_url=WEBHOOK).json()
    assert answer["success"]
    discord_server.otherwise = Reply(404)
    assert "gone (404)" in api(alice, "POST", "/api/settings/test-discord", webhook_url=WEBHOOK).json()["message"]
    assert (
        "not a Discord webhook" in api(alice, "POST", "/api/settings/test-discord", webhook_url="https://x").json()["message"]
    )
    assert not api(alice, "POST", "/api/settings/test-telegram", bot_token="1", chat_id="1").json()["success"]
    method = discord()
    assert not api(alice, "POST", f"/api/alert-methods/{method.pk}/test").json()["success"]
    values = {"method_type": "discord", "config": {"webhook_url": WEBHOOK}}
    assert not api(alice, "POST", "/api/alert-methods/test", **values).json()["success"]
    assert api(alice, "POST", "/api/alert-methods/999/test").status_code == 404


def test_the_mail_server_is_tested_over_http(alice: Client, mail_server: MailReceiver) -> None:
    mail_settings(smtp_user="ecm", smtp_password="hunter2secret")
    answer = api(alice, "POST", "/api/settings/test-smtp", to_email="op@example.org", smtp_from_name="Other")
    assert answer.json()["success"]
    assert "From: Other <ecm@example.org>" in mail_server.mails[0].data
    assert mail_server.mails[0].login == ("ecm", "hunter2secret")
    both = api(alice, "POST", "/api/settings/test-smtp", to_email="op@example.org", smtp_use_tls=True, smtp_use_ssl=True)
    assert (both.status_code, both.json()["field"]) == (400, "smtp_use_ssl")
    assert api(alice, "POST", "/api/settings/test-smtp", to_email="nobody").status_code == 400


def test_trap_14_a_method_that_cannot_send_says_so(alice: Client) -> None:
    mail()
    assert "Set up the mail server first." in alice.get(HOME).content.decode()


def test_a_method_whose_key_file_was_exchanged_can_be_seen_and_mended(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    method = discord()
    monkeypatch.setattr(settings, "ECM_ENCRYPTION_KEY", "another key")
    assert "Enter the webhook address." in alice.get(HOME).content.decode()
    assert alice.get(f"{HOME}methods/{method.pk}/").status_code == 200
    assert raise_alert(event()) == 1
    assert api(alice, "PATCH", f"/api/alert-methods/{method.pk}", config={"webhook_url": WEBHOOK}).status_code == 200


def test_the_page_and_the_log_cost_the_same_queries_however_much_there_is(alice: Client) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert alice.get(path).status_code == 200
        return len(found)

    def delivery(method: AlertMethod) -> None:
        AlertDelivery.objects.create(
            method=method, method_name="x", method_type="telegram", severity="info", title="x", status="sent"
        )

    delivery(discord("first"))
    raise_alert(event())
    alice.get(HOME)
    few = count(HOME), count(f"{HOME}deliveries/"), count("/api/alert-methods")
    for number in range(12):
        method = telegram(f"More {number}")
        for _ in range(5):
            delivery(method)
        raise_alert(event())
    assert (count(HOME), count(f"{HOME}deliveries/"), count("/api/alert-methods")) == few


def test_the_log_is_filtered_and_shows_hostile_text_as_text(alice: Client) -> None:
    method = discord("<script>alert(1)</script>")
    for status in ("sent", "failed"):
        AlertDelivery.objects.create(
            method=method, method_name=method.name, method_type="discord", severity="error", status=status,
            title=f"<b>{status}</b>", note="http://u:hunter2@x/",
        )  # fmt: skip
    page = alice.get(f"{HOME}deliveries/?status=failed&method={method.pk}").content.decode()
    assert "&lt;b&gt;failed&lt;/b&gt;" in page
    assert "&lt;b&gt;sent" not in page
    assert "<script>alert" not in page
    assert "hunter2" not in page
    for odd in ("?page=99999999999999999999", "?method=x", "?status=%00", "?page=-1"):
        assert alice.get(f"{HOME}deliveries/{odd}").status_code == 200


def test_what_waits_and_why_is_on_the_page(alice: Client) -> None:
    discord()
    raise_alert(event())
    assert "1 waiting (collecting alerts for one message)" in alice.get(HOME).content.decode()
    assert PendingAlert.objects.count() == 1


def test_nobody_signed_out_sees_anything(client: Client) -> None:
    get_user_model().objects.create_user("x", password="y")
    assert client.get(HOME).status_code == 302
    assert client.get("/api/alert-methods").status_code == 401


def test_saving_one_card_leaves_the_others_alone(alice: Client) -> None:
    save_settings(discord_webhook_url=WEBHOOK, smtp_password="keep-this")
    alice.post(f"{HOME}digest/", {"alert_digest_seconds": "60"})
    assert (get_settings().discord_webhook_url, get_settings().smtp_password) == (WEBHOOK, "keep-this")


def test_changes_are_taken_back_from_the_journal(alice: Client) -> None:
    method = discord(notify_info=True)
    update_method(method.pk, {"name": "Else", "notify_info": False, "quiet_from": "22:00", "quiet_until": "06:00"})
    changed = JournalEntry.objects.get(entity_type="alert_method", action_type="update")
    assert changed.undoable
    assert undo_entry(changed).undone == 1
    method.refresh_from_db()
    assert (method.name, method.notify_info, method.quiet_from) == ("Team", True, None)
    assert stored_values(method)["webhook_url"] == WEBHOOK
    update_method(method.pk, {"name": "Third"})
    second = JournalEntry.objects.filter(entity_type="alert_method", action_type="update", undone_by=None, undoes=None).latest(
        "id"
    )
    update_method(method.pk, {"name": "Fourth"})
    assert undo_entry(second).undone == 0  # something else changed it since
    update_method(method.pk, {"config": {"webhook_url": WEBHOOK + "x"}})
    assert not JournalEntry.objects.filter(entity_type="alert_method").latest("id").undoable
    fresh = telegram()
    assert (
        undo_entry(JournalEntry.objects.get(action_type="create", entity_id=fresh.pk, entity_type="alert_method")).undone == 1
    )
    assert not AlertMethod.objects.filter(pk=fresh.pk).exists()
