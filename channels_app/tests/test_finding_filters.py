"""Which groups are shown and who decides it: kinds, picks, new groups, one's own choice against the setting (10 §4)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.settings import SyncSettings
from channels_app.channel_queries import channel_ids
from channels_app.channel_tree import channel_tree
from channels_app.finding.group_kinds import GroupKind, group_kinds
from channels_app.finding.group_picker import group_choices
from channels_app.group_summaries import lineup_summary, lineup_totals
from channels_app.models import AccountSync, Channel, ChannelGroup
from channels_app.pane_filters import ChannelFilter
from channels_app.preferences import read_preference, save_preference
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_channels, make_group, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import StreamGroup

pytestmark = pytest.mark.django_db
EVERYTHING = ChannelFilter()


def names(wanted: ChannelFilter) -> list[str]:
    return sorted(Channel.objects.filter(pk__in=channel_ids(wanted)).values_list("name", flat=True))


def groups(wanted: ChannelFilter) -> list[str]:
    return [group.name for group in lineup_summary(wanted).groups]


@pytest.fixture
def kinds() -> dict[str, ChannelGroup]:
    """A group that auto-sync fills by its setting, one it filled before, and one of nobody's; each with a channel."""
    make_streams(["a"], group="Provider sports")
    stream_group = StreamGroup.objects.get()
    found = {name: make_group(name) for name in ("Synced", "Linked", "Own")}
    for number, (name, group) in enumerate(found.items(), 1):
        make_channel(f"In {name}", str(number), group=group)
    change_settings(stream_group.pk, SyncSettings(start=Decimal(1), group_id=found["Synced"].pk), switched_on=True)
    AccountSync.objects.update_or_create(
        account_id=stream_group.account_id, defaults={"targets": {"99": found["Linked"].pk, "98": found["Synced"].pk}}
    )
    return found


def test_a_group_is_filled_by_auto_sync_linked_to_a_provider_or_made_by_hand(kinds: dict[str, ChannelGroup]) -> None:
    assert group_kinds() == {kinds["Synced"].pk: GroupKind.AUTO, kinds["Linked"].pk: GroupKind.PROVIDER}
    by_name = {group.name: group for group in lineup_summary(EVERYTHING).groups}
    assert [by_name[name].is_auto_sync for name in ("Synced", "Linked", "Own", "Uncategorized")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("hide", "shown"),
    [
        (("auto",), ["Linked", "Own"]),
        (("provider",), ["Synced", "Own"]),
        (("manual",), ["Synced", "Linked"]),
        (("provider", "manual", "auto"), []),
        ((), ["Synced", "Linked", "Own"]),
    ],
)
def test_kinds_of_groups_can_be_left_out_with_their_channels(
    kinds: dict[str, ChannelGroup], hide: tuple[str, ...], shown: list[str]
) -> None:
    make_channel("Loose")
    wanted = ChannelFilter(hide=hide)
    assert groups(wanted) == ["Uncategorized", *shown], "Uncategorized is always shown"
    assert names(wanted) == sorted(["Loose", *(f"In {name}" for name in shown)]), "select all means what is shown"
    assert lineup_totals().channels == 4, "the figure at the top is the whole lineup's"
    assert {choice.name for choice in group_choices(wanted).options} == set(shown)


def test_auto_created_channels_stay_in_sight_when_auto_sync_is_switched_off(kinds: dict[str, ChannelGroup]) -> None:
    Channel.objects.update(auto_created=True)
    StreamGroup.objects.update(auto_channel_sync=False)
    assert "In Synced" in names(ChannelFilter(hide=("auto",)))


def test_newly_created_empty_groups_show_until_that_is_switched_off() -> None:
    make_group("New")
    old = make_group("Old")
    ChannelGroup.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    assert groups(EVERYTHING) == ["Uncategorized", "New"]
    assert groups(ChannelFilter(hide=("new",))) == ["Uncategorized"]
    assert groups(ChannelFilter(hide=("new",), show_empty=True)) == ["Uncategorized", "New", "Old"]


def test_groups_made_after_the_pick_are_shown_and_ticked_too() -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, CNN="1")
    make_channels(sports, ESPN="2")
    newest = group_choices(EVERYTHING).newest
    assert newest == sports.pk
    wanted = ChannelFilter(groups=(news.pk,), groups_until=newest)
    later = make_group("Imported later")
    make_channels(later, DAZN="3")
    assert names(wanted) == ["CNN", "DAZN"]
    assert groups(wanted) == ["Uncategorized", "News", "Imported later"]
    assert [choice.name for choice in group_choices(wanted).options if choice.chosen] == ["Imported later", "News"]
    assert names(ChannelFilter(groups=(news.pk,))) == ["CNN"], "an address without that mark means exactly its groups"


def test_picked_groups_that_were_deleted_are_dropped(admin_client: Client, admin_user: User) -> None:
    news, sports = make_group("News"), make_group("Sports")
    make_channels(news, CNN="1")
    make_channels(sports, ESPN="2")
    save_preference(admin_user.pk, {"filters": f"group={news.pk}&group={sports.pk}"})
    sports.delete()
    assert admin_client.get("/channels/").context["wanted"].groups == (news.pk,)
    news.delete()
    assert admin_client.get("/channels/").context["wanted"].groups == (), "with all of them gone everything is shown again"


def test_a_stream_leads_to_the_channels_it_is_on(admin_client: Client) -> None:
    one, two = make_streams(["Sky <b>", "Fox"])
    make_channel("First", "1", streams=[two, one])
    make_channel("Second", "2", streams=[one])
    make_channel("Other", "3", streams=[two])
    assert names(ChannelFilter(stream=one.pk)) == ["First", "Second"]
    page = admin_client.get(f"/channels/?on={one.pk}").content.decode()
    assert "With Sky &lt;b&gt;" in page
    assert ">Second<" in page
    assert ">Other<" not in page
    rows = admin_client.get(f"/channels/streams/groups/{one.account_id}-{one.group_id}/").content.decode()
    assert f'href="/channels/?all=1&amp;on={one.pk}"' in rows
    assert 'aria-label="On 2 channels"' in rows
    assert "a stream that is gone" in admin_client.get("/channels/tree/?on=999999").content.decode()


def test_what_is_switched_off_is_not_in_the_rows(admin_client: Client) -> None:
    make_channel("CNN", "1", group=make_group("News"), logo_url="http://x.example/logo.png", no_epg=True)
    shown = admin_client.get("/channels/tree/?q=cnn").content.decode()
    assert "logo.png" in shown
    assert "No guide wanted" in shown
    hidden = admin_client.get("/channels/tree/?q=cnn&off=logo&off=guide").content.decode()
    assert "logo.png" not in hidden
    assert "No guide wanted" not in hidden


def test_choices_are_kept_and_looking_for_something_is_not(admin_client: Client, admin_user: User) -> None:
    kept = "hide=manual&hide=new&off=now&missing=logo&group=5&upto=7&ssort=quality"
    admin_client.post("/channels/preferences/", {"filters": f"q=sky&sq=fox&on=4&{kept}"})
    preference = read_preference(admin_user.pk)
    assert preference.channel_filter == ChannelFilter.read(QueryDict(kept))
    assert preference.stream_filter.sort == "quality"
    assert preference.stream_filter.text == ""


def test_the_setting_decides_about_auto_sync_groups_until_somebody_chooses(admin_user: User) -> None:
    assert read_preference(admin_user.pk).channel_filter.hide == ()
    save_preference(admin_user.pk, {"filters": "missing=logo"})
    save_settings(hide_auto_sync_groups=True)
    assert read_preference(admin_user.pk).channel_filter.hide == ("auto",), "chose nothing about it: follows the setting"
    save_preference(admin_user.pk, {"filters": "missing=logo"})
    assert read_preference(admin_user.pk).channel_filter.hide == (), "unticked it"
    save_preference(admin_user.pk, {"filters": "hide=auto"})
    save_settings(hide_auto_sync_groups=False)
    assert read_preference(admin_user.pk).channel_filter.hide == (), "what is as the setting says follows it again"
    save_preference(admin_user.pk, {"filters": "hide=auto"})
    assert read_preference(admin_user.pk).channel_filter.hide == ("auto",)


def test_queries_do_not_grow_with_groups_of_any_kind() -> None:
    account = make_account()
    wanted = ChannelFilter(hide=("new", "provider"), groups_until=1, groups=(1,), text="c")
    counts = []
    for size in (2, 20):
        for place in range(size):
            make_streams(["x"], account=account, group=f"P{size}-{place}")
            make_channel("C", "1", group=make_group(f"P{size}-{place}"))
        StreamGroup.objects.update(auto_channel_sync=True)
        found: list[Any] = []
        with CaptureQueriesContext(connection) as queries:
            found.append(channel_tree(wanted))
        counts.append(len(queries))
        assert sum(group.is_auto_sync for group in lineup_summary(EVERYTHING).groups) >= size
    assert counts[0] == counts[1]


@pytest.mark.parametrize("address", ["/channels/?all=1", "/channels/?all=1&open=1&q=channel"])
def test_a_first_view_is_small_whatever_the_lineup(admin_client: Client, address: str) -> None:
    """At most 200 KB: groups arrive collapsed, long lists in portions (10 §2)."""
    made = ChannelGroup.objects.bulk_create(ChannelGroup(name=f"United Kingdom | Sports and more {n}") for n in range(400))
    logo = "https://logos.example.org/pictures/united-kingdom/channel-number-{}.png"
    rows = [
        Channel(name=f"Some channel with a name {n} HD", number=Decimal(n + 1), group=made[n % 400], logo_url=logo.format(n))
        for n in range(4000)
    ]
    Channel.objects.bulk_create(rows)
    account = make_account()
    for n in range(100):
        make_streams([f"Stream {n}"], account=account, group=f"Provider's group of streams {n}")
    page = admin_client.get(address.replace("open=1", f"open={made[0].pk}"))
    assert len(page.content) <= 200_000
