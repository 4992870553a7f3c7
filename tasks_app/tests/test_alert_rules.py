"""Which alerts go where: the table of 50 §18.5, rows 77–87, 92–94."""

import json
import logging
from typing import Any

import pytest

from tasks_app.alerts.addresses import InvalidRecipients, read_recipients
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.channels.discord import checked_webhook
from tasks_app.alerts.edit_methods import create_method
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.alerts.run_alerts import on_run_finished, on_run_started
from tasks_app.alerts.source_filter import filter_problem, read_filter
from tasks_app.models import Notification, PendingAlert, RunStatus, Task, TaskRun, Trigger
from tasks_app.tests.alerting import discord, event, mail, telegram

pytestmark = pytest.mark.django_db


def run_of(task_id: str, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> TaskRun:
    return TaskRun.objects.create(
        task_id=task_id, lock_key=task_id, title=f"Run of {task_id}", status=status, triggered_by=Trigger.MANUAL, **values
    )


def task_row(**switches: Any) -> Task:
    return Task.objects.update_or_create(task_id="m3u_digest", defaults=switches)[0]


def sent_to() -> list[str]:
    return sorted(PendingAlert.objects.values_list("method__method_type", flat=True))


def test_row_77_a_task_that_sends_no_alerts_only_rings_the_bell() -> None:
    discord()
    task_row(send_alerts=False)
    from tasks_app.notifications import run_notices

    run = run_of("m3u_digest", RunStatus.FAILED, message="It broke.")
    run_notices.on_run_finished(run)
    on_run_finished(run)
    assert sent_to() == []
    assert Notification.objects.get().kind == "error"


def test_row_78_alerts_do_not_need_the_bell() -> None:
    discord()
    task_row(show_notifications=False)
    from tasks_app.notifications import run_notices

    run = run_of("m3u_digest", RunStatus.FAILED, message="It broke.")
    run_notices.on_run_finished(run)
    on_run_finished(run)
    assert sent_to() == ["discord"]
    assert not Notification.objects.exists()


@pytest.mark.parametrize(("alerts_on_warnings", "expected"), [(False, []), (True, ["discord"])])
def test_row_79_two_of_ten_failed_items_are_a_warning(alerts_on_warnings: bool, expected: list[str]) -> None:
    discord()
    task_row(alert_on_warning=alerts_on_warnings)
    on_run_finished(run_of("m3u_digest", success_count=8, failed_count=2))
    assert sent_to() == expected


def test_row_80_the_switch_for_a_kind_of_method_keeps_that_kind_out() -> None:
    discord()
    mail()
    telegram()
    task_row(send_to_discord=False, send_to_telegram=False)
    on_run_finished(run_of("m3u_digest", RunStatus.FAILED))
    assert sent_to() == ["smtp"]


def test_row_81_a_start_is_information_which_tasks_do_not_send_by_default() -> None:
    discord(notify_info=True)
    task = task_row()
    on_run_started(run_of("m3u_digest", RunStatus.RUNNING))
    assert sent_to() == []
    task.alert_on_info = True
    task.save()
    on_run_started(run_of("m3u_digest", RunStatus.COMPLETED))
    assert PendingAlert.objects.get().severity == "info"


def test_row_82_a_method_refuses_a_severity_for_itself_only() -> None:
    discord(notify_success=False)
    telegram()
    assert raise_alert(event("success")) == 1
    assert sent_to() == ["telegram"]


M3U_ONLY_3 = {"version": 1, "m3u_refresh": {"enabled": True, "filter_mode": "only_selected", "account_ids": [3]}}
EPG_NOT_3 = {"version": 1, "epg_refresh": {"enabled": True, "filter_mode": "all_except", "source_ids": [3]}}
PROBE_5 = {"version": 1, "probe_failures": {"enabled": True, "min_failures": 5}}
EPG_OFF = {"epg_refresh": {"enabled": False}}
TASKS_NOT = {"tasks": {"filter_mode": "all_except", "task_ids": ["cleanup"]}}
TASKS_ONLY = {"tasks": {"filter_mode": "only_selected", "task_ids": ["cleanup"]}}


@pytest.mark.parametrize(
    ("stored", "values", "wanted"),
    [
        # row 83
        (M3U_ONLY_3, {"category": "m3u_refresh", "entity_id": 3}, True),
        (M3U_ONLY_3, {"category": "m3u_refresh", "entity_id": 4}, False),
        (M3U_ONLY_3, {"category": "m3u_refresh"}, False),
        # row 84
        (EPG_NOT_3, {"category": "epg_refresh", "entity_id": 3}, False),
        (EPG_NOT_3, {"category": "epg_refresh", "entity_id": 4}, True),
        (EPG_NOT_3, {"category": "epg_refresh"}, True),
        # row 85
        (PROBE_5, {"category": "probe_failures", "counts": {"failed": 0}}, True),
        (PROBE_5, {"category": "probe_failures", "counts": {"failed": 4}}, False),
        (PROBE_5, {"category": "probe_failures", "counts": {"failed": 5}}, True),
        ({"probe_failures": {"enabled": False}}, {"category": "probe_failures", "counts": {"failed": 9}}, False),
        ({"probe_failures": {}}, {"category": "probe_failures", "failed_items": ["a"]}, True),
        # row 86
        ("not { json", {"category": "m3u_refresh", "entity_id": 4}, True),
        ("", {"category": "m3u_refresh", "entity_id": 4}, True),
        ("[1, 2]", {"category": "m3u_refresh", "entity_id": 4}, True),
        ('{"m3u_refresh": "odd"}', {"category": "m3u_refresh", "entity_id": 4}, True),
        ('{"m3u_refresh": {"filter_mode": "sideways"}}', {"category": "m3u_refresh", "entity_id": 4}, True),
        (M3U_ONLY_3, {"category": "epg_refresh", "entity_id": 4}, True),
        (M3U_ONLY_3, {}, True),
        # row 87
        (EPG_OFF, {"category": "epg_refresh", "entity_id": 1}, False),
        (EPG_OFF, {"category": "m3u_refresh", "entity_id": 1}, True),
        # tasks
        (TASKS_NOT, {"task_id": "cleanup"}, False),
        (TASKS_NOT, {"task_id": "m3u_refresh"}, True),
        (TASKS_ONLY, {"task_id": "m3u_refresh"}, False),
        (TASKS_ONLY, {"task_id": "cleanup"}, True),
        (TASKS_ONLY, {}, True),
    ],
)
def test_the_source_filter(stored: Any, values: dict[str, Any], wanted: bool) -> None:
    text = stored if isinstance(stored, str) else json.dumps(stored)
    assert (read_filter(text).refusal(event(**values)) == "") is wanted


def test_a_filter_survives_being_read_and_stored() -> None:
    both = {**M3U_ONLY_3, **EPG_NOT_3, **PROBE_5, **TASKS_NOT}
    again = read_filter(read_filter(json.dumps(both)).as_text())
    assert again == read_filter(json.dumps(both))
    assert read_filter('{"m3u_refresh": {"enabled": true, "filter_mode": "all"}}').as_text() == ""


@pytest.mark.parametrize(
    "value",
    [[], {"nonsense": {}}, {"version": 2}, {"m3u_refresh": {"filter_mode": "odd"}}, {"m3u_refresh": {"account_ids": ["3"]}},
     {"probe_failures": {"min_failures": -1}}, {"tasks": {"task_ids": [1]}}, {"epg_refresh": {"enabled": "yes"}}],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused_when_it_is_saved(value: Any) -> None:
    assert filter_problem(value)
    with pytest.raises(InvalidMethod) as caught:
        discord(alert_sources=value or [1])
    assert caught.value.field == "alert_sources"


def test_the_first_refusal_is_told_in_the_order_of_the_chapter(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tasks_app.alerts")
    method = discord(notify_error=False, alert_sources=M3U_ONLY_3)
    refused = event(task_id="m3u_digest", category="m3u_refresh", entity_id=9)

    def reason() -> str:
        caplog.clear()
        assert raise_alert(refused) == 0
        return " ".join(caplog.messages)

    task_row(send_alerts=False, alert_on_error=False, send_to_discord=False)
    assert "sends no alerts" in reason()
    task_row(send_alerts=True)
    assert "does not alert on error" in reason()
    task_row(alert_on_error=True)
    assert "does not use discord" in reason()
    task_row(send_to_discord=True)
    assert "does not send error" in reason()
    method.notify_error = True
    method.save()
    assert "the source filter does not want m3u_refresh of 9" in reason()


def test_without_a_row_of_the_task_the_alert_is_sent() -> None:
    discord()
    assert raise_alert(event(task_id="nobody_knows_it")) == 1


def test_a_method_that_is_off_gets_nothing() -> None:
    discord(enabled=False)
    assert raise_alert(event()) == 0


def test_raising_never_raises() -> None:
    discord()
    assert raise_alert(event("bogus")) == 0
    assert raise_alert(event(title="", message="Only a message")) == 1
    assert PendingAlert.objects.get().title == "Only a message"


def test_raising_costs_the_same_queries_however_many_methods_there_are(django_assert_num_queries: Any) -> None:
    discord()
    task_row()
    with django_assert_num_queries(7):  # savepoints, methods, task, insert
        raise_alert(event(task_id="m3u_digest"))
    for number in range(8):
        discord(name=f"More {number}")
    with django_assert_num_queries(7):
        raise_alert(event(task_id="m3u_digest"))


@pytest.mark.parametrize(
    ("text", "addresses", "duplicates"),
    [
        ("a@x.io; b@x.io\nA@X.IO, ", ["a@x.io", "b@x.io"], 1),  # row 92
        (["a@x.io", " b@x.io ", ""], ["a@x.io", "b@x.io"], 0),
        ("a@x.io\r\nb@x.io", ["a@x.io", "b@x.io"], 0),
    ],
)
def test_recipients_are_tidied(text: Any, addresses: list[str], duplicates: int) -> None:
    found = read_recipients(text)
    assert (list(found.addresses), found.duplicates) == (addresses, duplicates)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("bad@@example", "bad@@example"),  # row 93
        (["x@y.z\r\nBcc: q@q.q"], "x@y.z"),
        ("x@y.z\r\nBcc: q@q.q", "x@y.z"),
        ("x@y.org\r\nBcc: q@q.q", "Bcc: q@q.q"),
        (["x@y.org\r\nBcc: q@q.q"], "x@y.org"),
        ("<a@x.io>", "<a@x.io>"),
        ("ops:a@x.io", "ops:a@x.io"),
        ([], "at least one"),
        (" , ;", "at least one"),
        (None, "at least one"),
        ([5], "5"),
    ],
)
def test_recipients_that_cannot_be_are_named(value: Any, named: str) -> None:
    with pytest.raises(InvalidRecipients, match=named.replace("+", r"\+")):
        read_recipients(value)


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("http://discord.com/api/webhooks/1/a", False),  # row 94
        ("https://evil.com/discord.com/api/webhooks/1/a", False),
        ("https://ptb.discord.com/api/webhooks/1/a", True),
        ("https://discord.com/api/webhooks/1/a", True),
        ("https://discordapp.com/api/webhooks/1/a", True),
        ("https://canary.discord.com/api/webhooks/1/a", True),
        ("https://DISCORD.com/api/webhooks/1/a", True),
        ("https://discord.com.evil.com/api/webhooks/1/a", False),
        ("https://discord.com@evil.com/api/webhooks/1/a", False),
        ("https://user:pw@discord.com/api/webhooks/1/a", False),
        ("https://discord.com:8443/api/webhooks/1/a", False),
        ("https://discord.com/api/webhooks/", False),
        ("https://discord.com/api/webhooks/../users/1", False),
        ("https://discord.com/api/webhooks/%2e%2e/users/1", False),
        ("https://discord.com\\@evil.com/api/webhooks/1/a", False),
        ("https://discord.com/api/webhooks/1/a\r\nX: y", False),
        ("https://evil.com#discord.com/api/webhooks/1/a", False),
        ("", False),
    ],
)
def test_only_discords_own_webhooks_are_taken(url: str, fits: bool) -> None:
    if fits:
        assert checked_webhook(url) == url
    else:
        with pytest.raises(InvalidMethod) as caught:
            checked_webhook(url)
        assert caught.value.field == "webhook_url"


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"bot_token": "abc", "chat_id": "1"}, "bot_token"),
        ({"bot_token": "123456:short", "chat_id": "1"}, "bot_token"),
        ({"bot_token": "123456789:AAbbCCddEEffGG/../x", "chat_id": "1"}, "bot_token"),
        ({"bot_token": "123456789:AAbbCCddEEffGG", "chat_id": ""}, "chat_id"),
        ({"bot_token": "123456789:AAbbCCddEEffGG", "chat_id": "@"}, "chat_id"),
        ({"bot_token": "123456789:AAbbCCddEEffGG", "chat_id": "1", "parse_mode": "BBCode"}, "parse_mode"),
    ],
)
def test_telegram_is_checked(config: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidMethod) as caught:
        create_method("telegram", {"name": "T", "config": config})
    assert caught.value.field == field


def test_work_of_every_few_minutes_does_not_say_done_every_few_minutes() -> None:
    discord()
    first = run_of("m3u_change_monitor")
    TaskRun.objects.filter(pk=first.pk).update(triggered_by=Trigger.SCHEDULED)
    second = run_of("m3u_change_monitor")
    second.triggered_by = Trigger.SCHEDULED
    on_run_finished(second)
    assert sent_to() == []
    second.status = RunStatus.FAILED
    on_run_finished(second)
    assert sent_to() == ["discord"]


def test_a_run_inside_another_is_told_by_the_outer_one() -> None:
    discord()
    on_run_finished(run_of("m3u_digest", RunStatus.FAILED), inside=7)
    assert sent_to() == []
