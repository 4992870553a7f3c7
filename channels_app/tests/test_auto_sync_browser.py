"""Auto-sync in a real browser: its form with logos and profiles, and releasing fields in the dialog of a channel."""

from decimal import Decimal
from typing import Any

import pytest

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.settings import SyncSettings
from channels_app.autosync.sync_account import sync_account
from channels_app.commands import UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.models import Channel, ChannelProfile, Logo
from channels_app.tests.lineup_fixtures import make_account, make_streams
from m3u_app.models import StreamGroup
from tests.browser.axe import grave_violations
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def group(db: None) -> StreamGroup:
    make_streams(["One", "Two"], account=make_account())
    found = StreamGroup.objects.get()
    change_settings(found.pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(found.account_id)
    return found


def test_a_logo_and_profiles_are_chosen_and_the_preview_follows(at_work: Any, site: Site, group: StreamGroup) -> None:
    for name in ("Family", "Kids"):
        ChannelProfile.objects.create(name=name)
    Logo.objects.create(name="House", url="/logos/" + "a" * 40 + ".png")
    at_work.goto(site.url(f"/channels/auto-sync/groups/{group.pk}/"))
    assert at_work.locator("[name=profile_ids]").first.is_hidden()
    at_work.select_option("[name=profiles]", "only")
    at_work.locator("#auto-sync-error-profile_ids", has_text="Tick at least one profile").wait_for()
    at_work.get_by_label("Kids").check()
    at_work.get_by_label("One logo for all").fill("house")
    preview = at_work.locator("#auto-sync-preview")
    preview.get_by_text("another logo, into “Kids”").first.wait_for()
    at_work.select_option("[name=numbering]", "next_available")
    assert at_work.locator("[name=start]").is_hidden()
    assert grave_violations(at_work) == []


def test_fields_are_released_in_the_dialog_of_a_channel(at_work: Any, site: Site, group: StreamGroup) -> None:
    one = Channel.objects.get(name="One")
    update_channel(UpdateChannel(one.pk, {"name": "Mine", "tvg_id": "mine"}))
    at_work.goto(site.url("/channels/?q=Mine"))
    at_work.locator(f"#c{one.pk} .cm-name").wait_for()
    at_work.evaluate(f"htmx.ajax('GET', '/channels/{one.pk}/', {{target: '#dialog-body', swap: 'innerHTML'}})")
    pins = at_work.locator("#channel-pins")
    pins.get_by_text("→ “One”").wait_for()
    assert at_work.locator("dialog form[data-channel-form]").count() == 1  # the part came alone; the form is still there
    pins.get_by_label("Release name").press("Enter")
    pins.get_by_label("Release name").wait_for(state="detached")
    assert pins.get_by_label("Release TVG-ID").evaluate("link => link === document.activeElement")
    assert Channel.objects.get(pk=one.pk).pinned_fields == ["tvg_id"]
    assert at_work.locator("dialog .dialog-footer [type=submit]").is_disabled()  # nothing in the form differs
