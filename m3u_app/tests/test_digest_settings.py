"""Deciding about the digest: what is refused, the schedule that a frequency makes, journal and undo (20 §11, 50 §5.8)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from ecm_site.conf import save_settings
from m3u_app.digest.edit_digest import change_digest
from m3u_app.digest.models import DigestMark, DigestRecord, DigestTarget
from m3u_app.digest.values import DigestSettings, InvalidDigest, stored_settings
from m3u_app.tests.digesting import added, switch_on
from tasks_app.alerts.edit_methods import update_method
from tasks_app.models import AlertMethod, JournalEntry, Schedule
from tasks_app.scheduling.edit_schedules import delete_schedule, update_schedule
from tasks_app.tests.alerting import WEBHOOK, discord, mail_settings
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db
PAGE = "/settings/m3u-digest/"
SETTINGS = "/api/m3u/digest/settings"


@pytest.fixture
def alice() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("alice", password="correct horse"))
    return client


@pytest.fixture
def bob() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("bob", password="correct horse"))
    return client


def form(**values: Any) -> dict[str, Any]:
    """What the page sends when nothing was changed, and ``values``; None leaves a box unticked."""
    sent = {
        "frequency": "daily",
        "send_time": "08:00",
        "send_weekday": "1",
        "email_recipients": "",
        "include_group_changes": "on",
        "include_stream_changes": "on",
        "show_detailed_list": "on",
        "min_changes_threshold": "1",
        "exclude_group_patterns": "",
        "exclude_stream_patterns": "",
        **values,
    }
    return {name: value for name, value in sent.items() if value is not None}


def schedule() -> Schedule:
    return Schedule.objects.get(task_id="m3u_digest")


def test_the_defaults_are_those_of_the_chapter() -> None:
    assert stored_settings() == DigestSettings()
    assert DigestSettings().values() == {
        "enabled": False,
        "frequency": "daily",
        "send_time": "08:00",
        "send_weekday": 1,
        "email_recipients": [],
        "include_group_changes": True,
        "include_stream_changes": True,
        "show_detailed_list": True,
        "min_changes_threshold": 1,
        "send_to_discord": False,
        "send_to_telegram": False,
        "send_to_alert_methods": False,
        "exclude_group_patterns": [],
        "exclude_stream_patterns": [],
    }


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"frequency": "monthly"}, "frequency", "immediate, hourly, daily, weekly"),
        ({"email_recipients": ["op@example.org", "nobody"]}, "email_recipients", "nobody"),
        ({"email_recipients": ["op@example.org\r\nBcc: x@y.z"]}, "email_recipients", "not an e-mail address"),
        ({"min_changes_threshold": 0}, "min_changes_threshold", "1 to 100"),
        ({"min_changes_threshold": 101}, "min_changes_threshold", "1 to 100"),
        ({"min_changes_threshold": True}, "min_changes_threshold", "1 to 100"),
        ({"send_time": "25:00"}, "send_time", "00:00 to 23:59"),
        ({"send_weekday": 7}, "send_weekday", "6 = Saturday"),
        ({"enabled": "yes"}, "enabled", "true or false"),
        ({"exclude_group_patterns": ["ok", "(["]}, "exclude_group_patterns", "(["),
        ({"exclude_stream_patterns": ["x" * 501]}, "exclude_stream_patterns", "501 characters; 500"),
        ({"exclude_stream_patterns": "PPV"}, "exclude_stream_patterns", "list"),
        ({"exclude_stream_patterns": [str(n) for n in range(101)]}, "exclude_stream_patterns", "At most 100"),
        ({"last_digest_at": None}, "last_digest_at", "no such setting"),
    ],
)
def test_what_is_refused(values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidDigest) as refused:
        change_digest({"enabled": True, **values})
    assert list(refused.value.errors) == [field]
    assert words in str(refused.value)
    assert not DigestRecord.objects.exists()
    assert not JournalEntry.objects.exists()


def test_recipients_are_tidied() -> None:
    change_digest({"email_recipients": " a@example.org; A@example.org\n b@example.org,, "})
    assert stored_settings().email_recipients == ("a@example.org", "b@example.org")


@pytest.mark.parametrize(
    ("values", "rule", "first"),
    [
        ({"frequency": "hourly"}, {"schedule_type": "cron", "cron_expression": "5 * * * *"}, "2026-05-04T10:05"),
        ({"frequency": "daily"}, {"schedule_type": "daily", "schedule_time": "08:00"}, "2026-05-05T06:00"),
        (
            {"frequency": "weekly"},
            {"schedule_type": "weekly", "schedule_time": "08:00", "days_of_week": [1]},
            "2026-05-11T06:00",
        ),
        (
            {"frequency": "weekly", "send_weekday": 0, "send_time": "21:30"},
            {"schedule_type": "weekly", "schedule_time": "21:30", "days_of_week": [0]},
            "2026-05-10T19:30",
        ),
    ],
)
def test_a_frequency_makes_a_schedule(
    time_machine_at: Callable[[str], object], values: dict[str, Any], rule: dict[str, Any], first: str
) -> None:
    save_settings(time_zone="Europe/Berlin")
    switch_on(**values)
    made = schedule()
    assert {name: getattr(made, name) for name in rule} == rule
    assert (made.enabled, made.timezone) == (True, "Europe/Berlin")
    assert made.next_run_at is not None
    assert made.next_run_at.isoformat().startswith(first)


def test_the_schedule_follows_the_frequency_and_is_one() -> None:
    switch_on()
    first = schedule().pk
    change_digest({"frequency": "weekly"})
    assert (schedule().pk, schedule().schedule_type, schedule().enabled) == (first, "weekly", True)
    change_digest({"frequency": "immediate"})
    assert (schedule().pk, schedule().enabled) == (first, False)
    change_digest({"frequency": "hourly"})
    assert (schedule().schedule_type, schedule().enabled) == ("cron", True)
    change_digest({"enabled": False})
    assert not schedule().enabled


def test_the_operators_own_change_of_the_schedule_stays() -> None:
    switch_on()
    update_schedule(schedule().pk, {"schedule_time": "06:45"})
    change_digest({"min_changes_threshold": 5})
    assert schedule().schedule_time == "06:45"
    delete_schedule(schedule().pk)
    change_digest({"min_changes_threshold": 6})  # a digest that is on is never left without
    assert schedule().schedule_time == "08:00"


def test_every_change_is_journalled_and_can_be_taken_back() -> None:
    switch_on()
    entry_id = change_digest({"frequency": "weekly", "exclude_group_patterns": ["PPV"]}).entry_id
    entry = JournalEntry.objects.get(pk=entry_id or 0)
    assert (entry.category, entry.action_type, entry.undoable) == ("m3u", "update", True)
    assert entry.before_value == {"frequency": "daily", "exclude_group_patterns": []}
    assert entry.after_value == {"frequency": "weekly", "exclude_group_patterns": ["PPV"]}
    assert undo_entry(entry).conflicts == []
    assert stored_settings().frequency == "daily"
    assert stored_settings().exclude_group_patterns == ()
    assert schedule().schedule_type == "daily"

    later = JournalEntry.objects.get(pk=change_digest({"min_changes_threshold": 4}).entry_id or 0)
    change_digest({"min_changes_threshold": 9})
    report = undo_entry(later)
    assert report.undone == 0
    assert "min changes threshold was changed since" in report.conflicts[0]
    assert stored_settings().min_changes_threshold == 9


def test_nothing_changed_is_nothing_written() -> None:
    switch_on()
    count = JournalEntry.objects.count()
    assert change_digest({"enabled": True, "frequency": "daily"}).names == ()
    assert JournalEntry.objects.count() == count


# --- the page


def test_the_page_shows_and_saves(alice: Client) -> None:
    assert "Send a digest" in alice.get(PAGE).content.decode()
    answer = alice.post(
        PAGE,
        form(
            enabled="on",
            frequency="weekly",
            send_weekday="5",
            email_recipients="op@example.org",
            include_group_changes=None,
            exclude_stream_patterns="PPV\r\n\r\n^24/7 \r\n",
        ),
    )
    assert answer.status_code == 302
    stored = stored_settings()
    assert (stored.enabled, stored.frequency, stored.send_weekday) == (True, "weekly", 5)
    assert (stored.include_group_changes, stored.include_stream_changes) == (False, True)
    assert stored.exclude_stream_patterns == ("PPV", "^24/7 ")
    page = alice.get(PAGE).content.decode()
    assert "Weekly on Friday" in page
    assert "Set up the mail server first." in page
    assert "M3U Digest: saved." in page


def test_two_tabs_overwrite_nothing_unseen(alice: Client) -> None:
    seen = alice.get(PAGE).context["form"].marks
    change_digest({"frequency": "weekly", "min_changes_threshold": 7})
    alice.post(PAGE, form(enabled="on", seen=seen))  # still shows daily, and did not touch it
    assert (stored_settings().enabled, stored_settings().frequency) == (True, "weekly")
    clash = alice.post(PAGE, form(enabled="on", min_changes_threshold="3", seen=seen))
    assert clash.status_code == 422
    assert "changed elsewhere" in str(clash.context["form"].errors["min_changes_threshold"])
    assert stored_settings().min_changes_threshold == 7
    again = form(enabled="on", min_changes_threshold="3", seen=clash.context["form"].marks)
    assert alice.post(PAGE, again).status_code == 302
    assert (stored_settings().min_changes_threshold, stored_settings().frequency) == (3, "weekly")


@pytest.mark.parametrize("seen", ["", "[]", "{", "[" * 100_000, '{"frequency": [1]}'])
def test_whatever_the_page_claims_to_have_shown(alice: Client, seen: str) -> None:
    assert alice.post(PAGE, form(min_changes_threshold="3", seen=seen)).status_code == 302
    assert stored_settings().min_changes_threshold == 3


def test_mistakes_stand_beside_their_fields(alice: Client) -> None:
    answer = alice.post(PAGE, form(enabled="on", exclude_group_patterns="good\n(bad", email_recipients="nobody"))
    assert answer.status_code == 422
    found = answer.context["form"].errors
    assert set(found) == {"exclude_group_patterns", "email_recipients"}
    assert "(bad" in str(found["exclude_group_patterns"])
    assert not DigestRecord.objects.exists()


def test_only_administrators_decide(bob: Client) -> None:
    assert bob.get(PAGE).status_code == 200
    assert b"Save" not in bob.get(PAGE).content.partition(b"digest-form")[2].partition(b"</form>")[0]
    assert bob.post(PAGE, form(enabled="on")).status_code == 403
    assert bob.post(f"{PAGE}test/", form(send_to_discord="on")).status_code == 403
    assert bob.put(SETTINGS, {"enabled": True}, content_type="application/json").status_code == 403
    assert bob.post("/api/m3u/digest/test").status_code == 403
    assert not DigestRecord.objects.exists()


def test_the_preview_uses_what_is_typed_and_marks_nothing(alice: Client) -> None:
    switch_on()
    added("Sports <img src=x>", "One")
    added("PPV", "Two")
    answer = alice.post(f"{PAGE}preview/", form(exclude_group_patterns="PPV"), headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "[ECM] M3U Digest: 1 change<" in page
    assert "<iframe sandbox srcdoc=" in page
    assert "&amp;lt;img src=x&amp;gt;" in page  # escaped for the mail, and that again for the page
    assert "<img" not in page
    assert not DigestMark.objects.exists()
    assert stored_settings().exclude_group_patterns == ()
    refused = alice.post(f"{PAGE}preview/", form(exclude_group_patterns="(bad"), headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Leave out groups" in refused.content.decode()
    plain = alice.post(f"{PAGE}preview/", form()).content.decode()  # without a script: the whole page
    assert "2 changes" in plain
    assert "digest-form" in plain


def test_with_nothing_to_tell_the_preview_shows_a_sample(alice: Client) -> None:
    page = alice.post(f"{PAGE}preview/", form()).content.decode()
    assert "Nothing is waiting to be told" in page
    assert "none of this happened" in page


def test_a_test_needs_somewhere_to_go(alice: Client) -> None:
    answer = alice.post(f"{PAGE}test/", form(), headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Enter a recipient or choose a messenger" in answer.content.decode()
    answer = alice.post(f"{PAGE}test/", form(email_recipients="op@example.org"), headers={"HX-Request": "true"})
    assert "Set up the mail server first." in answer.content.decode()
    assert not DigestTarget.objects.exists()


def test_secrets_of_the_webhook_stay_out_of_the_page(alice: Client) -> None:
    save_settings(discord_webhook_url=WEBHOOK)
    switch_on(send_to_discord=True)
    assert WEBHOOK.rpartition("/")[2] not in alice.get(PAGE).content.decode()


def test_what_is_missing_is_said(alice: Client) -> None:
    mail_settings()
    switch_on(send_to_discord=True, send_to_telegram=True, send_to_alert_methods=True)
    page = alice.get(PAGE).content.decode()
    assert "Enter the webhook of Discord" in page
    assert "Enter the bot and the chat of Telegram" in page
    assert "No alert method takes messages of the kind" in page
    update_method(discord().pk, {"notify_info": True})
    assert AlertMethod.objects.get().notify_info
    page = alice.get(PAGE).content.decode()
    assert "Enter the webhook" not in page
    assert "No alert method takes" not in page


# --- for programs


def test_programs_read_and_change_the_settings(alice: Client) -> None:
    assert alice.get(SETTINGS).json() == {**DigestSettings().values(), "last_digest_at": None}
    answer = alice.put(SETTINGS, {"enabled": True, "email_recipients": ["op@example.org"]}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["email_recipients"] == ["op@example.org"]
    assert answer.json()["frequency"] == "daily"
    wrong = alice.put(SETTINGS, {"min_changes_threshold": 500}, content_type="application/json")
    assert wrong.status_code == 422
    assert list(wrong.json()["errors"]) == ["min_changes_threshold"]
    tried = alice.post("/api/m3u/digest/test").json()
    assert tried["success"] is False
    assert tried["results"][0]["target"] == "E-mail"
