"""The channel manager as it is sent: whole page and parts, sizes, hostile names, what is remembered."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.models import Channel, ChannelGroup, ViewPreference
from channels_app.preferences import ManagerPreference, read_preference, save_preference
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_channels, make_group, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import Stream, StreamGroup

pytestmark = pytest.mark.django_db
PAGE_LIMIT = 200_000  # bytes of the first view, whatever the size of the lineup
HTMX = {"HTTP_HX_REQUEST": "true"}
HOSTILE = "<script>alert('x')</script> & \"quotes\" =cmd|'/c calc'!A1 \u202e" + "x" * 300


@pytest.fixture
def user() -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_needs_a_sign_in(client: Client) -> None:
    User.objects.create_user("alice")
    assert client.get("/channels/").status_code == 302


def test_an_empty_lineup_says_what_to_do_next(browser: Client) -> None:
    page = text_of(browser, "/channels/")
    assert "No channels yet" in page
    assert "No streams yet" in page
    assert "Uncategorized" in page
    assert 'href="/m3u/"' in page


def test_groups_arrive_collapsed_with_counts(browser: Client) -> None:
    group = make_group("News")
    make_channels(group, CNN="1", BBC="2")
    page = text_of(browser, "/channels/")
    assert "#1–2" in page
    assert "CNN" not in page


def test_an_address_says_which_group_is_open_and_what_is_searched(browser: Client) -> None:
    group = make_group("News")
    make_channels(group, CNN="1", BBC="2")
    make_streams(["CNN HD", "Fox"])
    assert "BBC" in text_of(browser, f"/channels/?open={group.pk}")
    page = text_of(browser, "/channels/?q=cnn&sq=fox")
    assert re.search(r'id="n\d+"[^>]*>CNN<', page)
    assert not re.search(r">BBC<", page)
    assert ">Fox<" in page
    assert ">CNN HD<" not in page


def test_parts_are_parts_and_the_page_is_a_page(browser: Client) -> None:
    make_channels(make_group("News"), CNN="1")
    assert "<html" in text_of(browser, "/channels/")
    for path in ("/channels/tree/", "/channels/streams/", "/channels/refresh/?open=&groups=1"):
        assert "<html" not in text_of(browser, path, **HTMX)


def test_a_search_answer_brings_its_chips_and_sentence_along_and_fetches_the_totals_later(browser: Client) -> None:
    make_channels(make_group("News"), CNN="1", BBC="2")
    answer = text_of(browser, "/channels/tree/?q=cnn&missing=logo", **HTMX)
    assert "CNN" in answer
    assert "BBC" not in answer
    assert '<div class="cm-chips" id="channel-chips" hx-swap-oob="true" data-shown="1">' in answer
    assert 'id="channel-totals"' not in answer, "counting over the whole lineup would hold up whoever types"
    assert 'hx-get="/channels/totals/" hx-trigger="load delay:700ms" hx-target="#channel-totals"' in answer
    assert "Missing Logo" in answer
    assert '<div id="announcer" hx-swap-oob="innerHTML">1 channel shown</div>' in answer


def test_the_totals_are_those_of_the_whole_lineup(browser: Client) -> None:
    make_channels(make_group("News"), CNN="1", BBC="1")
    make_channel("Fox", "2", streams=make_streams(["fox"]))
    totals = text_of(browser, "/channels/totals/", **HTMX)
    page = text_of(browser, "/channels/?q=cnn")
    assert re.findall(r'cm-(?:total|figure)">([^<]*)<', totals) == ["3", "2", "1"]
    assert totals.strip() in page


def test_hostile_names_are_shown_as_text_everywhere(browser: Client) -> None:
    group = make_group(HOSTILE[:255])
    account = make_account("Acme")
    streams = make_streams([HOSTILE], account=account, group=HOSTILE[:200], logo_url="javascript:alert(1)")
    channel = make_channel(HOSTILE, "1", group=group, streams=streams, logo_url='http://x.example/"onerror="alert(1)')
    key = f"{account.pk}-{StreamGroup.objects.get().pk}"
    paths = [
        f"/channels/?open={group.pk}&sq=alert",
        f"/channels/groups/{group.pk}/rows/",
        f"/channels/{channel.pk}/streams/",
        f"/channels/{channel.pk}/",
        f"/channels/delete/?channel={channel.pk}",
        f"/channels/move/?channel={channel.pk}&group=0",
        f"/channels/renumber/?channel={channel.pk}&start=5",
        f"/channels/groups/{group.pk}/delete/",
        f"/channels/groups/{group.pk}/rename/",
        f"/channels/streams/groups/{key}/",
        f"/channels/add-streams/?stream={streams[0].pk}",
        "/channels/groups/options/",
        "/channels/streams/options/",
    ]
    for path in paths:
        page = text_of(browser, path)
        assert "<script>alert" not in page, path
        assert '"onerror="' not in page, path
        assert "&lt;script&gt;alert" in page, path


def test_credentials_in_stream_addresses_are_masked_and_can_be_hidden(browser: Client) -> None:
    streams = make_streams(["CNN"])
    channel = make_channel("CNN", "1", streams=streams)
    assert "secret" in streams[0].url
    paths = ["/channels/?sq=cnn", f"/channels/{channel.pk}/streams/", f"/channels/{channel.pk}/"]
    for path in paths:
        assert "secret" not in text_of(browser, path)
    assert "provider.example/live/***/***/" in text_of(browser, paths[1])
    save_settings(show_stream_urls=False)
    assert "provider.example" not in text_of(browser, paths[0]) + text_of(browser, paths[1])


def test_the_first_view_of_twenty_thousand_channels_stays_small(browser: Client) -> None:
    groups = ChannelGroup.objects.bulk_create(ChannelGroup(name=f"A group with a longer name {place}") for place in range(400))
    Channel.objects.bulk_create(
        (
            Channel(uuid=uuid4(), name=f"A channel with a usual name {place}", number=place + 1, group=groups[place % 400])
            for place in range(20_000)
        ),
        batch_size=500,
    )
    account = make_account()
    StreamGroup.objects.bulk_create(
        StreamGroup(account=account, name=f"A provider group {place}", stream_count=500) for place in range(1000)
    )
    open_groups = "&".join(f"open={group.pk}" for group in groups[:20])
    for path in ("/channels/", f"/channels/?{open_groups}", "/channels/?q=channel", "/channels/?missing=logo"):
        size = len(browser.get(path).content)
        assert size <= PAGE_LIMIT, f"{path[:40]}: {size}"
    page = text_of(browser, "/channels/")
    assert "20,000" in page
    assert page.count('class="cm-group ') + page.count('class="cm-group"') < 200  # the other groups come when scrolled to


def test_later_groups_and_rows_come_in_pages(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "channels_app.channel_tree.channel_tree.__kwdefaults__",
        {"open_groups": (), "first_group": 0, "groups": 2, "totals": True},
    )
    for place in range(5):
        make_channels(make_group(f"G{place}"), A=str(place))
    page = text_of(browser, "/channels/tree/")
    assert "G0" in page
    assert "G1" not in page
    assert "tree/?from=2" in page
    following = text_of(browser, "/channels/tree/?from=2")
    assert "G1" in following
    assert "G2" in following
    assert "hx-swap-oob" not in following


def test_a_refresh_of_rows_touches_nothing_else(browser: Client) -> None:
    group = make_group("News")
    channels = make_channels(group, CNN="1", BBC="2")
    cnn = channels["CNN"].pk
    answer = browser.get(f"/channels/refresh/?channels={cnn}&rows={cnn}&open={group.pk}:2", **HTMX)  # type: ignore[arg-type]
    text = answer.content.decode()
    assert answer["HX-Reswap"] == "none"
    assert f'id="c{channels["CNN"].pk}" data-id="{channels["CNN"].pk}" hx-swap-oob="true"' in text
    assert "BBC" not in text
    assert f'id="gh{group.pk}"' in text


def test_marks_are_refreshed_for_shown_streams_only(browser: Client) -> None:
    streams = make_streams(["a", "b"])
    make_channel("CNN", streams=streams[:1])
    text = browser.post("/channels/streams/marks/", {"ids": f"{streams[0].pk},{streams[1].pk}"}, **HTMX).content.decode()  # type: ignore[arg-type]
    assert text.count("hx-swap-oob") == 2
    assert 'title="On CNN"' in text


def test_ids_of_ticked_groups_are_given_as_json(browser: Client) -> None:
    group = make_group("News")
    channels = make_channels(group, CNN="1", BBC="2")
    streams = make_streams(["a1", "b1"])
    assert browser.get(f"/channels/ids/?of={group.pk}").json() == {"ids": [channels["CNN"].pk, channels["BBC"].pk]}
    key = f"{streams[0].account_id}-{streams[0].group_id}"
    assert browser.get(f"/channels/streams/ids/?of={key}&sq=b1").json() == {"ids": [streams[1].pk], "more": False}


def test_more_ids_than_fit_are_refused_and_not_cut_off(browser: Client) -> None:
    channel = make_channel("CNN")
    ids = ",".join(str(place) for place in range(1, 50_003))
    answer = browser.post("/channels/delete/", {"channel": ids, "confirmed": "1"}, **HTMX)  # type: ignore[arg-type]
    assert answer.status_code in (400, 413)
    assert Channel.objects.filter(pk=channel.pk).exists()


def test_what_somebody_left_it_like_comes_back_for_that_person_only(browser: Client, user: User) -> None:
    group = make_group("News")
    make_channels(group, CNN="1")
    browser.post(
        "/channels/preferences/", {"pane": "61.5", "open_groups": f"{group.pk}", "filters": "empty=1&q=zzz&unmapped=1"}
    )
    page = text_of(browser, "/channels/")
    assert "--cm-left: 61.5%" in page
    assert ">CNN<" in page  # open, and the search was not kept
    assert read_preference(user.pk).stream_filter.hide_mapped
    other = Client()
    other.force_login(User.objects.create_user("bob"))
    assert ">CNN<" not in text_of(other, "/channels/")
    assert "--cm-left: 50.0%" in text_of(other, "/channels/")


def test_an_address_with_filters_beats_what_was_saved(browser: Client, user: User) -> None:
    make_channel("CNN", "1", logo_url="http://l.example/1")
    save_preference(user.pk, {"filters": "missing=logo"})
    assert "No channel matches" in text_of(browser, "/channels/")
    assert "No channel matches" not in text_of(browser, "/channels/?all=1")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"pane": 5}, ManagerPreference(pane=20.0)),
        ({"pane": "99"}, ManagerPreference(pane=80.0)),
        ({"pane": "nan"}, ManagerPreference()),
        ({"pane": [1], "open_groups": "x", "filters": None}, ManagerPreference()),
        ({"open_groups": [1, "2", None, True, -3, 4]}, ManagerPreference(open_groups=(1, 4))),
        ({"filters": "group=1&evil=2&q=search"}, ManagerPreference(filters="group=1")),
        ("not even a record", ManagerPreference()),
    ],
)
def test_nonsense_in_a_stored_preference_becomes_the_default(user: User, stored: Any, expected: ManagerPreference) -> None:
    ViewPreference.objects.create(user=user, screen="channels", values=stored)
    assert read_preference(user.pk) == expected


def test_nonsense_in_addresses_is_no_error(browser: Client) -> None:
    make_channels(make_group("News"), CNN="1")
    make_streams(["a"])
    paths = [
        "/channels/?open=x&group=99999999999999999999&missing=%00&q=" + "a" * 5000,
        "/channels/tree/?from=-5&open=1:x",
        "/channels/tree/?from=99999999999",
        "/channels/refresh/?open=1:99999999,abc&groups=x&only=zzz&channels=,,",
        "/channels/groups/999/rows/?offset=-1",
        "/channels/groups/0/rows/?offset=99999999999999",
        "/channels/groups/0/rows/?offset=" + "9" * 5000,
        "/channels/groups/0/rows/?offset=%C2%B2",
        "/channels/streams/groups/9-9/?offset=abc",
        "/channels/streams/providers/999/",
        "/channels/streams/?provider=x&sgroup=-1&sq=%22%27*%00",
        "/channels/ids/?of=a,b",
        "/channels/streams/ids/?of=1-,x-1,-",
        "/channels/streams/options/?find=%00",
        "/channels/guide-entries/?guide_find=%22&guide_source=x",
    ]
    for path in paths:
        assert browser.get(path).status_code == 200, path
    assert browser.get("/channels/999/streams/").status_code == 404
    assert browser.get("/channels/999/").status_code == 404


def test_queries_of_the_page_do_not_grow(browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (3, 60):
        for place in range(size):
            streams = make_streams([f"s{size}-{place}"], group=f"G{place % 7}")
            make_channel(
                f"C{place}", str(place), group=ChannelGroup.objects.get_or_create(name=f"G{place % 9}")[0], streams=streams
            )
        opened = "&".join(f"open={pk}" for pk in ChannelGroup.objects.values_list("pk", flat=True)[:3])
        browser.get(f"/channels/?{opened}")
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/channels/?{opened}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Stream.objects.count() == 63
