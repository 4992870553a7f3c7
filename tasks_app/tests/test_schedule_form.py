"""Adding and editing schedules: each type, previews, errors beside the field, and all of it without scripts."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry, Schedule, TaskRun
from tasks_app.tests.task_page_helpers import DAILY, HTMX, active_run, sample_task, schedule_of

pytestmark = pytest.mark.django_db
ADD = "/settings/scheduled-tasks/sample/schedules/add/"
PREVIEW = "/settings/scheduled-tasks/sample/schedules/preview/"
BACK = "/settings/scheduled-tasks/?task=sample#task-sample"
BASE = {"schedule_time": "03:00", "timezone": "UTC", "enabled": "on", "day_of_month": "1", "interval": "3600"}
ALL = {"p-thing_ids-all": "1"}


@pytest.fixture(autouse=True)
def sample():
    with sample_task() as task:
        yield task


def typed(**values):
    return {**BASE, **ALL, **values}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"schedule_type": "interval", "interval": "900"}, {"interval_seconds": 900, "schedule_time": ""}),
        (
            {
                "schedule_type": "interval",
                "interval": "custom",
                "interval_days": "1",
                "interval_hours": "2",
                "interval_minutes": "",
            },
            {"interval_seconds": 93600},
        ),
        ({"schedule_type": "daily", "schedule_time": "9:5"}, {"schedule_time": "09:05", "interval_seconds": None}),
        ({"schedule_type": "weekly", "days_of_week": ["3", "1"]}, {"days_of_week": [1, 3], "week_parity": None}),
        ({"schedule_type": "biweekly", "days_of_week": ["1"], "week_parity": "1"}, {"week_parity": 1}),
        ({"schedule_type": "monthly", "day_of_month": "-1"}, {"day_of_month": -1, "days_of_week": []}),
        (
            {"schedule_type": "cron", "cron_expression": "@daily", "timezone": "Asia/Kolkata"},
            {"cron_expression": "0 0 * * *", "timezone": "Asia/Kolkata", "schedule_time": ""},
        ),
    ],
)
def test_each_type_stores_its_own_fields_and_only_those(alice, given, stored):
    answer = alice.post(ADD, typed(name="Mine", **given))
    assert answer.status_code == 302
    assert answer.url == BACK
    schedule = Schedule.objects.get()
    assert (schedule.name, schedule.enabled, schedule.schedule_type) == ("Mine", True, given["schedule_type"])
    assert {name: getattr(schedule, name) for name in stored} == stored
    assert schedule.next_run_at > timezone.now()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"schedule_type": ""}, "This field is required"),
        ({"schedule_type": "interval", "interval": "custom"}, "The interval must lie between 1 minute and 30 days."),
        ({"schedule_type": "interval", "interval": "custom", "interval_hours": "24"}, "less than or equal to 23"),
        ({"schedule_type": "daily", "schedule_time": "25:00"}, "Write a time from 00:00 to 23:59"),
        ({"schedule_type": "daily", "timezone": "Mars/Base"}, "There is no time zone “Mars/Base”"),
        ({"schedule_type": "weekly"}, "Choose at least one day."),
        ({"schedule_type": "cron", "cron_expression": "60 * * * *"}, "minute: 60 is not between 0 and 59."),
        ({"schedule_type": "cron", "cron_expression": "0 0 31 2 *"}, "This never happens"),
        ({"schedule_type": "daily", "p-timeout": "4"}, "greater than or equal to 5"),
        ({"schedule_type": "daily", "p-thing_ids-all": "0"}, "Choose at least one, or “All things”."),
        ({"schedule_type": "daily", "name": "x" * 101}, "at most 100 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(alice, given, sentence):
    for headers in (HTMX, {}):
        answer = alice.post(ADD, typed(**given), headers=headers)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert sentence in text[: text.index("schedule-preview")] or sentence in text[text.index("schedule-parameters") :]
    assert not Schedule.objects.exists()


def test_a_saved_schedule_closes_the_dialog_and_tells_the_page(alice):
    answer = alice.post(ADD, typed(schedule_type="daily"), headers=HTMX)
    assert answer.status_code == 204
    assert {"dialog:close", "schedules:changed", "toasts"} <= set(json.loads(answer["HX-Trigger"]))
    assert JournalEntry.objects.filter(entity_type="schedule", action_type="schedule_create").count() == 1


def test_a_new_form_begins_with_the_zone_of_the_settings_and_says_when_it_would_run(alice, time_machine_at):
    save_settings(time_zone="America/New_York")
    text = alice.get(ADD).content.decode()
    assert 'value="America/New_York"' in text
    assert "data-fill-zone" not in text
    assert "Daily at 3:00 AM (America/New_York)" in text
    assert "Tomorrow at 03:00, in 21h" in text
    assert "Tue 5 May 2026, 03:00 EDT" in text
    assert "Tue 5 May 2026, 07:00 UTC" in text
    assert text.count("schedule-moment-words") == 3


def test_without_a_zone_in_the_settings_the_browser_may_put_its_own_in(alice):
    assert "data-fill-zone" in alice.get(ADD).content.decode()


def test_the_preview_follows_what_is_typed(alice, time_machine_at):
    def preview(**values):
        return alice.post(PREVIEW, typed(**values), headers=HTMX).content.decode()

    weekly = preview(schedule_type="weekly", days_of_week=["1", "3"], schedule_time="09:00")
    assert "Weekly on Monday, Wednesday at 9:00 AM" in weekly
    assert [re.sub("<[^>]+>", "", words) for words in re.findall(r"schedule-moment-words.>([^<]+)", weekly)] == [
        "Wednesday at 09:00, in 1d",
        "Monday, 11 May 2026 at 09:00, in 6d",
        "Wednesday, 13 May 2026 at 09:00, in 8d",
    ]
    cron = preview(schedule_type="cron", cron_expression="*/15 * * * *")
    assert cron.count("<li>") == 5
    assert "Today at 10:15, in 15m" in cron
    assert "hour: 24 is not between 0 and 23." in preview(schedule_type="cron", cron_expression="0 24 * * *")
    assert "less than or equal to 59" in preview(schedule_type="interval", interval="custom", interval_minutes="60")
    assert "Switched off" in preview(schedule_type="daily", enabled="")
    assert not Schedule.objects.exists()


def test_the_preview_says_when_a_clock_change_moves_a_run(alice, time_machine_at):
    time_machine_at(datetime.fromisoformat("2026-03-07T12:00:00+00:00"))
    values = typed(schedule_type="daily", schedule_time="02:30", timezone="America/New_York")
    text = alice.post(PREVIEW, values, headers=HTMX).content.decode()
    assert "Sun 8 Mar 2026, 03:30 EDT" in text
    assert "there is no 02:30 that day" in text
    assert text.count("there is no") == 1


def test_quick_picks_and_presets_fill_in_fields_without_scripts_and_save_nothing(alice):
    answer = alice.post(ADD, typed(schedule_type="weekly", pick="weekend"))
    assert answer.status_code == 200
    chosen = re.findall(r'name="days_of_week" value="(\d)" checked', answer.content.decode())
    assert chosen == ["0", "6"]
    answer = alice.post(ADD, typed(schedule_type="cron", preset="every_6_hours"))
    assert 'value="0 */6 * * *"' in answer.content.decode()
    answer = alice.post(ADD, typed(schedule_type="monthly", day_of_month="31", show="preview"))
    assert "Monthly on day 31 at 3:00 AM" in answer.content.decode()
    assert not Schedule.objects.exists()


def test_starting_this_week_or_next_is_the_parity_of_those_weeks(alice, time_machine_at):
    text = alice.get(ADD).content.decode()
    assert re.search(r'name="week_parity" value="1"[^>]*><span[^>]*>this week \(the one from Sunday, 3 May\)', text)
    assert re.search(r'name="week_parity" value="0"[^>]*><span[^>]*>next week \(the one from Sunday, 10 May\)', text)
    alice.post(ADD, typed(schedule_type="biweekly", days_of_week=["1"], schedule_time="09:00", week_parity=""))
    assert Schedule.objects.get().week_parity == 0  # Monday 09:00 of this week is over: the first match is next week


def test_editing_keeps_the_week_and_shows_what_is_stored(alice):
    schedule = schedule_of(schedule_type="biweekly", days_of_week=[1, 4], week_parity=1, name='"><script>')
    url = reverse("tasks:schedule_edit", args=[schedule.pk])
    text = alice.get(url).content.decode()
    assert re.search(r'name="week_parity" value="1" checked', text)
    assert re.findall(r'name="days_of_week" value="(\d)" checked', text) == ["1", "4"]
    assert "<script>" not in text.split("data-schedule-form")[1].split("</form>")[0]
    alice.post(url, typed(schedule_type="biweekly", days_of_week=["2"], week_parity="1"))
    schedule.refresh_from_db()
    assert (schedule.days_of_week, schedule.week_parity, schedule.name) == ([2], 1, "")
    alice.post(url, typed(schedule_type="daily"))
    schedule.refresh_from_db()
    assert (schedule.schedule_type, schedule.days_of_week, schedule.week_parity) == ("daily", [], None)


def test_an_interval_with_seconds_is_offered_as_it_is(alice):
    schedule = schedule_of(schedule_type="interval", interval_seconds=90, schedule_time="")
    url = reverse("tasks:schedule_edit", args=[schedule.pk])
    text = alice.get(url).content.decode()
    assert "Every 1m 30s (as it is)" in text
    alice.post(url, typed(schedule_type="interval", interval="kept", name="Same"))
    schedule.refresh_from_db()
    assert (schedule.interval_seconds, schedule.name) == (90, "Same")


def test_a_schedule_stores_only_the_parameters_that_it_changes(alice):
    alice.post(ADD, typed(schedule_type="daily"))
    schedule = Schedule.objects.get()
    assert schedule.parameters == {}
    url = reverse("tasks:schedule_edit", args=[schedule.pk])
    chosen = {"p-thing_ids-all": "0", "p-thing_ids": ["1", "3"], "p-timeout": "12"}
    alice.post(url, typed(schedule_type="daily", **chosen))
    schedule.refresh_from_db()
    assert schedule.parameters == {"thing_ids": [1, 3], "timeout": 12}
    text = alice.get(url).content.decode()
    assert re.findall(r'name="p-thing_ids" value="(\d)" checked', text) == ["1", "3"]
    assert "off</span>" in text


def test_things_that_are_gone_are_not_offered_and_never_become_all(alice):
    schedule = schedule_of()
    Schedule.objects.filter(pk=schedule.pk).update(parameters={"thing_ids": [77]})
    url = reverse("tasks:schedule_edit", args=[schedule.pk])
    text = alice.get(url).content.decode()
    assert re.search(r'name="p-thing_ids-all" value="0" data-names-some checked', text)
    assert 'value="77"' not in text
    answer = alice.post(url, typed(schedule_type="daily", **{"p-thing_ids-all": "0"}))
    assert answer.status_code == 422


def test_deleting_says_what_it_means_first(alice):
    schedule = schedule_of(name="Nightly")
    url = reverse("tasks:schedule_delete", args=[schedule.pk])
    text = alice.get(url, headers=HTMX).content.decode()
    assert "Nightly" in text
    assert "run only by hand" in text
    schedule_of(schedule_time="04:00")
    assert "keeps 1 other schedule that is on" in alice.get(url).content.decode()
    answer = alice.post(url, headers=HTMX)
    assert answer.status_code == 204
    assert not Schedule.objects.filter(pk=schedule.pk).exists()
    toast = json.loads(answer["HX-Trigger"])["toasts"]["items"][0]
    alice.post(toast["undo"], headers=HTMX)
    assert Schedule.objects.get(pk=schedule.pk).name == "Nightly"
    alice.post(url)
    assert alice.post(url).status_code == 404


def test_a_schedule_is_switched_off_and_on_again(alice):
    schedule = schedule_of()
    url = reverse("tasks:schedule_switch", args=[schedule.pk])
    assert alice.post(f"{url}?on=0").url == BACK
    schedule.refresh_from_db()
    assert (schedule.enabled, schedule.next_run_at) == (False, None)
    assert "schedules:changed" in json.loads(alice.post(f"{url}?on=1", headers=HTMX)["HX-Trigger"])
    schedule.refresh_from_db()
    assert schedule.next_run_at > timezone.now()


def test_a_schedule_is_run_now_with_its_settings_and_keeps_its_next_run(alice):
    schedule = schedule_of(parameters={"timeout": 12})
    before = schedule.next_run_at
    url = reverse("tasks:schedule_run", args=[schedule.pk])
    assert alice.post(url, headers=HTMX).status_code == 204
    run = TaskRun.objects.get()
    assert (run.parameters, run.schedule_id, run.triggered_by) == ({"thing_ids": [], "timeout": 12}, schedule.pk, "manual")
    schedule.refresh_from_db()
    assert schedule.next_run_at == before
    assert "already waiting" in alice.post(url, headers=HTMX)["HX-Trigger"]
    assert TaskRun.objects.count() == 1


def test_run_now_begins_with_the_settings_of_a_schedule_and_what_is_typed_wins(alice):
    schedule = schedule_of(name="Nightly", parameters={"timeout": 12, "thing_ids": [2]})
    url = reverse("tasks:run_now", args=["sample"])
    text = alice.get(url, {"schedule": schedule.pk}, headers=HTMX).content.decode()
    assert 'value="12"' in text
    assert re.search(r'name="p-thing_ids" value="2" checked', text)
    assert "Nightly" in alice.get(url, headers=HTMX).content.decode()
    shown = alice.post(url, {"schedule": schedule.pk, "show": "1"}).content.decode()  # without scripts
    assert 'value="12"' in shown
    alice.post(url, {"schedule": schedule.pk, "p-timeout": "20", "p-thing_ids-all": "1"})
    run = TaskRun.objects.get()
    assert (run.parameters, run.schedule_id) == ({"timeout": 20, "thing_ids": []}, schedule.pk)
    schedule.refresh_from_db()
    assert schedule.parameters == {"timeout": 12, "thing_ids": [2]}


def test_unknown_tasks_and_schedules_are_not_found(alice):
    assert alice.get("/settings/scheduled-tasks/nope/schedules/add/").status_code == 404
    assert alice.get("/settings/scheduled-tasks/undo_batch/schedules/add/").status_code == 404
    for name in ("edit", "delete"):
        assert alice.get(reverse(f"tasks:schedule_{name}", args=[99])).status_code == 404
    for name in ("switch", "run"):
        assert alice.post(reverse(f"tasks:schedule_{name}", args=[99])).status_code == 404
    assert alice.get(reverse("tasks:schedule_edit", args=[10**30])).status_code == 404


def test_a_busy_task_can_still_be_scheduled(alice):
    active_run()
    assert alice.post(ADD, typed(**DAILY)).status_code == 302
    assert Schedule.objects.get().next_run_at - timezone.now() < timedelta(days=1, minutes=1)
