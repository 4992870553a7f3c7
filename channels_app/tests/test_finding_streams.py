"""The right pane's order, and addresses to copy from both panes (10 §2.3, §9.2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from channels_app.finding import stream_order
from channels_app.pane_filters import StreamFilter
from channels_app.stream_queries import stream_rows, stream_tree
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import Stream
from tests.browser.fixtures import Site

browser = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]
NAMES = ["B HD", "A SD", "C UHD", "D", "A HD"]
ORDERS = {
    "name": ["A HD", "A SD", "B HD", "C UHD", "D"],
    "-name": ["D", "C UHD", "B HD", "A SD", "A HD"],
    "quality": ["C UHD", "A HD", "B HD", "D", "A SD"],  # a name that says nothing counts like HD (10 §12.1)
    "new": ["A HD", "D", "C UHD", "A SD", "B HD"],
}


@pytest.fixture
def streams(db: None) -> list[Stream]:
    made = make_streams(NAMES)
    for days, stream in enumerate(reversed(made)):
        Stream.objects.filter(pk=stream.pk).update(first_seen=timezone.now() - timedelta(days=days))
    return made


def shown(wanted: StreamFilter, **page: int) -> list[str]:
    stream = Stream.objects.first()
    assert stream is not None
    return [row.stream.name for row in stream_rows(wanted, (stream.account_id or 0, stream.group_id or 0), **page).rows]


@pytest.mark.parametrize("sort", list(ORDERS))
def test_streams_stand_in_the_order_that_was_asked_for(streams: list[Stream], sort: str) -> None:
    wanted = StreamFilter(sort=sort)
    assert shown(wanted) == ORDERS[sort]
    assert [*shown(wanted, limit=2), *shown(wanted, offset=2, limit=2), *shown(wanted, offset=4, limit=2)] == ORDERS[sort]
    found = stream_tree(StreamFilter(text=" ", sort=sort, accounts=(streams[0].account_id or 0,)))
    assert found.stream_count == 5


@pytest.mark.parametrize("sort", list(ORDERS))
def test_a_search_shows_its_hits_in_that_order(streams: list[Stream], sort: str) -> None:
    tree = stream_tree(StreamFilter(text="d", sort=sort))
    page = tree.providers[0].groups[0].page
    assert page is not None
    assert [row.stream.name for row in page.rows] == [name for name in ORDERS[sort] if "D" in name]


def test_a_group_too_large_to_sort_by_quality_stands_by_name(streams: list[Stream], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_order, "SORTED_BY_QUALITY", 4)
    assert shown(StreamFilter(sort="quality")) == ORDERS["name"]


def test_an_order_that_does_not_exist_is_the_usual_one(admin_client: Client, streams: list[Stream]) -> None:
    assert admin_client.get("/channels/?ssort=pk;drop").context["wanted_streams"].sort == "name"


# --- addresses --------------------------------------------------------------------------------------------------------


def test_addresses_come_as_text_and_as_a_page(admin_client: Client, streams: list[Stream]) -> None:
    channel = make_channel("CNN", "1")
    plain = {"Accept": "text/plain"}
    answer = admin_client.get(f"/channels/{channel.pk}/address/", headers=plain)
    assert answer.content.decode() == f"http://testserver/stream/{channel.uuid}"
    assert "no-store" in answer.headers["Cache-Control"]
    answer = admin_client.get(f"/channels/streams/{streams[0].pk}/address/", headers=plain)
    assert answer.content.decode() == streams[0].url, "not masked: it is to be used"
    assert f'value="{streams[0].url}"' in admin_client.get(f"/channels/streams/{streams[0].pk}/address/").content.decode()
    assert admin_client.get("/channels/streams/999/address/").status_code == 404
    assert admin_client.get("/channels/999/address/").status_code == 404


def test_the_address_of_a_channel_says_when_players_need_a_token(admin_client: Client, db: None) -> None:
    channel = make_channel("CNN", "1")
    page = f"/channels/{channel.pk}/address/"
    assert "token" not in admin_client.get(page).content.decode().split("dialog-body")[1]
    save_settings(output_access="token")
    assert "?token=" in admin_client.get(page).content.decode()


class TestInABrowser:
    pytestmark = browser

    @pytest.mark.parametrize("clipboard", [True, False])
    def test_an_address_is_copied_with_and_without_the_clipboard_of_safe_pages(
        self, at_work: Any, site: Site, clipboard: bool
    ) -> None:
        group = make_group("News")
        channel = make_channel("CNN", "1", group=group)
        if not clipboard:  # as on a page behind plain HTTP
            at_work.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        at_work.goto(site.url(f"/channels/?open={group.pk}"))
        at_work.locator("#channel-tree .is-current").first.wait_for()
        at_work.locator(f"#c{channel.pk} .cm-name").click(button="right")
        at_work.get_by_role("menuitem", name="Copy address").click()
        expect(at_work.locator(".ecm-toast-text", has_text="Copied.")).to_be_visible()
        at_work.locator("#channel-search").click()
        at_work.keyboard.press("Control+V")
        expect(at_work.locator("#channel-search")).to_have_value(f"{site.base}/stream/{channel.uuid}")
        expect(at_work.locator(".ecm-toast-text", has_text="Copied.")).to_have_count(0, timeout=5000)

    def test_the_mark_of_a_stream_shows_its_channels(self, at_work: Any, site: Site) -> None:
        group = make_group("News")
        [stream] = make_streams(["Sky"])
        make_channel("On it", "1", group=group, streams=[stream])
        make_channel("Not on it", "2", group=group)
        at_work.goto(site.url("/channels/"))
        at_work.locator("#stream-tree .cm-group .cm-twist").first.click()
        at_work.locator(f"#k{stream.pk}").click()
        expect(at_work.locator("#channel-tree .cm-name")).to_have_text(["On it"])
        expect(at_work.locator(".cm-chip-name")).to_have_text("With Sky")
        at_work.locator("#channel-chips .cm-chip").click()
        expect(at_work.locator("#channel-chips .cm-chip")).to_have_count(0)
