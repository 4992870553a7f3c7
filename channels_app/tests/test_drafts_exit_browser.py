"""Leaving edit mode in a real browser: the dialog, a conflict, a change that fails, progress of a large commit."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import expect

from channels_app.commands import DeleteGroups, UpdateChannel
from channels_app.drafts import start_commit
from channels_app.drafts.lives import open_draft, unfinished_draft
from channels_app.edit_channels import update_channel
from channels_app.edit_groups import delete_groups
from channels_app.models import Channel, ChannelGroup, Draft
from channels_app.tests.commit_fixtures import net, stage
from channels_app.tests.lineup_fixtures import make_channel, make_group
from tasks_app import execution
from tasks_app.models import RunStatus, TaskRun
from tasks_app.process_identity import own_identity
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site
from tests.browser.test_every_page import OFFENDERS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def change(channel: Channel, **values: object) -> Callable[[], object]:
    return lambda: update_channel(UpdateChannel(channel.pk, values), rename_with_number=False)


def alice() -> Any:
    return get_user_model().objects.get(username="alice")


def draft_of_alice(*acts: Callable[[], object]) -> Draft:
    draft = open_draft(alice())
    stage(draft, *acts)
    return draft


def open_dialog(page: Any, site: Site) -> Any:
    page.goto(site.url("/channels/"))
    page.locator("#draft-done").click()
    dialog = page.locator("#draft-exit")
    dialog.wait_for()
    return dialog


def test_a_draft_is_looked_through_and_applied(at_work: Any, site: Site) -> None:
    a, b = make_channel("Alpha", "1"), make_channel("Beta", "2")
    draft_of_alice(change(a, name="Alpha One"), change(b, number="22"))
    dialog = open_dialog(at_work, site)
    expect(dialog).to_contain_text("Alpha One")
    expect(dialog).to_contain_text("everything can be applied")
    dialog.get_by_role("button", name="Leave in draft: Beta").click()
    dialog.get_by_role("button", name="Apply the other 1").click()
    at_work.locator(".ecm-toast-text", has_text="Applied 1 change").wait_for()
    assert set(Channel.objects.values_list("name", "number")) == {("Alpha One", Decimal(1)), ("Beta", Decimal(2))}
    rest = unfinished_draft(alice())
    assert rest is not None
    assert [key[1] for key in net(rest)] == [b.pk]


def test_two_people_and_one_channel_the_conflict_is_decided_before_it_is_applied(at_work: Any, site: Site) -> None:
    channel = make_channel("Base name")
    draft_of_alice(change(channel, name="Alice's name"))
    change(channel, name="Bob's name")()
    dialog = open_dialog(at_work, site)
    expect(dialog).to_contain_text("Bob's name")
    expect(dialog.get_by_role("button", name="Apply the other 0, keep 1")).to_be_disabled()
    dialog.get_by_role("button", name="Mine, for").click()
    at_work.locator("#draft-exit").get_by_role("button", name="Apply all").click()
    at_work.locator(".ecm-toast-text", has_text="Applied 1 change").wait_for()
    assert Channel.objects.get().name == "Alice's name"


def test_what_fails_is_told_and_stays_to_be_tried_again(at_work: Any, site: Site) -> None:
    channel, group = make_channel("Alpha"), make_group("Going")
    draft_of_alice(change(channel, name="Applied"), lambda: delete_groups(DeleteGroups((group.pk,))))
    blocker = make_channel("Put there meanwhile", group=group)
    dialog = open_dialog(at_work, site)
    dialog.get_by_role("button", name="Apply the other 1, keep 1").click()
    expect(at_work.locator("#draft-exit")).to_contain_text("Applied in part")
    expect(at_work.locator("#draft-exit")).to_contain_text("would lose the group “Going” unseen")
    assert Channel.objects.get(pk=channel.pk).name == "Applied"
    blocker.delete()
    at_work.locator("#draft-exit").get_by_role("link", name="Look at them").click()
    expect(at_work.locator("#draft-exit")).to_contain_text("Could not be applied last time")
    at_work.locator("#draft-exit").get_by_role("button", name="Apply all").click()
    at_work.locator("#draft-start").wait_for()  # edit mode is over
    assert not ChannelGroup.objects.exists()


def test_a_large_commit_shows_its_progress_and_ends_edit_mode(
    at_work: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_commit, "AT_ONCE", 0)
    channel = make_channel("Alpha")
    draft = draft_of_alice(change(channel, name="Applied"))
    dialog = open_dialog(at_work, site)
    dialog.get_by_role("button", name="Apply all").click()
    expect(at_work.locator("#draft-exit")).to_contain_text("Waiting for a free worker")
    at_work.goto(site.url("/channels/draft/exit/"))  # the page may be closed and opened again meanwhile
    expect(at_work.locator("#draft-exit")).to_contain_text("The work goes on when you close the page")
    draft.refresh_from_db()
    assert draft.run_id is not None
    at_work.goto(site.url("/channels/"))
    at_work.locator("#draft-done").click()
    expect(at_work.locator("#draft-exit")).to_contain_text("Waiting for a free worker")
    execution.execute_queued_run(draft.run_id)
    at_work.locator(".ecm-toast-text", has_text="Applied 1 change").wait_for()
    assert Channel.objects.get().name == "Applied"
    assert unfinished_draft(alice()) is None


def test_the_page_fits_a_phone_and_is_fit_for_everybody(at_work: Any, site: Site) -> None:
    channel, other = make_channel("Alpha " * 60), make_channel("Beta")
    draft_of_alice(change(channel, name="x" * 500), change(other, name="Mine"))
    change(other, name="Theirs")()
    for width in (1400, 390):
        at_work.set_viewport_size({"width": width, "height": 900})
        at_work.goto(site.url("/channels/draft/exit/"))
        assert at_work.evaluate(OFFENDERS) == []
    assert list(grave_violations(at_work)) == []


def test_the_dialog_stays_while_a_draft_is_applied_and_the_bar_follows_when_it_was_closed(
    at_work: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = make_channel("Alpha", "1")
    draft = draft_of_alice(change(alpha, name="Alpha One"))
    monkeypatch.setattr(start_commit, "AT_ONCE", 0)  # it waits for a worker, and there is none
    dialog = open_dialog(at_work, site)
    dialog.get_by_role("button", name="Apply all").click()
    at_work.get_by_text("Waiting for a free worker").wait_for()
    at_work.keyboard.press("Escape")  # before it began, nobody is held
    expect(dialog).to_have_count(0)
    expect(at_work.locator("#draft-bar")).to_contain_text("Your draft is being applied")
    draft.refresh_from_db()
    assert draft.run_id is not None
    run = TaskRun.objects.filter(pk=draft.run_id)
    run.update(status=RunStatus.RUNNING, worker=own_identity(), heartbeat_at=timezone.now())
    at_work.locator("#draft-done").click()
    at_work.locator("#draft-exit[data-dialog-stays]").wait_for()
    at_work.keyboard.press("Escape")
    at_work.mouse.click(5, 5)
    expect(at_work.locator("#draft-exit")).to_be_visible()
    at_work.goto(site.url("/channels/"))
    expect(at_work.locator("#draft-bar")).to_contain_text("Your draft is being applied")
    run.update(status=RunStatus.QUEUED)
    execution.execute_queued_run(draft.run_id)
    expect(at_work.locator("#draft-start")).to_be_visible()  # by itself, without a press
    assert Channel.objects.get().name == "Alpha One"
