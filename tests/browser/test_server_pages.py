"""The pages of a mirrored server in a real browser: readable, answered by mouse and keyboard, fresh without losing ticks."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_app.models import Channel
from ecm_site.conf import save_settings
from tasks_app.mirror.compare import comparable
from tasks_app.mirror.kinds import get_kind
from tasks_app.mirror.triggers import ensure_triggers
from tasks_app.models import MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site
from tests.browser.test_every_page import AT_ONCE, AXE_RULES, FAINT, LEAST, OFFENDERS, PAINT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def house() -> list[int]:
    """A connected house in which four channels were renamed: two wait, one was refused, one is in conflict."""
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    ensure_triggers()
    kind = get_kind("channel")
    channels = [Channel.objects.create(name=f"Channel {number}", number=number) for number in range(1, 5)]
    for channel in channels:
        agreed = comparable(kind, kind.local([channel.pk])[channel.pk])
        MirrorLink.objects.create(kind="channel", local_id=channel.pk, remote_id=channel.pk, agreed=agreed)
    MirrorState.objects.update_or_create(
        pk=1, defaults={"connected": True, "address": "http://192.0.2.1:9191", "reached_at": timezone.now()}
    )
    MirrorPull.objects.create(
        kind="channel",
        finished_at=timezone.now(),
        counts={"seen": 4},
        held_back={"remote_ids": [channels[0].pk], "count": 21, "of": 40},
    )
    for channel in channels:
        channel.name = f"A new and really quite long name, number {channel.number}, " * 3
        channel.save()
    ids = list(OutboxEntry.objects.order_by("local_id").values_list("pk", flat=True))
    OutboxEntry.objects.filter(pk=ids[2]).update(state=OutboxState.PARKED, reason="The server refuses this name.")
    sides = {"name": {"base": "Channel 4", "mine": channels[3].name, "theirs": "Theirs"}}
    OutboxEntry.objects.filter(pk=ids[3]).update(state=OutboxState.CONFLICT, conflict=sides)
    return ids


def faults(tab: Any) -> list[str]:
    """What keeps anybody from reading the page as it is now."""
    wrong: list[str] = []
    for width in (1400, 1000, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        wrong += [f"at {width}: {found}" for found in tab.evaluate(OFFENDERS)]
    tab.set_viewport_size({"width": 1400, "height": 900})
    tab.evaluate(AT_ONCE)
    for theme, least in LEAST.items():
        tab.evaluate(PAINT, theme)
        wrong += [f"{theme}: {found}" for found in tab.evaluate(FAINT, least)]
        if theme in AXE_RULES:
            wrong += [f"{theme}: {found}" for found in grave_violations(tab, rules=AXE_RULES[theme])]
    return wrong


def test_every_page_of_a_connected_server_can_be_read(at_work: Any, site: Site, house: list[int]) -> None:
    pages = (
        "/server/",
        "/server/queue/",
        f"/server/queue/{house[3]}/",
        f"/server/queue/answer/drop/?entry={house[0]},{house[2]}",
        "/server/vanished/channel/",
        "/server/live/",
        "/settings/linked-accounts/",
        "/settings/authentication/",
    )
    wrong = []
    for path in pages:
        at_work.goto(site.url(path))
        wrong += [f"{path} {found}" for found in faults(at_work)]
    MirrorState.objects.update(trouble="It does not answer. " * 10, trouble_since=timezone.now())
    at_work.goto(site.url("/server/"))
    wrong += [f"in trouble {found}" for found in faults(at_work)]
    assert wrong == []


def test_ticked_changes_are_dropped_and_the_badge_follows(at_work: Any, site: Site, house: list[int]) -> None:
    at_work.goto(site.url("/server/queue/"))
    badge = at_work.locator("#server-mark .notification-badge")
    expect(badge).to_have_text("3")  # refused, in conflict, and what vanished
    expect(at_work.get_by_role("button", name="Drop…")).to_be_disabled()
    at_work.locator(f"#queue-tick-{house[0]}").check()
    at_work.locator(f"#queue-tick-{house[2]}").check()
    expect(at_work.get_by_text("2 ticked")).to_be_visible()
    with at_work.expect_response(lambda answer: "/server/queue/" in answer.url):
        at_work.evaluate("document.body.dispatchEvent(new CustomEvent('mirror:changed', {bubbles: true}))")
    expect(at_work.locator(f"#queue-tick-{house[2]}")).to_be_checked()
    at_work.get_by_role("button", name="Drop…").click()
    dialog = at_work.get_by_role("dialog", name="Drop these changes?")
    expect(dialog.get_by_text("→ Channel 1")).to_be_visible()
    dialog.get_by_role("button", name="Drop (2)").click()
    expect(at_work.locator(".queue-row")).to_have_count(2)
    expect(badge).to_have_text("2")
    assert set(Channel.objects.filter(name__startswith="Channel").values_list("name", flat=True)) == {"Channel 1", "Channel 3"}


def test_a_conflict_is_answered_with_the_keyboard(at_work: Any, site: Site, house: list[int]) -> None:
    at_work.goto(site.url("/server/queue/?state=conflict"))
    at_work.locator(f"#queue-row-{house[3]}").focus()
    at_work.keyboard.press("Enter")
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("button", name="As chosen").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose a side for at least one field.")
    dialog.get_by_role("radio", name="take theirs for name").focus()
    at_work.keyboard.press("Space")
    at_work.keyboard.press("Enter")
    expect(at_work.locator("#dialog[open]")).to_have_count(0)
    expect(at_work.get_by_text("No change matches")).to_be_visible()
    assert Channel.objects.filter(name="Theirs").count() == 1
    at_work.complaints.clear()


def test_enter_in_a_choice_takes_what_was_chosen(at_work: Any, site: Site, house: list[int]) -> None:
    """Not the first button of the row, which takes everything from the server."""
    at_work.goto(site.url("/server/queue/?state=conflict"))
    at_work.locator(f"#queue-choose-{house[3]}").focus()
    at_work.keyboard.press("Enter")
    at_work.get_by_role("dialog").get_by_role("radio", name="keep mine for name").focus()
    at_work.keyboard.press("Space")
    at_work.keyboard.press("Enter")
    expect(at_work.get_by_text("No change matches")).to_be_visible()
    assert OutboxEntry.objects.get(pk=house[3]).state == OutboxState.WAITING
    assert not Channel.objects.filter(name="Theirs").exists()


def test_the_keyboard_goes_on_where_something_is_to_be_done(at_work: Any, site: Site, house: list[int]) -> None:
    held_back = {"remote_ids": [7], "count": 1, "of": 1}
    second = MirrorPull.objects.create(kind="logo", finished_at=timezone.now(), held_back=held_back)
    at_work.goto(site.url("/server/"))
    at_work.locator("#server-question-channel").focus()
    at_work.keyboard.press("Enter")
    at_work.locator("#dialog button[value=keep]").focus()
    at_work.keyboard.press("Enter")
    expect(at_work.locator("#server-question-logo")).to_be_focused()
    second.delete()
    at_work.locator("#sync-now").focus()
    at_work.keyboard.press("Enter")
    expect(at_work.get_by_text("The server is being asked.")).to_be_visible()
    expect(at_work.locator("#server-question-logo")).to_have_count(0)
    expect(at_work.locator("#sync-now")).to_be_focused()
