"""The preview dialog in a real Chromium: pictures move, errors are told, closing ends everything."""

from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from channels_app.preview import slots
from channels_app.tests.lineup_fixtures import make_channel, make_group
from channels_app.tests.preview_fixtures import Provider, eventually, make_stream
from ecm_site.conf import save_settings
from m3u_app.models import Account
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

PLAYS = (
    "() => { const video = document.querySelector('.pv-video'); return video && video.currentTime > 0.6 && video.videoWidth; }"
)


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.CONFIG_DIR = tmp_path
    cache.clear()  # it remembers the hosts of sources


def test_a_channel_is_looked_at(at_work: Any, site: Site, provider: Provider, account: Account) -> None:
    stream = make_stream(account, "CNN HD", provider.url("/live/aac.ts"), tvg_id="cnn.us")
    channel = make_channel("CNN", "5", group=make_group("News"), streams=[stream])
    page = at_work
    page.goto(site.url("/channels/"))
    page.locator("#channel-tree .cm-twist").nth(1).click()
    row = page.locator(f"#c{channel.pk}")
    row.locator(".cm-dots").click()
    assert page.evaluate("typeof window.mpegts") == "undefined"  # fetched when it is wanted
    page.get_by_role("menuitem", name="Preview…").click()
    page.wait_for_function(PLAYS)
    expect(page.locator("[data-pv-state]")).to_have_text("Live")
    expect(page.locator("[data-pv-codecs]")).to_have_text("H.264 · AAC")
    assert page.evaluate("document.querySelector('.pv-video').muted")
    assert page.locator(".pv-facts dd").all_inner_texts() == ["5", "1", "CNN HD"]
    page.locator("[data-pv-modes]").select_option("video_only")
    page.wait_for_function(PLAYS)
    expect(page.locator("[data-pv-codecs]")).to_have_text("H.264")
    page.keyboard.press("Escape")
    page.locator(".pv-video").wait_for(state="detached")
    eventually(lambda: slots.open_previews() == [] and not provider.open_now, "the end of the preview")


def test_sound_that_the_browser_cannot_play(at_work: Any, site: Site, provider: Provider, account: Account) -> None:
    stream = make_stream(account, "Dolby", provider.url("/live/ac3.ts"))
    page = at_work
    page.goto(site.url(f"/channels/streams/{stream.pk}/preview/"))  # the same dialog as a page
    expect(page.locator("[data-pv-reason]")).to_contain_text(
        "The sound is Dolby Digital (AC-3), which this browser cannot play"
    )
    expect(page.get_by_role("link", name="Open in VLC")).to_have_class("btn btn-primary")
    page.get_by_role("button", name="Play with converted sound").click()
    page.wait_for_function(PLAYS)
    expect(page.locator("[data-pv-codecs]")).to_have_text("H.264 · AAC")
    expect(page.locator("[data-pv-problem]")).to_be_hidden()
    expect(page.locator("[data-pv-modes]")).to_have_value("transcode")


def test_what_the_server_refuses_is_read_out(at_work: Any, site: Site, provider: Provider, account: Account) -> None:
    provider.answers["/web"] = (200, {}, b"<!doctype html><p>Please sign in</p>")
    stream = make_stream(account, "Gone", provider.url("/web"))
    page = at_work
    page.goto(site.url(f"/channels/streams/{stream.pk}/preview/"))
    expect(page.locator("[data-pv-reason]")).to_contain_text("The source sent a web page instead of video")
    expect(page.locator("[data-pv-state]")).to_have_text("Error")
    provider.answers.clear()
    provider.answers["/web"] = (302, {"Location": "/hls/index.m3u8", "Content-Length": "0"}, b"")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function(PLAYS)


@pytest.mark.parametrize(
    ("behaviour", "downloads", "helps"),
    [("m3u_only", True, False), ("m3u_fallback", True, False), ("protocol_only", False, True)],
)
def test_open_in_vlc(
    at_work: Any,
    site: Site,
    account: Account,
    behaviour: str,
    downloads: bool,
    helps: bool,
) -> None:
    save_settings(vlc_open_behavior=behaviour)
    stream = make_stream(account, "Fox & Friends", "http://acme.example/1.ts")
    channel = make_channel("Fox", "1", group=make_group("News"), streams=[stream])
    page = at_work
    page.goto(site.url(f"/channels/#c{channel.pk}"))
    page.locator("#channel-tree .cm-twist").nth(1).click()
    page.locator(f"#c{channel.pk} .cm-twist").click()
    button = page.locator(".cm-stream [data-act=vlc-stream]")
    button.locator("xpath=ancestor::li").first.hover()
    if downloads:
        with page.expect_download() as waiting:
            button.click()
        assert waiting.value.suggested_filename == "Fox___Friends.m3u"
    else:
        button.click()
        page.get_by_role("heading", name="Open in VLC").wait_for()
    assert page.locator(".pv-command").count() == (3 if helps else 0)
