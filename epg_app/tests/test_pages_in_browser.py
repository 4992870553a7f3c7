"""The guide pages in a real browser: dialog, keyboard, order by keys and by dragging, live rows, narrow screens."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from epg_app.models import GuideSource
from epg_app.request_refresh import request_refresh
from epg_app.tests.samples import guide_of, make_entries, make_programme, make_source, soon
from tasks_app import queueing
from tasks_app.models import JournalEntry, RunStatus, TaskRun
from tasks_app.process_identity import own_identity
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda run_id: True)


def row(page: Any, name: str) -> Any:
    return page.locator("#source-list tbody tr").filter(has_text=name)


def test_a_guide_is_uploaded_in_the_dialog(at_work: Any, site: Site, inline_tasks: None, tmp_path: Path) -> None:
    path = tmp_path / "mine.xml"
    path.write_text(guide_of({"a": ["One", "Two"], "b": ["Three"]}))
    at_work.goto(site.url("/guide/"))
    at_work.get_by_role("link", name="Add source").first.focus()
    at_work.keyboard.press("Enter")
    dialog = at_work.get_by_role("dialog", name="Add guide source")
    dialog.wait_for()
    at_work.keyboard.type("My guide")
    dialog.get_by_role("button", name="File").focus()
    at_work.keyboard.press("Enter")
    dialog.get_by_label("Guide file").set_input_files(str(path))
    assert dialog.get_by_label("Name", exact=True).input_value() == "My guide"
    dialog.get_by_label("Priority").fill("-5")
    dialog.get_by_role("button", name="Add source").click()
    dialog.get_by_text("greater than or equal to 0").wait_for()
    dialog.get_by_text("Kept file").wait_for()
    dialog.get_by_label("Priority").fill("5")
    dialog.get_by_label("Priority").press("Enter")  # saves, and does not press the first button of the form
    dialog.wait_for(state="hidden")
    row(at_work, "My guide").get_by_text("Ready", exact=True).wait_for()
    row(at_work, "My guide").get_by_text("No channel uses this guide yet").wait_for()
    assert GuideSource.objects.get().entry_count == 2


def order_shown(dialog: Any) -> list[str]:
    return [
        str(text) for text in dialog.locator("[data-guide-order] > li").evaluate_all("rows => rows.map(r => r.dataset.name)")
    ]


def test_the_order_is_changed_by_keys_and_by_dragging_and_saved_once(at_work: Any, site: Site) -> None:
    for name in ("Alpha", "Beta", "Gamma", "Delta"):
        make_source(name)
    at_work.goto(site.url("/guide/"))
    at_work.get_by_role("link", name="Reorder").click()
    dialog = at_work.get_by_role("dialog", name="Order of the guide sources")
    dialog.wait_for()
    assert order_shown(dialog) == ["Alpha", "Beta", "Delta", "Gamma"]
    dialog.get_by_role("button", name="Move Gamma up").focus()
    at_work.keyboard.press("ArrowUp")
    at_work.keyboard.press("ArrowUp")
    assert order_shown(dialog) == ["Alpha", "Gamma", "Beta", "Delta"]
    dialog.get_by_role("button", name="Move Gamma up").click()
    expect(dialog.get_by_role("button", name="Move Gamma up")).to_be_disabled()
    assert order_shown(dialog) == ["Gamma", "Alpha", "Beta", "Delta"]
    grip = dialog.locator("li[data-name=Delta] [data-grip]").bounding_box()
    goal = dialog.locator("li[data-name=Alpha]").bounding_box()
    at_work.mouse.move(grip["x"] + 5, grip["y"] + 5)
    at_work.mouse.down()
    at_work.mouse.move(goal["x"] + 20, goal["y"] + 20, steps=12)
    at_work.mouse.move(goal["x"] + 20, goal["y"] + 6, steps=6)
    at_work.wait_for_timeout(200)
    at_work.mouse.up()
    assert order_shown(dialog) == ["Gamma", "Delta", "Alpha", "Beta"]
    assert not JournalEntry.objects.exists()
    dialog.get_by_role("button", name="Save order").click()
    dialog.wait_for(state="hidden")
    at_work.get_by_text("Saved the order of the guides.").wait_for()
    assert list(GuideSource.objects.values_list("name", flat=True)) == ["Gamma", "Delta", "Alpha", "Beta"]
    assert JournalEntry.objects.count() == 1
    at_work.locator("#source-list tbody tr").first.get_by_text("Gamma").wait_for()
    at_work.get_by_role("button", name="Undo").click()
    at_work.locator("#source-list tbody tr").first.get_by_text("Alpha").wait_for()


def test_rows_move_while_a_refresh_runs_and_settle_when_it_ends(at_work: Any, site: Site, no_worker: None) -> None:
    source = make_source("Acme", status="fetching")
    run = request_refresh(source.pk)
    now = timezone.now()
    values: dict[str, Any] = {"status": RunStatus.RUNNING, "worker": own_identity(), "started_at": now, "heartbeat_at": now}
    TaskRun.objects.filter(pk=run.pk).update(phase="downloading", phase_started_at=now, current=1, total=100, **values)
    at_work.goto(site.url("/guide/"))
    row(at_work, "Acme").get_by_text("Downloading", exact=True).wait_for()
    GuideSource.objects.filter(pk=source.pk).update(status="parsing")
    TaskRun.objects.filter(pk=run.pk).update(phase="saving programmes", current=1500, total=6000)
    row(at_work, "Acme").get_by_text("1,500 of 6,000").wait_for()
    row(at_work, "Acme").get_by_text("Processing…").wait_for()
    GuideSource.objects.filter(pk=source.pk).update(status="success", programme_count=6000, entry_count=1, mapped_count=1)
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED)
    row(at_work, "Acme").get_by_text("Ready", exact=True).wait_for()
    assert "6,000" in row(at_work, "Acme").inner_text()
    at_work.wait_for_timeout(300)
    expect(at_work.locator("#source-poller[hx-trigger]")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_sticks_out(at_work: Any, site: Site, width: int) -> None:
    source = make_source("W" * 255, url=f"http://guide.example/{'x' * 900}", status="error", last_message="Y" * 3000)
    make_source("Other")
    (entry,) = make_entries(source, "i" * 255, name="N" * 512, other_names=["O" * 900])
    make_programme(entry, soon(), title="T" * 255, description="D" * 5000, categories=["C" * 800])
    at_work.set_viewport_size({"width": width, "height": 800})
    paths = ("", f"{source.pk}/", f"{source.pk}/edit/", f"{source.pk}/delete/", "order/", "channels/", f"channels/{entry.pk}/")
    for path in paths:
        at_work.goto(site.url(f"/guide/{path}"))
        wider = at_work.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path


def test_the_search_of_guide_channels_answers_while_typing(at_work: Any, site: Site) -> None:
    source = make_source("Feed")
    make_entries(source, "fox5", name="FOX 5")
    make_entries(source, "sky.news", name="SKY News")
    at_work.goto(site.url("/guide/"))
    row(at_work, "Feed").get_by_role("link", name="Guide channels of Feed", exact=True).click()
    at_work.get_by_role("searchbox").fill("fox5")
    at_work.get_by_text("1–1 of 1").wait_for()
    assert "q=fox5" in at_work.url
    at_work.get_by_role("link", name="FOX 5").click()
    at_work.get_by_role("heading", name="FOX 5").wait_for()
