"""Fields set by hand are released to auto-sync again: of one channel, of a selection, in drafts, with a look at what comes."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.preview_release import NOT_FOLLOWED, REMOVED, STAYS, next_values, preview_release
from channels_app.autosync.settings import SyncSettings
from channels_app.autosync.sync_account import sync_account
from channels_app.commands import UpdateChannel
from channels_app.drafts.marks import CHANGED, row_marks
from channels_app.drafts.summary import change_lines, summarise
from channels_app.drafts.switching import working_in
from channels_app.edit_channels import update_channel
from channels_app.errors import EditRefused
from channels_app.models import AccountSync, Channel, ChannelGroup, StreamProfile
from channels_app.release_pins import ReleasePins, pinned_counts, release_pins
from channels_app.tests.commit_fixtures import applied, net, new_draft, stage
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_group, make_streams, numbers_of
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app.mirror.state import mirror_state
from tasks_app.models import JournalEntry, MirrorState
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_streams(["One", "Two", "Three"], account=account)
    change_settings(StreamGroup.objects.get().pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(account.pk)
    return account


def channel(name: str) -> Channel:
    return Channel.objects.get(name=name)


def edit(name: str, /, **changes: object) -> Channel:
    found = channel(name)
    update_channel(UpdateChannel(found.pk, changes), rename_with_number=False)
    found.refresh_from_db()
    return found


def pins(pk: int) -> list[str]:
    return Channel.objects.get(pk=pk).pinned_fields


# --- the use case ---------------------------------------------------------------------------------------------------------


def test_one_field_is_released_the_value_stays_and_the_next_sync_writes_it(account: Account) -> None:
    one = edit("One", name="My One", number="77")
    outcome = release_pins(ReleasePins((one.pk,), frozenset({"name"})))
    assert outcome.message == "Released to auto-sync on “My One”: name."
    assert (pins(one.pk), channel("My One").number) == (["number"], 77)
    sync_account(account.pk)
    one.refresh_from_db()
    assert (one.name, one.number) == ("One", 77)
    entry = JournalEntry.objects.get(pk=outcome.entry_id)
    assert (entry.before_value, entry.after_value) == ({"pinned": ["name", "number"]}, {"pinned": ["number"]})
    assert undo_entry(entry).undone == 1
    assert pins(one.pk) == ["name", "number"]


def test_all_fields_of_many_are_one_operation_that_can_be_undone(account: Account) -> None:
    one, two = edit("One", name="A", tvg_id="x"), edit("Two", number="50")
    other = make_channel("Mine", "1")
    outcome = release_pins(ReleasePins((one.pk, two.pk, channel("Three").pk, other.pk, 4711)))
    assert (outcome.channel_ids, outcome.message) == ([one.pk, two.pk], "Released what was set by hand on 2 channels.")
    assert (pins(one.pk), pins(two.pk)) == ([], [])
    assert undo_batch(outcome.batch_id).conflict_count == 0
    assert (pins(one.pk), pins(two.pk)) == (["name", "tvg_id"], ["number"])


def test_undo_keeps_what_was_set_by_hand_since(account: Account) -> None:
    one = edit("One", name="A")
    outcome = release_pins(ReleasePins((one.pk,)))
    edit("A", tvg_id="x")
    assert undo_entry(JournalEntry.objects.get(pk=outcome.entry_id)).undone == 1
    assert pins(one.pk) == ["name", "tvg_id"]


def test_nothing_to_release_is_no_change(account: Account) -> None:
    count = JournalEntry.objects.count()
    outcome = release_pins(ReleasePins((channel("One").pk,), frozenset({"name"})))
    assert (outcome.changed, outcome.message) == (False, "Nothing to release: none of these fields was set by hand.")
    assert JournalEntry.objects.count() == count


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(EditRefused, match="is no field that auto-sync sets"):
        release_pins(ReleasePins((1,), frozenset({"is_hidden"})))


def test_counts_by_field_come_in_the_order_of_the_fields(account: Account) -> None:
    edit("One", tvg_id="x", name="A")
    edit("Two", name="B")
    assert list(pinned_counts(list(Channel.objects.values_list("pk", flat=True))).items()) == [("name", 2), ("tvg_id", 1)]


# --- what the next sync would write ---------------------------------------------------------------------------------------


def test_the_preview_is_what_the_next_sync_does(account: Account) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    group = StreamGroup.objects.get()
    change_settings(group.pk, SyncSettings(start=Decimal(10), stream_profile_id=proxy.pk), switched_on=True)
    sync_account(account.pk)
    other = make_group("Elsewhere")
    one = edit("One", name="My One", number="77", group_id=other.pk, tvg_id="mine", stream_profile_id=None, no_epg=True)
    sync_account(account.pk)  # the two others move up
    shown = preview_release((one.pk,))
    assert [(line.number, line.name, line.detail) for line in shown.lines] == [
        ("77", "My One", "number 10, name “One”, group “UK”, stream profile “Proxy”, TVG-ID none, with a guide")
    ]
    assert (shown.total, shown.changing, shown.others) == (1, 1, 2)  # which move down again
    before = dict(Channel.objects.values_list("pk", "number"))
    release_pins(ReleasePins((one.pk,)))
    assert sync_account(account.pk).updated == shown.changing + shown.others
    one.refresh_from_db()
    assert (one.name, one.number, one.tvg_id, one.stream_profile, one.no_epg) == ("One", 10, "", proxy, False)
    assert one.group is not None
    assert one.group.name == "UK"
    assert before != dict(Channel.objects.values_list("pk", "number"))


def test_only_the_chosen_fields_are_released_in_the_preview(account: Account) -> None:
    one = edit("One", name="My One", tvg_id="mine")
    assert [line.detail for line in preview_release((one.pk,), frozenset({"tvg_id"})).lines] == ["TVG-ID none"]
    assert preview_release((one.pk,), frozenset({"number"})).total == 0
    assert next_values(one.pk) == {"name": "“One”", "tvg_id": "none"}
    assert next_values(make_channel("Mine").pk) == {}


def test_what_a_pending_sync_does_anyway_is_not_counted(account: Account) -> None:
    one = edit("One", name="My One")
    Stream.objects.filter(name="Two").update(name="Zwei")
    shown = preview_release((one.pk, channel("Two").pk))
    assert (shown.total, shown.changing, shown.others) == (1, 1, 0)


def test_a_value_that_is_the_same_stays(account: Account) -> None:
    one = edit("One", name="A")
    edit("A", name="One")
    assert [line.detail for line in preview_release((one.pk,)).lines] == [STAYS]


def test_channels_of_groups_that_do_not_follow_stay(account: Account) -> None:
    one = edit("One", name="A")
    change_settings(StreamGroup.objects.get().pk, SyncSettings(), switched_on=False)
    assert [line.detail for line in preview_release((one.pk,)).lines] == [NOT_FOLLOWED]


def test_what_only_stays_because_it_was_changed_would_go(account: Account) -> None:
    AccountSync.objects.filter(account=account).update(leftovers="preserve_customized")
    one = edit("One", name="A")
    Stream.objects.filter(name="One").update(is_stale=True)
    shown = preview_release((one.pk,))
    assert (shown.removing, [line.detail for line in shown.lines]) == (1, [REMOVED])
    release_pins(ReleasePins((one.pk,)))
    assert sync_account(account.pk).deleted == 1


def test_a_stored_pattern_that_is_none_is_told(account: Account) -> None:
    one = edit("One", name="A")
    StreamGroup.objects.update(sync_settings={"name_match_regex": "("})
    shown = preview_release((one.pk,))
    assert "“Acme” cannot be synchronised" in shown.problems[0]
    assert [line.detail for line in shown.lines] == [STAYS]
    assert next_values(one.pk) == {}


def test_channels_of_several_accounts_and_of_none(account: Account) -> None:
    beta = make_account("Beta")
    make_streams(["B"], account=beta, group="Other")
    change_settings(StreamGroup.objects.get(account=beta).pk, SyncSettings(start=Decimal(500)), switched_on=True)
    sync_account(beta.pk)
    one, other, orphan = edit("One", name="A"), edit("B", name="Bee"), edit("Two", name="C")
    Channel.objects.filter(pk=orphan.pk).update(auto_created_by=None)
    shown = preview_release((orphan.pk, other.pk, one.pk))
    assert [(line.name, line.detail) for line in shown.lines] == [
        ("C", "stays as it is: the account that it was made for is gone"),
        ("Bee", "name “B”"),
        ("A", "name “One”"),
    ]


def test_queries_do_not_grow_with_channels(account: Account, django_assert_max_num_queries: Any) -> None:
    def pin_all() -> tuple[int, ...]:
        ids = tuple(Channel.objects.values_list("pk", flat=True))
        Channel.objects.update(pinned_fields=["name", "number", "tvg_id"], name="Mine", tvg_id="mine")
        return ids

    ids = pin_all()
    with django_assert_max_num_queries(40) as looking:
        preview_release(ids)
    with django_assert_max_num_queries(20) as releasing:
        release_pins(ReleasePins(ids))
    make_streams([f"S{number}" for number in range(30)], account=account)
    sync_account(account.pk)
    ids = pin_all()
    with django_assert_max_num_queries(len(looking.captured_queries)):
        assert preview_release(ids).changing == 33
    with django_assert_max_num_queries(len(releasing.captured_queries)):
        assert len(release_pins(ReleasePins(ids)).channel_ids) == 33


# --- pages ----------------------------------------------------------------------------------------------------------------


def test_the_dialog_shows_then_releases_a_selection(admin_client: Client, account: Account) -> None:
    one, two = edit("One", name="<b>A</b>", number="77"), edit("Two", name="B")
    url = reverse("channels:release_pins")
    page = admin_client.get(url, {"channel": f"{one.pk},{two.pk}"}).content.decode()
    assert "&lt;b&gt;A&lt;/b&gt;" in page
    assert "<b>A</b>" not in page
    assert "the next sync would then change" in page
    shown = admin_client.post(url, {"channel": f"{one.pk},{two.pk}", "chosen": "1", "field": "number"}, headers=HTMX)
    assert "number 10" in shown.content.decode()
    assert pins(one.pk) == ["name", "number"]  # looking is no deed
    values = {"channel": f"{one.pk},{two.pk}", "chosen": "1", "confirmed": "1"}
    none = admin_client.post(url, values, headers=HTMX)
    assert (none.status_code, "Tick at least one field." in none.content.decode()) == (422, True)
    answer = admin_client.post(url, {**values, "field": ["name", "number"]}, headers=HTMX)
    assert answer.status_code == 204
    assert "Released what was set by hand on 2 channels." in answer.headers["HX-Trigger"]
    assert (pins(one.pk), pins(two.pk)) == ([], [])
    nothing = admin_client.get(url, {"channel": str(one.pk)}, headers=HTMX).content.decode()
    assert "there is nothing to release" in nothing


def test_all_that_match_are_counted_again(admin_client: Client, account: Account) -> None:
    edit("One", name="A")
    url = reverse("channels:release_pins")
    values = {"all": "1", "matching": "", "confirmed_count": "3", "chosen": "1", "field": "name", "confirmed": "1"}
    make_channel("Another")
    answer = admin_client.post(url, values, headers=HTMX)
    assert "You confirmed 3 channels, now it is 4." in answer.headers["HX-Trigger"]
    assert channel("A").pinned_fields == ["name"]
    admin_client.post(url, {**values, "confirmed_count": "4"}, headers=HTMX)
    assert channel("A").pinned_fields == []


@pytest.mark.parametrize("field", ["is_hidden", "<script>", "pinned_fields"])
def test_a_field_that_is_none_is_refused_in_words(admin_client: Client, account: Account, field: str) -> None:
    one = edit("One", name="A")
    for answer in (
        admin_client.post(
            reverse("channels:release_pins"), {"channel": one.pk, "field": field, "confirmed": "1"}, headers=HTMX
        ),
        admin_client.post(reverse("channels:channel_pins", args=[one.pk]), {"field": field}, headers=HTMX),
    ):
        assert "is no field that auto-sync sets" in answer.headers["HX-Trigger"]
    assert pins(one.pk) == ["name"]


def test_the_dialog_of_a_channel_lists_and_releases_them(admin_client: Client, account: Account) -> None:
    one = edit("One", name="My One", number="77")
    dialog = admin_client.get(reverse("channels:edit", args=[one.pk]), headers=HTMX).content.decode()
    assert "Set by hand: auto-sync leaves these alone" in dialog
    url = reverse("channels:channel_pins", args=[one.pk])
    part = admin_client.get(url, headers=HTMX).content.decode()
    assert "→ “One”" in part
    assert "→ 10" in part
    answer = admin_client.post(url, {"field": "name"}, headers=HTMX)
    assert "/undo/" in answer.headers["HX-Trigger"]
    assert 'aria-label="Release number" autofocus' in answer.content.decode()
    assert pins(one.pk) == ["number"]
    answer = admin_client.post(url, {}, headers=HTMX)
    assert "Auto-sync sets everything on this channel." in answer.content.decode()
    assert pins(one.pk) == []
    assert "Set by hand" not in admin_client.get(reverse("channels:edit", args=[one.pk]), headers=HTMX).content.decode()
    assert admin_client.get(reverse("channels:channel_pins", args=[4711]), headers=HTMX).status_code == 404
    assert admin_client.get(url).status_code == 302


def test_the_dialog_of_other_channels_says_nothing_of_it(admin_client: Client) -> None:
    mine = make_channel("Mine")
    assert "Set by hand" not in admin_client.get(reverse("channels:edit", args=[mine.pk]), headers=HTMX).content.decode()


def test_while_a_server_is_mirrored_the_pages_say_who_keeps_them(admin_client: Client, account: Account) -> None:
    one = edit("One", name="A")
    mirror_state()
    MirrorState.objects.update(connected=True)
    url = reverse("channels:release_pins")
    assert "clear the override in Dispatcharr" in admin_client.get(url, {"channel": one.pk}).content.decode()
    values = {"channel": one.pk, "field": "name", "chosen": "1", "confirmed": "1"}
    assert "clear the override" in admin_client.post(url, values, headers=HTMX).headers["HX-Trigger"]
    assert "Set by hand" not in admin_client.get(reverse("channels:edit", args=[one.pk]), headers=HTMX).content.decode()
    assert "Release it" not in admin_client.get(reverse("channels:auto_sync", args=[account.pk])).content.decode()
    assert pins(one.pk) == ["name"]


# --- drafts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_in_a_draft_it_is_staged_previewed_applied_and_undone() -> None:
    account = make_account()
    make_streams(["One", "Two"], account=account)
    change_settings(StreamGroup.objects.get().pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(account.pk)
    one, two = edit("One", name="A"), channel("Two")
    draft = new_draft()
    stage(draft, lambda: update_channel(UpdateChannel(two.pk, {"name": "B"})))
    with working_in(draft):
        assert [line.detail for line in preview_release((one.pk, two.pk)).lines] == ["name “One”", "name “Two”"]
    stage(draft, lambda: release_pins(ReleasePins((one.pk,))))
    changes = net(draft)
    assert (pins(one.pk), set(changes)) == (["name"], {("channel", one.pk), ("channel", two.pk)})
    released = changes["channel", one.pk]
    (line,) = change_lines([released], changes.values())
    assert [(value.label, value.old, value.new) for value in line.lines] == [("set by hand", "name", "released to auto-sync")]
    assert [(line.label, line.count) for line in summarise(changes.values())] == [
        ("Channel name changes", 1),
        ("Channels with fields released to auto-sync", 1),
    ]
    with working_in(draft):
        assert row_marks([one.pk, two.pk]) == dict.fromkeys([one.pk, two.pk], CHANGED)
    done = applied(draft)
    assert (done.failed_count, pins(one.pk), pins(two.pk)) == (0, [], ["name"])
    entry = JournalEntry.objects.get(batch_id=done.batch_id, entity_type="channel", entity_id=one.pk)
    assert entry.description == "Changed how auto-sync treats “A”"
    assert undo_batch(done.batch_id).conflicts == []
    assert (pins(one.pk), pins(two.pk)) == (["name"], [])
    assert numbers_of(ChannelGroup.objects.get()) == {"A": "10", "Two": "11"}
