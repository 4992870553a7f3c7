"""Channel profiles, stream profile and one logo for all channels of a synchronised group (20 §4.2, §4.3 steps 6 to 8)."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.plan import plan_sync
from channels_app.autosync.preview import Preview, preview_sync
from channels_app.autosync.settings import SyncSettings, merged, read_settings
from channels_app.autosync.sync_account import sentence, sync_account
from channels_app.autosync.tasks import TASK_ID
from channels_app.commands import UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.logos.edit_logos import delete_logos, edit_logo
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, ProfileMembership, StreamProfile
from channels_app.profiles.set_memberships import set_memberships
from channels_app.profiles.stream_profiles import delete_stream_profile
from channels_app.tests.lineup_fixtures import make_account, make_streams
from ecm_site.conf import save_settings
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app import engine
from tasks_app.models import JournalEntry, RunStatus
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def profiles() -> list[int]:
    return [ChannelProfile.objects.create(name=name).pk for name in ("Family", "Kids", "Bar")]


def follow(account: Account, group: str = "UK", **chosen: Any) -> StreamGroup:
    found = StreamGroup.objects.get(account=account, name=group)
    change_settings(found.pk, SyncSettings(**chosen), switched_on=True)
    found.refresh_from_db()
    return found


def enabled(name: str) -> set[int]:
    return set(ProfileMembership.objects.filter(channel__name=name).values_list("profile_id", flat=True))


def memberships() -> set[tuple[int, int]]:
    return set(ProfileMembership.objects.values_list("channel_id", "profile_id"))


# --- stored settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param({}, None, id="nothing chosen"),
        pytest.param({"channel_profile_ids": None}, None, id="null"),
        pytest.param({"channel_profile_ids": [2, 5]}, (2, 5), id="numbers"),
        pytest.param({"channel_profile_ids": ["2", 5, "2"]}, (2, 5), id="texts and repeats (trap 24)"),
        pytest.param({"channel_profile_ids": []}, (), id="none of them"),
        pytest.param({"channel_profile_ids": [0]}, None, id="all"),
        pytest.param({"channel_profile_ids": ["x", None, True]}, None, id="no ids at all"),
        pytest.param({"channel_profile_ids": "nonsense"}, None, id="no list"),
        pytest.param({"channel_profile_ids": {"2": 1}}, None, id="an object"),
    ],
)
def test_stored_profile_ids_are_read_whatever_they_look_like(stored: dict[str, Any], expected: tuple[int, ...] | None) -> None:
    assert read_settings(StreamGroup(name="X", sync_settings=stored)).profile_ids == expected


@pytest.mark.parametrize("value", ["", "0", 0, None, True, "9" * 30, -1, [1], 1.5])
def test_stored_ids_that_are_none_count_as_not_set(value: object) -> None:
    read = read_settings(StreamGroup(name="X", sync_settings={"custom_logo_id": value, "stream_profile_id": value}))
    assert (read.logo_id, read.stream_profile_id) == (None, None)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # busy machines draw slowly
@given(
    st.builds(
        SyncSettings,
        logo_id=st.none() | st.integers(1, 10**9),
        stream_profile_id=st.none() | st.integers(1, 10**9),
        profile_ids=st.none() | st.lists(st.integers(1, 10**9), unique=True, max_size=5).map(tuple),
    ),
    st.dictionaries(st.sampled_from(["xc_id", "later", "custom_logo_id"]), st.integers() | st.text("a5<")),
)
def test_what_is_stored_is_read_again_and_unknown_keys_survive(chosen: SyncSettings, stored: dict[str, Any]) -> None:
    after = merged(chosen, stored)
    assert read_settings(StreamGroup(name="X", sync_settings=after)) == chosen
    assert {key: after.get(key) for key in ("xc_id", "later")} == {key: stored.get(key) for key in ("xc_id", "later")}


# --- channel profiles -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "defaults", "expected"),
    [
        pytest.param(None, (), {0, 1, 2}, id="nothing chosen: all profiles"),
        pytest.param(None, (1,), {1}, id="nothing chosen: those that new channels join by the settings"),
        pytest.param((0, 2), (1,), {0, 2}, id="exactly the chosen ones"),
        pytest.param((), (1,), set(), id="none"),
    ],
)
def test_new_channels_join_profiles(
    account: Account, profiles: list[int], chosen: tuple[int, ...] | None, defaults: tuple[int, ...], expected: set[int]
) -> None:
    save_settings(default_channel_profile_ids=tuple(str(profiles[place]) for place in defaults))
    make_streams(["One"], account=account)
    follow(account, profile_ids=None if chosen is None else tuple(profiles[place] for place in chosen))
    outcome = sync_account(account.pk)
    assert enabled("One") == {profiles[place] for place in expected}
    created = JournalEntry.objects.get(batch_id=outcome.batch_id, action_type="create", entity_type="channel")
    assert set((created.after_value or {})["profile_ids"]) == enabled("One")


def test_members_are_brought_in_line_with_exactly_the_chosen_profiles_and_that_can_be_undone(
    account: Account, profiles: list[int]
) -> None:
    family, kids, bar = profiles
    make_streams(["One", "Two", "Three"], account=account)
    follow(account, profile_ids=(family, kids))
    sync_account(account.pk)
    ids = dict(Channel.objects.values_list("name", "pk"))
    set_memberships([ids["One"]], enable=[bar], disable=[kids])
    set_memberships([ids["Two"]], enable=[bar])
    before = memberships()
    outcome = sync_account(account.pk)
    assert (outcome.created, outcome.updated, outcome.deleted) == (0, 2, 0)
    assert all(enabled(name) == {family, kids} for name in ids)
    entries = JournalEntry.objects.filter(batch_id=outcome.batch_id, action_type="profile_change")
    assert {(entry.entity_id, entry.description) for entry in entries} == {
        (kids, "Enabled “One” in the profile “Kids”"),
        (bar, "Disabled 2 channels in the profile “Bar”"),
    }
    assert sync_account(account.pk).changed == 0
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert memberships() == before


def test_where_nothing_is_chosen_members_stay_as_they_are(account: Account, profiles: list[int]) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync_account(account.pk)
    set_memberships([Channel.objects.get().pk], disable=[profiles[1]])
    assert sync_account(account.pk).changed == 0
    assert enabled("One") == {profiles[0], profiles[2]}


def test_other_channels_and_groups_keep_their_profiles(account: Account, profiles: list[int]) -> None:
    family, kids, _ = profiles
    make_streams(["One"], account=account)
    make_streams(["Two"], account=account, group="Kids")
    follow(account, profile_ids=(family,))
    follow(account, "Kids", profile_ids=(kids,))
    mine = Channel.objects.create(name="Mine")
    set_memberships([mine.pk], enable=[kids])
    sync_account(account.pk)
    assert (enabled("One"), enabled("Two"), enabled("Mine")) == ({family}, {kids}, {kids})


def test_hidden_channels_are_brought_in_line_too(account: Account, profiles: list[int]) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync_account(account.pk)
    update_channel(UpdateChannel(Channel.objects.get().pk, {"is_hidden": True}))
    follow(account, profile_ids=(profiles[0],))
    sync_account(account.pk)
    assert enabled("One") == {profiles[0]}


def test_a_profile_that_vanishes_between_plan_and_writing_is_planned_again(
    account: Account, profiles: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    family, kids, _ = profiles
    make_streams(["One"], account=account)
    follow(account, profile_ids=(kids,))
    sync_account(account.pk)
    follow(account, profile_ids=(family, kids))
    set_memberships([Channel.objects.get().pk], disable=[kids])

    def plan_and_delete(situation: Any) -> Any:
        plan = plan_sync(situation)
        ChannelProfile.objects.filter(pk=kids).delete()
        return plan

    monkeypatch.setattr("channels_app.autosync.sync_account.plan_sync", plan_and_delete)
    sync_account(account.pk)
    assert enabled("One") == {family}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_was_switched_a_sync_leaves_exactly_the_chosen_profiles(account: Account, data: st.DataObject) -> None:
    ChannelProfile.objects.all().delete()
    Channel.objects.all().delete()
    Stream.objects.all().delete()
    ids = [ChannelProfile.objects.create(name=f"P{number}").pk for number in range(3)]
    some = st.sets(st.sampled_from(ids))
    chosen = data.draw(some)
    make_streams([f"S{number}" for number in range(4)], account=account)
    follow(account)
    sync_account(account.pk)
    channel_ids = list(Channel.objects.values_list("pk", flat=True))
    for pk in channel_ids:
        wanted = data.draw(some)
        set_memberships([pk], enable=wanted, disable=set(ids) - wanted)
    make_streams(["New"], account=account)
    follow(account, profile_ids=tuple(sorted(chosen)))
    before = memberships()
    outcome = sync_account(account.pk)
    assert all(enabled_of(pk) == chosen for pk in Channel.objects.values_list("pk", flat=True))
    assert sync_account(account.pk).changed == 0
    undo_batch(outcome.batch_id)
    assert memberships() == before


def enabled_of(channel_id: int) -> set[int]:
    return set(ProfileMembership.objects.filter(channel_id=channel_id).values_list("profile_id", flat=True))


# --- stream profile and logo ----------------------------------------------------------------------------------------------


def test_stream_profile_and_logo_are_set_on_new_and_known_channels_and_undone(account: Account) -> None:
    make_streams(["One", "Two"], account=account, logo_url="http://logo.example/own.png")
    follow(account)
    sync_account(account.pk)
    proxy = StreamProfile.objects.create(name="Proxy")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    follow(account, stream_profile_id=proxy.pk, logo_id=logo.pk)
    make_streams(["Three"], account=account)
    outcome = sync_account(account.pk)
    assert (outcome.created, outcome.updated) == (1, 2)
    assert set(Channel.objects.values_list("stream_profile_id", "logo_url")) == {(proxy.pk, logo.url)}
    assert sync_account(account.pk).changed == 0
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert set(Channel.objects.values_list("stream_profile_id", "logo_url")) == {(None, "http://logo.example/own.png")}


def test_what_was_set_by_hand_stays(account: Account) -> None:
    make_streams(["One"], account=account)
    proxy, other = (StreamProfile.objects.create(name=name) for name in ("Proxy", "Other"))
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    follow(account, stream_profile_id=proxy.pk, logo_id=logo.pk)
    sync_account(account.pk)
    channel = Channel.objects.get()
    changes = {"stream_profile_id": other.pk, "logo_url": "http://logo.example/mine.png"}
    update_channel(UpdateChannel(channel.pk, changes))
    assert sync_account(account.pk).changed == 0
    channel.refresh_from_db()
    assert (channel.stream_profile, channel.logo_url) == (other, "http://logo.example/mine.png")
    assert channel.pinned_fields == ["logo_url", "stream_profile_id"]


def test_without_a_chosen_stream_profile_channels_keep_theirs(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync_account(account.pk)
    proxy = StreamProfile.objects.create(name="Proxy")
    Channel.objects.update(stream_profile=proxy)
    assert sync_account(account.pk).changed == 0
    assert Channel.objects.get().stream_profile == proxy


def test_deleting_a_stream_profile_pins_nothing(account: Account) -> None:
    make_streams(["One"], account=account)
    proxy, other = (StreamProfile.objects.create(name=name) for name in ("Proxy", "Other"))
    follow(account, stream_profile_id=proxy.pk)
    sync_account(account.pk)
    delete_stream_profile(proxy.pk)
    assert Channel.objects.get().pinned_fields == []
    follow(account, stream_profile_id=other.pk)
    sync_account(account.pk)
    assert Channel.objects.get().stream_profile == other


def test_a_logo_that_moves_or_goes_takes_the_channels_of_its_groups_along_and_pins_nothing(account: Account) -> None:
    own = "http://logo.example/own.png"
    make_streams(["One"], account=account, logo_url=own)
    make_streams(["Two"], account=account, group="Kids", logo_url="http://logo.example/house.png")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    follow(account, logo_id=logo.pk)
    follow(account, "Kids")
    sync_account(account.pk)
    edit_logo(logo.pk, "House", "http://logo.example/moved.png")
    assert shown_logos() == {
        "One": ("http://logo.example/moved.png", []),
        "Two": ("http://logo.example/moved.png", ["logo_url"]),  # the provider's own must not come back
    }
    assert sync_account(account.pk).changed == 0
    delete_logos([logo.pk])
    sync_account(account.pk)
    assert shown_logos() == {"One": (own, []), "Two": ("", ["logo_url"])}


def shown_logos() -> dict[str, tuple[str, list[str]]]:
    return {name: (logo, pins) for name, logo, pins in Channel.objects.values_list("name", "logo_url", "pinned_fields")}


# --- what is gone ---------------------------------------------------------------------------------------------------------

GONE = {
    "group_id": "The chosen channel group no longer exists: channels go where they would without it.",
    "guide_source_id": "The chosen guide source no longer exists: every source is used.",
    "logo_id": "The chosen logo no longer exists: channels have that of their stream.",
    "stream_profile_id": "The chosen stream profile no longer exists: channels keep what they have.",
    "profile_ids": "The chosen channel profile no longer exists: channels are in none.",
}


@pytest.mark.parametrize("field", GONE)
def test_a_choice_that_was_deleted_is_told_everywhere_and_breaks_nothing(
    admin_client: Client, account: Account, profiles: list[int], field: str
) -> None:
    make_streams(["One"], account=account, logo_url="http://logo.example/own.png")
    group = follow(account, **{field: (4711,) if field == "profile_ids" else 4711})
    assert preview_sync(group, read_settings(group)).warnings == [GONE[field]]
    form = admin_client.get(reverse("channels:auto_sync_group", args=[group.pk]), headers=HTMX)
    assert (form.status_code, GONE[field] in form.content.decode()) == (200, True)
    outcome = sync_account(account.pk)
    assert (outcome.created, outcome.failed, outcome.incomplete) == (1, 0, ["UK"])
    assert sentence(outcome).endswith("The settings of “UK” name something that no longer exists.")
    page = admin_client.get(reverse("channels:auto_sync", args=[account.pk])).content.decode()
    assert GONE[field] in page
    run = engine.run_here(TASK_ID, {"account_ids": [account.pk]})
    assert (run.status, "no longer exists" in run.message) == (RunStatus.COMPLETED, True)
    channel = Channel.objects.get()
    assert (channel.logo_url, channel.stream_profile) == ("http://logo.example/own.png", None)
    assert enabled("One") == (set() if field == "profile_ids" else set(profiles))


def test_deleted_profiles_never_widen_the_choice(account: Account, profiles: list[int]) -> None:
    family, kids, _ = profiles
    make_streams(["One"], account=account)
    group = follow(account, profile_ids=(family, kids))
    ChannelProfile.objects.filter(pk=kids).delete()
    assert preview_sync(group, read_settings(group)).warnings == ["1 of 2 chosen channel profiles no longer exists."]
    sync_account(account.pk)
    assert enabled("One") == {family}
    ChannelProfile.objects.filter(pk=family).delete()
    make_streams(["Two"], account=account)
    sync_account(account.pk)
    assert enabled("Two") == set()
    warnings = preview_sync(group, read_settings(group)).warnings
    assert warnings == ["The chosen channel profiles no longer exist: channels are in none."]


# --- preview, form, journal -----------------------------------------------------------------------------------------------


def test_the_preview_says_row_by_row_what_would_change(account: Account, profiles: list[int]) -> None:
    family, kids, bar = profiles
    make_streams(["One", "Two"], account=account)
    group = follow(account, profile_ids=(family, bar))
    sync_account(account.pk)
    one = Channel.objects.get(name="One").pk
    set_memberships([one], enable=[kids], disable=[family, bar])
    make_streams(["Three"], account=account)
    proxy = StreamProfile.objects.create(name="Proxy")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    wanted = SyncSettings(profile_ids=(kids, bar), stream_profile_id=proxy.pk, logo_id=logo.pk)
    shown = preview_sync(group, wanted)
    both = "stream profile “Proxy”, another logo"
    assert details(shown) == {"One": f"{both}, into “Bar”", "Two": f"{both}, into “Kids”, out of “Family”"}
    assert (shown.created, shown.changed, shown.unchanged) == (1, 2, 0)
    assert shown.new_channels == ["in “Bar”, “Kids”", "stream profile “Proxy”", "logo “House”"]
    change_settings(group.pk, wanted, switched_on=True)
    outcome = sync_account(account.pk)
    assert (outcome.created, outcome.updated) == (shown.created, shown.changed)


def test_members_alone_are_changes_too(account: Account, profiles: list[int]) -> None:
    make_streams(["One", "Two"], account=account)
    group = follow(account, profile_ids=tuple(profiles))
    sync_account(account.pk)
    shown = preview_sync(group, SyncSettings(profile_ids=()))
    assert (shown.changed, shown.unchanged) == (2, 0)
    assert details(shown) == dict.fromkeys(("One", "Two"), "out of “Bar”, “Family”, “Kids”")
    assert preview_sync(group, SyncSettings(profile_ids=tuple(profiles))).unchanged == 2


def details(shown: Preview) -> dict[str, str]:
    return {line.name: line.detail for line in shown.changes}


def typed(**values: Any) -> dict[str, Any]:
    return {"switched_on": "on", "numbering": "fixed", "sort_order": "provider", "fallback": "1"} | values


@pytest.fixture
def group(account: Account, monkeypatch: pytest.MonkeyPatch) -> StreamGroup:
    monkeypatch.setattr("channels_app.views.auto_sync_group.request_sync", lambda _: None)
    make_streams(["One"], account=account)
    return StreamGroup.objects.get()


def test_the_form_stores_them_shows_them_again_and_the_journal_tells_and_undoes(
    admin_client: Client, group: StreamGroup, profiles: list[int]
) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    url = reverse("channels:auto_sync_group", args=[group.pk])
    values = typed(
        logo="house", stream_profile=str(proxy.pk), profiles="only", profile_ids=[str(profiles[2]), str(profiles[0])]
    )
    assert admin_client.post(url, values, headers=HTMX).status_code == 204
    group.refresh_from_db()
    assert group.sync_settings == {
        "custom_logo_id": logo.pk,
        "stream_profile_id": proxy.pk,
        "channel_profile_ids": [profiles[2], profiles[0]],
    }
    page = admin_client.get(url).content.decode()
    assert 'value="House"' in page
    assert f'<option value="{proxy.pk}" selected>Proxy</option>' in page
    assert page.count('name="profile_ids"') == 3
    assert page.count("checked") == 3  # two profiles, and the switch
    entry = JournalEntry.objects.get(entity_type="stream_group_sync")
    assert "settings (logo, stream profile, channel profiles)" in entry.description
    assert undo_entry(entry).undone == 1
    group.refresh_from_db()
    assert group.sync_settings == {}


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"logo": "No such"}, "logo", "The library has no logo of this name or address."),
        ({"logo": "Twice"}, "logo", "Several logos have this name."),
        ({"stream_profile": "4711"}, "stream_profile", "This is no longer there. Choose something else."),
        ({"profiles": "only"}, "profile_ids", "Tick at least one profile"),
        ({"profiles": "only", "profile_ids": ["4711"]}, "profile_ids", "One of these profiles no longer exists."),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    admin_client: Client, group: StreamGroup, profiles: list[int], values: dict[str, Any], field: str, told: str
) -> None:
    for address in ("http://logo.example/1.png", "http://logo.example/2.png"):
        Logo.objects.create(name="Twice", url=address)
    for name, status in (("auto_sync_group", 422), ("auto_sync_preview", 200)):
        answer = admin_client.post(reverse(f"channels:{name}", args=[group.pk]), typed(**values), headers=HTMX)
        assert answer.status_code == status
        text = answer.content.decode()
        assert told in text[text.index(f'id="auto-sync-error-{field}"') :][:300]
    group.refresh_from_db()
    assert group.auto_channel_sync is False


def test_logos_are_offered_by_name_or_by_address_where_names_repeat(admin_client: Client, group: StreamGroup) -> None:
    hostile = '"><script>alert(1)</script>'
    Logo.objects.create(name=hostile, url="http://logo.example/h.png")
    for address in ("http://logo.example/1.png", "http://logo.example/2.png"):
        Logo.objects.create(name="Twice", url=address)
    url = reverse("channels:auto_sync_logos", args=[group.pk])
    text = admin_client.get(url, headers=HTMX).content.decode()
    assert "<script>" not in text
    assert 'data-sync-choice="http://logo.example/1.png"' in text
    assert "3 logos" in text
    assert "No logo matches" in admin_client.get(url, {"logo_find": "zzz\x00"}, headers=HTMX).content.decode()
    saved = admin_client.post(reverse("channels:auto_sync_group", args=[group.pk]), typed(logo=hostile), headers=HTMX)
    assert saved.status_code == 204
    page = admin_client.get(reverse("channels:auto_sync", args=[group.account_id])).content.decode()
    assert "<script>alert" not in page
    assert "logo “&quot;&gt;&lt;script&gt;" in page


def test_the_overview_names_what_was_chosen(
    admin_client: Client, account: Account, profiles: list[int], django_assert_max_num_queries: Any
) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")
    chosen = {"profile_ids": (profiles[0],), "stream_profile_id": proxy.pk, "logo_id": logo.pk}
    make_streams(["One"], account=account)
    follow(account, **chosen)
    url = reverse("channels:auto_sync", args=[account.pk])
    with django_assert_max_num_queries(60) as few:
        page = admin_client.get(url).content.decode()
    assert "logo “House”, stream profile “Proxy”, in “Family”" in page
    for number in range(15):
        make_streams(["X"], account=account, group=f"More {number}")
        follow(account, f"More {number}", **chosen)
    with django_assert_max_num_queries(len(few.captured_queries)):
        admin_client.get(url)


def test_queries_grow_neither_with_channels_nor_with_groups(
    account: Account, profiles: list[int], django_assert_max_num_queries: Any
) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    logo = Logo.objects.create(name="House", url="http://logo.example/house.png")

    def grow(names: Iterable[str]) -> None:
        for name in names:
            make_streams([f"{name} {number}" for number in range(5)], account=account, group=name)
            ChannelGroup.objects.create(name=name)  # making one costs queries of its own
            follow(account, name, profile_ids=(profiles[0],), stream_profile_id=proxy.pk, logo_id=logo.pk)

    def switch_all() -> None:
        ids = list(Channel.objects.values_list("pk", flat=True))
        set_memberships(ids, enable=profiles[1:], disable=profiles[:1])

    grow(["A"])
    with django_assert_max_num_queries(60) as making:
        assert sync_account(account.pk).created == 5
    switch_all()
    with django_assert_max_num_queries(80) as few:
        assert sync_account(account.pk).updated == 5
    grow(f"G{number}" for number in range(10))
    with django_assert_max_num_queries(len(making.captured_queries) + 2):  # the known members are read now
        assert sync_account(account.pk).created == 50
    switch_all()
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert sync_account(account.pk).updated == 55
