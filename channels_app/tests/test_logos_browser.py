"""Logos, profiles and the dialog of a channel in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.logos.edit_logos import add_logo, upload_logo
from channels_app.models import Channel, ChannelProfile, Logo, ProfileMembership, StreamProfile
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group
from channels_app.tests.logo_fixtures import png
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def open_dialog(page: Any, site: Site, channel: Channel) -> None:
    page.goto(site.url("/channels/"))
    page.locator("#channel-tree .is-current").first.wait_for()  # the scripts have begun
    page.evaluate(f"htmx.ajax('GET', '/channels/{channel.pk}/', {{target: '#dialog-body'}})")
    page.locator("#dialog form[data-channel-form]").wait_for()


def test_save_waits_for_a_difference_and_closing_asks(at_work: Any, site: Site) -> None:
    channel = make_channel("CNN", "7")
    open_dialog(at_work, site, channel)
    save = at_work.locator("#dialog .dialog-footer [type=submit]")
    expect(save).to_be_disabled()
    name = at_work.locator("#dialog [name=name]")
    name.fill("CNN 2")
    expect(save).to_be_enabled()
    name.fill("CNN")
    expect(save).to_be_disabled()  # back to what it was
    name.fill("CNN 3")
    at_work.keyboard.press("Escape")
    bar = at_work.locator("#dialog [data-unsaved]")
    expect(bar).to_be_visible()
    at_work.locator("[data-cd=keep-editing]").click()
    expect(bar).to_be_hidden()
    at_work.locator("#dialog .btn-close").click()
    at_work.locator("[data-cd=throw-away]").click()
    expect(at_work.locator("#dialog")).to_be_hidden()
    assert Channel.objects.get().name == "CNN"
    open_dialog(at_work, site, channel)
    at_work.keyboard.press("Escape")  # nothing differs: it just closes
    expect(at_work.locator("#dialog")).to_be_hidden()


def test_guide_entry_tvg_id_and_logo_are_chosen(at_work: Any, site: Site) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    upload_logo(png(90, 60), "Sky.png")
    upload_logo(png(80, 60, "#aa3333"), "Other.png")
    make_entry("cnn.uk", "CNN")
    entry = make_entry("cnn.us", "CNN")
    channel = make_channel("CNN", "7", group=make_group("News"))
    open_dialog(at_work, site, channel)
    at_work.locator("[data-cd=tvg-id]").click()  # no entry yet: the search opens
    at_work.locator("[name=guide_suffix]").fill(".us")
    hits = at_work.locator("[data-cd=choose-entry]")
    expect(hits).to_have_count(1)
    hits.click()
    expect(at_work.locator("#dialog [name=tvg_id]")).to_have_value("cnn.us")
    at_work.locator("#dialog [name=stream_profile]").select_option(label="Proxy")
    at_work.locator("[data-logo-library] > summary").click()
    at_work.locator("[name=logo_find]").fill("sky")
    choice = at_work.locator("[data-logo-choice]:not([data-logo-choice=''])")
    expect(choice).to_have_count(1)
    choice.click()
    expect(choice).to_have_attribute("aria-pressed", "true")
    at_work.locator("[name=new_logo_file]").set_input_files(
        {"name": "Fresh.png", "mimeType": "image/png", "buffer": png(50, 50, "#00aa00")}
    )
    expect(at_work.locator("[data-logo-choice][aria-pressed=true] .text-truncate")).to_have_text("Fresh")
    at_work.locator("#dialog .dialog-footer [type=submit]").click()
    expect(at_work.locator("#dialog")).to_be_hidden()
    channel.refresh_from_db()
    fresh = Logo.objects.get(name="Fresh")
    assert (channel.logo_url, channel.stream_profile, channel.guide_entry, channel.tvg_id) == (
        fresh.url,
        proxy,
        entry,
        "cnn.us",
    )


def test_switches_wait_until_they_are_saved(at_work: Any, site: Site) -> None:
    kids = ChannelProfile.objects.create(name="Kids")
    news, sports = make_group("News"), make_group("Sports")
    one, two = make_channel("CNN", "1", group=news), make_channel("BBC", "2", group=news)
    more = [make_channel(f"S {place}", str(10 + place), group=sports) for place in range(3)]
    ProfileMembership.objects.create(profile=kids, channel=one)
    at_work.goto(site.url(f"/channels/profiles/{kids.pk}/"))
    save = at_work.locator("[data-save-members]")
    expect(save).to_be_disabled()
    at_work.locator(f"[data-section='{news.pk}'] .pf-section-name").click()
    box = at_work.locator(f"[data-channel='{two.pk}']")
    box.click()
    expect(save).to_have_text("Save (1)")
    box.click()
    expect(save).to_be_disabled()  # twice is never
    at_work.locator(f"[data-section='{sports.pk}'] [data-section-switch]").click()
    expect(save).to_have_text("Save (3)")
    at_work.locator("#member-filter [name=only]").click()  # hide disabled: what is to be enabled stays in sight
    expect(at_work.locator(f"[data-section='{sports.pk}']")).to_be_visible()
    at_work.locator("#member-filter [name=q]").fill("S 1")
    expect(at_work.locator(".pf-row")).to_have_count(1)
    at_work.locator("[data-visible='']").click()
    expect(save).to_have_text("Save (2)")
    save.click()
    at_work.locator(".ecm-toast-text", has_text="Enabled 2 channels").wait_for()
    expect(at_work.locator("[data-pending-words]")).to_have_text("")
    expect(save).to_be_disabled()
    expect(at_work.locator("[data-total-enabled]")).to_have_text("3")
    enabled = set(ProfileMembership.objects.values_list("channel_id", flat=True))
    assert enabled == {one.pk, more[0].pk, more[2].pk}


def test_the_library_is_searched_and_ticked_logos_are_deleted(at_work: Any, site: Site) -> None:
    for place, name in enumerate(("Alpha", "Beta", "Gamma")):
        upload_logo(png(40 + place, 30), f"{name}.png")
    add_logo("Beta two", site.url("/static/site/favicon.svg"))
    at_work.goto(site.url("/logos/"))
    at_work.locator("#logo-q").fill("beta")
    rows = at_work.locator(".logo-row")
    expect(rows).to_have_count(2)
    for row in rows.all():
        row.locator("[data-logo-tick]").check()
    at_work.locator("[data-logo-open]").first.click()
    at_work.locator("#dialog .btn-danger").click()
    expect(rows).to_have_count(0)
    assert set(Logo.objects.values_list("name", flat=True)) == {"Alpha", "Gamma"}
