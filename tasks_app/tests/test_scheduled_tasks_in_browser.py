"""Scheduled tasks in a real browser: by keyboard, while runs come and go, and without scripts."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tasks_app.models import RunStatus, Schedule, Task, TaskRun
from tasks_app.tests.task_page_helpers import active_run, sample_task, schedule_of
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]
PAGE = "/settings/scheduled-tasks/"


@pytest.fixture(autouse=True)
def sample(transactional_db: None) -> Iterator[None]:
    with sample_task():
        yield


def test_a_schedule_is_added_by_keyboard_and_previewed_before_it_is_saved(at_work: Any, site: Site) -> None:
    at_work.goto(site.url(PAGE))
    at_work.locator("#task-edit-sample").press("Enter")
    at_work.locator("#schedule-add-sample").press("Enter")
    form = at_work.locator("#dialog[open] .schedule-form")
    form.locator("[name=name]").fill("Weekends")
    form.locator("[name=schedule_type][value=daily]").press("ArrowRight")  # weekly
    form.get_by_text("Choose at least one day.").wait_for()
    expect(form.locator("[name=cron_expression]")).not_to_be_visible()
    form.get_by_role("button", name="Weekend", exact=True).press("Enter")
    form.get_by_text("Weekly on weekends at 3:00 AM").wait_for()
    expect(form.locator(".schedule-moments li")).to_have_count(3)
    form.locator("[name=name]").press("Enter")
    at_work.locator("#part-schedules-sample").get_by_text("Weekends", exact=True).wait_for()
    assert Schedule.objects.get().days_of_week == [0, 6]
    assert at_work.evaluate("document.activeElement.id") == "schedule-add-sample"
    at_work.locator("#task-edit-sample").press("Enter")
    expect(at_work.locator("#task-panel-sample [data-panel]")).to_have_count(0)
    assert at_work.locator("#task-edit-sample").get_attribute("aria-expanded") == "false"


def test_the_cards_stay_fresh_without_losing_focus_open_panels_or_what_is_typed(at_work: Any, site: Site) -> None:
    schedule_of(name="Nightly")
    at_work.goto(site.url(f"{PAGE}?task=sample"))
    field = at_work.locator("#task-panel-sample [name=p-timeout]")
    field.fill("77")
    run = active_run(phase="probing", current=4, total=10)
    at_work.evaluate("htmx.trigger(document.body, 'runs:changed')")
    at_work.locator("#task-sample").get_by_text("4 of 10 (40.0 %)").wait_for()
    assert field.input_value() == "77"
    assert at_work.evaluate("document.activeElement.name") == "p-timeout"
    at_work.locator(f"#schedule-edit-{Schedule.objects.get().pk}").focus()
    Schedule.objects.update(name="Changed elsewhere")
    TaskRun.objects.filter(pk=run.pk).update(
        status=RunStatus.COMPLETED, success=True, message="All ten.", completed_at=timezone.now()
    )
    at_work.locator("#part-schedules-sample").get_by_text("Changed elsewhere").wait_for()  # asks by itself meanwhile
    at_work.locator("#announcer").get_by_text("All ten.").wait_for()
    assert at_work.evaluate("document.activeElement.id").startswith("schedule-edit-")
    assert field.input_value() == "77"
    for answer in ("dismiss", "accept"):  # what is not saved is not thrown away without asking
        at_work.once("dialog", lambda question, answer=answer: getattr(question, answer)())
        at_work.locator("#task-history-sample").click()
        if answer == "dismiss":
            assert field.input_value() == "77"
    at_work.locator("#task-panel-sample [data-panel=history]").wait_for()


def test_everything_works_without_scripts(chromium: Any, at_work: Any, site: Site) -> None:
    context = chromium.new_context(java_script_enabled=False, storage_state=at_work.context.storage_state())
    tab = context.new_page()
    tab.goto(site.url(PAGE))
    tab.locator("#task-edit-sample").click()
    tab.locator("#task-switch-sample").click()
    assert Task.objects.get(task_id="sample").enabled is False
    tab.locator("#schedule-add-sample").click()
    expect(tab.locator("[name=schedule_time]")).to_be_visible()
    tab.locator(".pill", has_text="Cron").click()
    expect(tab.locator("[name=schedule_time]")).not_to_be_visible()
    expect(tab.locator("[name=cron_expression]")).to_be_visible()
    tab.get_by_role("button", name="Every 6 hours").click()
    assert tab.locator("[name=cron_expression]").input_value() == "0 */6 * * *"
    expect(tab.locator(".schedule-moments li")).to_have_count(5)
    tab.get_by_role("button", name="Save schedule").click()
    assert Schedule.objects.get().cron_expression == "0 */6 * * *"
    expect(tab.locator("#part-schedules-sample .schedule-line")).to_have_count(1)
    tab.locator("#task-history-sample").click()
    expect(tab.get_by_text("has not run yet")).to_be_visible()
    context.close()


def test_on_a_phone_the_names_of_all_tasks_begin_at_the_same_place(at_work: Any, site: Site) -> None:
    at_work.set_viewport_size({"width": 390, "height": 900})
    at_work.goto(site.url("/tasks/"))
    begins = at_work.locator("#task-list .task-words").evaluate_all("all => all.map((one) => one.getBoundingClientRect().left)")
    edge = at_work.locator("#task-list .task-line").first.bounding_box()["x"]
    assert len(begins) > 1
    assert len(set(begins)) == 1
    assert begins[0] < edge + 30
