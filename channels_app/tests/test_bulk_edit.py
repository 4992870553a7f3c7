"""Many fields of many channels in one step: what each choice does, what is refused, what is told."""

from decimal import Decimal
from typing import Any

import pytest

from channels_app.bulk_editing.carry_out import bulk_edit
from channels_app.bulk_editing.command import BulkEdit
from channels_app.bulk_editing.plan import plan_bulk_edit
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ProfileMembership, StreamProfile
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_entry, make_group, make_streams
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


def renamed(name: str, **wishes: Any) -> str:
    """The name that an edit of one channel leads to; the plan must say the same as the result."""
    channel = make_channel(name)
    plan = plan_bulk_edit(BulkEdit(**wishes), [channel.pk])
    bulk_edit(BulkEdit(**wishes), [channel.pk])
    channel.refresh_from_db()
    planned = plan.changes[0].after.get("name", name) if plan.changes else name
    assert planned == channel.name
    return channel.name


@pytest.mark.parametrize(
    ("name", "wishes", "expected"),
    [
        ("BBC One", {"front": "UK: "}, "UK: BBC One"),
        ("BBC One", {"behind": " HD"}, "BBC One HD"),
        ("BBC One FHD", {"find": " fhd"}, "BBC One"),
        ("BBC One FHD", {"find": " fhd", "match_case": True}, "BBC One FHD"),
        ("A.B", {"find": ".", "replacement": "$1"}, "A$1B"),  # plain text, no pattern and no group
        ("a.b", {"find": "B", "replacement": "x"}, "a.x"),
        ("ÄRD", {"find": "ärd", "replacement": "ARD"}, "ARD"),
        ("ESPN 2 HD", {"find": r"^(\w+) (\d)", "replacement": "$2 $1", "is_pattern": True}, "2 ESPN HD"),
        ("espn", {"find": "(?P<x>ESPN)", "replacement": r"[\g<x>]", "is_pattern": True}, "[espn]"),
        ("Fox HD", {"find": r"(?<=Fox) HD", "is_pattern": True}, "Fox"),  # runs on the engine with the time limit
        ("bbc one", {"letters": "upper"}, "BBC ONE"),
        ("BBC ONE", {"letters": "lower"}, "bbc one"),
        ("KID'S o’clock élan 4k", {"letters": "title"}, "Kid's O’clock Élan 4K"),
        ("A  B \t C", {"tidy": True}, "A B C"),
        ("x a", {"find": "x", "replacement": "y", "letters": "upper", "tidy": True, "front": "z ", "behind": "!"}, "z Y A!"),
    ],
)
def test_names(name: str, wishes: dict[str, Any], expected: str) -> None:
    assert renamed(name, **wishes) == expected


def test_a_name_that_would_be_empty_or_too_long_is_refused_and_its_channel_left_alone() -> None:
    gone, long, fine = make_channel("HD", "1"), make_channel("x" * 510 + "HD", "2"), make_channel("Sky HD", "3")
    command = BulkEdit(find="HD", replacement="", hidden="on")
    plan = plan_bulk_edit(command, [gone.pk, long.pk, fine.pk])
    assert [(row.name, row.sentence) for row in plan.refused] == [("HD", "The name would be empty.")]
    assert (plan.changed, plan.unchanged, len(plan.refused)) == (2, 0, 1)
    outcome = bulk_edit(BulkEdit(behind="!!!", find="^HD$", is_pattern=True, hidden="on"), [gone.pk, long.pk, fine.pk])
    assert outcome.message == "Changed 2 channels."
    assert outcome.warnings == [f"“{'x' * 60}” stayed as it is. The name would be too long: 515 characters."]
    long.refresh_from_db()
    assert (len(long.name), long.is_hidden) == (512, False)
    assert Channel.objects.get(pk=gone.pk).name == "!!!"


@pytest.mark.parametrize(
    ("wishes", "field", "says"),
    [
        ({"find": "(", "is_pattern": True}, "find", "no valid pattern"),
        ({"find": "x", "replacement": "$2", "is_pattern": True}, "replacement", "has none such"),
        ({"replacement": "x", "front": "y"}, "find", "Type what"),
        ({"front": "x" * 513}, "front", "at most 512"),
        ({"group": "set"}, "group_value", "Choose a group"),
        ({"group": "set", "group_value": "x" * 256}, "group_value", "too long"),
        ({"number": "start"}, "number_value", "first number"),
        ({"number": "start", "number_value": "0"}, "number_value", "at least 1"),
        ({"number": "start", "number_value": "abc"}, "number_value", "not a number"),
        ({"number": "shift", "number_value": "0"}, "number_value", "by how much"),
        ({"number": "shift", "number_value": "1e5"}, "number_value", "not a number"),
        ({"tvg_id": "set"}, "tvg_id_value", "choose to clear"),
        ({"tvg_id": "set", "tvg_id_value": "{nam}"}, "tvg_id_value", "There is no {nam}. Use {name}"),
        ({"gracenote_id": "set", "gracenote_id_value": " "}, "gracenote_id_value", "choose to clear"),
        ({"logo": "set", "logo_value": "javascript:x"}, "logo_value", "http://"),
        ({"logo": "set"}, "logo_value", "choose to clear"),
        ({"stream_profile": "77"}, "stream_profile", "no longer exists"),
        ({"enable": (77,)}, "profiles", "no longer exists"),
        ({"enable": (77,), "disable": (77,)}, "profiles", "at once"),
        ({"hidden": "perhaps"}, "hidden", "one of the list"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(wishes: dict[str, Any], field: str, says: str) -> None:
    channel = make_channel("A")
    with pytest.raises(EditRefused) as refused:
        plan_bulk_edit(BulkEdit(**wishes), [channel.pk])
    assert says in refused.value.problems[field]


def test_every_wrong_field_is_named_at_once() -> None:
    channel = make_channel("A")
    with pytest.raises(EditRefused) as refused:
        plan_bulk_edit(BulkEdit(find="(", is_pattern=True, number="start", logo="set", tvg_id="set"), [channel.pk])
    assert set(refused.value.problems) == {"find", "number_value", "logo_value", "tvg_id_value"}


def test_an_edit_without_a_wish_or_without_channels_is_refused() -> None:
    with pytest.raises(EditRefused, match="Choose what to change"):
        bulk_edit(BulkEdit(), [make_channel("A").pk])
    with pytest.raises(NotThere):
        bulk_edit(BulkEdit(hidden="on"), [12345])


def test_groups_are_set_by_name_made_when_new_and_cleared() -> None:
    news = make_group("News")
    a, b = make_channel("A", "1"), make_channel("B", "2", group=news)
    outcome = bulk_edit(BulkEdit(group="set", group_value=" news "), [a.pk, b.pk])
    assert outcome.channel_ids == [a.pk]
    outcome = bulk_edit(BulkEdit(group="set", group_value="Kids"), [a.pk, b.pk])
    kids = ChannelGroup.objects.get(name="Kids")
    assert set(Channel.objects.values_list("group_id", flat=True)) == {kids.pk}
    undo_batch(outcome.batch_id)
    assert not ChannelGroup.objects.filter(name="Kids").exists()  # made by the edit, so gone with it
    assert set(Channel.objects.values_list("group_id", flat=True)) == {news.pk}
    bulk_edit(BulkEdit(group="none"), [a.pk, b.pk])
    assert set(Channel.objects.values_list("group_id", flat=True)) == {None}


def test_a_new_group_is_not_made_when_no_channel_would_go_there() -> None:
    channel = make_channel("HD")
    bulk_edit(BulkEdit(find="HD", group="set", group_value="Kids"), [channel.pk])
    assert not ChannelGroup.objects.exists()


def test_numbers_count_up_in_the_order_given_shift_and_go() -> None:
    a, b, c = make_channel("A"), make_channel("5 | B", "5"), make_channel("C", "9.5")
    bulk_edit(BulkEdit(number="start", number_value="38.1", update_names=True), [c.pk, a.pk, b.pk])
    numbers = dict(Channel.objects.values_list("name", "number"))
    assert numbers == {"C": Decimal("38.1"), "A": Decimal("38.2"), "38.3 | B": Decimal("38.3")}
    bulk_edit(BulkEdit(number="shift", number_value="-8"), [a.pk, b.pk, c.pk])
    assert dict(Channel.objects.values_list("name", "number")) == {
        "C": Decimal("30.1"),
        "A": Decimal("30.2"),
        "38.3 | B": Decimal("30.3"),
    }
    plan = plan_bulk_edit(BulkEdit(number="shift", number_value="−30.2"), [a.pk, b.pk, c.pk])
    assert [(row.name, row.sentence) for row in plan.refused] == [("C", "The number would be -0.1.")]
    bulk_edit(BulkEdit(number="clear"), [a.pk, b.pk, c.pk])
    assert set(Channel.objects.values_list("number", flat=True)) == {None}
    assert bulk_edit(BulkEdit(number="shift", number_value="+5"), [a.pk]).message == "These channels are like that already."


def test_names_refused_take_no_number() -> None:
    a, b, c = make_channel("A"), make_channel("HD"), make_channel("C")
    bulk_edit(BulkEdit(find="HD", number="start", number_value="1"), [a.pk, b.pk, c.pk])
    assert dict(Channel.objects.values_list("name", "number")) == {"A": 1, "HD": None, "C": 2}


def test_numbers_used_twice_are_reported_with_their_channels() -> None:
    make_channel("Other", "12")
    swap_a, swap_b = make_channel("A", "1"), make_channel("B", "11")
    plan = plan_bulk_edit(BulkEdit(number="shift", number_value="10"), [swap_a.pk])
    assert [str(item) for item in plan.duplicates] == ["11 is shared by “B”, “A”"]
    plan = plan_bulk_edit(BulkEdit(number="shift", number_value="1", front="x"), [swap_a.pk, swap_b.pk])
    assert [str(item) for item in plan.duplicates] == ["12 is shared by “Other”, “xB”"]
    plan = plan_bulk_edit(BulkEdit(number="start", number_value="10"), [swap_b.pk, swap_a.pk])
    assert plan.duplicates == []  # 11 is left by the one that had it
    plan = plan_bulk_edit(BulkEdit(front="x"), [swap_a.pk])
    assert plan.duplicates == []  # only numbers that are given out are looked at


def test_a_number_beyond_the_largest_is_refused() -> None:
    channel = make_channel("A", "99999999")
    plan = plan_bulk_edit(BulkEdit(number="shift", number_value="5"), [channel.pk])
    assert [row.sentence for row in plan.refused] == ["The number would be too large."]
    with pytest.raises(EditRefused, match="do not fit"):
        plan_bulk_edit(BulkEdit(number="start", number_value="99999999"), [channel.pk, make_channel("B").pk])


def test_ids_are_put_together_from_what_the_channel_becomes() -> None:
    group = make_group("News")
    channel = make_channel("BBC One HD", "101", group=group, tvg_id="old", gracenote_id="77")
    ids = {"tvg_id": "set", "tvg_id_value": "{compact}.{group}.{number}.uk"}
    bulk_edit(BulkEdit(find=" HD", gracenote_id="set", gracenote_id_value="g{gracenote_id}", **ids), [channel.pk])
    channel.refresh_from_db()
    assert (channel.name, channel.tvg_id, channel.gracenote_id) == ("BBC One", "BBCOne.News.101.uk", "g77")
    bulk_edit(BulkEdit(tvg_id="clear", gracenote_id="clear"), [channel.pk])
    channel.refresh_from_db()
    assert (channel.tvg_id, channel.gracenote_id) == ("", "")
    plan = plan_bulk_edit(BulkEdit(tvg_id="set", tvg_id_value="{tvg_id}"), [channel.pk])
    assert [row.sentence for row in plan.refused] == ["The TVG-ID would be empty."]
    plan = plan_bulk_edit(BulkEdit(tvg_id="set", tvg_id_value="{name}" * 40), [channel.pk])
    assert [row.sentence for row in plan.refused] == ["The TVG-ID would be too long: 280 characters."]


def test_guide_entries_are_found_by_the_new_id_and_locks_are_kept() -> None:
    entry = make_entry("One.uk")
    free = make_channel("One", no_epg=True)
    locked = make_channel("One", epg_locked=True)
    without = make_channel("Two")
    ids = [free.pk, locked.pk, without.pk]
    command = BulkEdit(tvg_id="set", tvg_id_value="{name}.UK", guide="tvg_id")
    outcome = bulk_edit(command, ids)
    assert outcome.warnings == [
        "1 channel keeps its guide entry: no guide has the TVG-ID.",
        "1 channel keeps its guide entry: it is locked against automatic matching.",
    ]
    free.refresh_from_db()
    locked.refresh_from_db()
    assert (free.guide_entry_id, free.no_epg) == (entry.pk, False)
    assert (locked.guide_entry_id, locked.tvg_id) == (None, "One.UK")
    bulk_edit(BulkEdit(guide="tvg_id", lock="off"), [locked.pk])
    locked.refresh_from_db()
    assert (locked.guide_entry_id, locked.epg_locked) == (entry.pk, False)
    bulk_edit(BulkEdit(guide="none"), [locked.pk])
    bulk_edit(BulkEdit(guide="clear"), [free.pk])
    free.refresh_from_db()
    locked.refresh_from_db()
    assert [(item.guide_entry_id, item.no_epg) for item in (free, locked)] == [(None, False), (None, True)]


def test_a_new_id_links_only_channels_that_wait_for_a_guide() -> None:
    entry, kept = make_entry("A.uk"), make_entry("kept")
    waiting, has, unwanted = make_channel("A"), make_channel("A", guide_entry=kept), make_channel("A", no_epg=True)
    bulk_edit(BulkEdit(tvg_id="set", tvg_id_value="a.uk"), [waiting.pk, has.pk, unwanted.pk])
    found = dict(Channel.objects.values_list("pk", "guide_entry_id"))
    assert found == {waiting.pk: entry.pk, has.pk: kept.pk, unwanted.pk: None}


def test_logos_are_set_cleared_and_taken_from_the_first_stream_that_has_a_usable_one() -> None:
    bad, none, first, second = make_streams(["bad", "none", "first", "second"])
    for stream, logo in ((bad, "file:///x.png"), (first, "HTTPS://x.example/1.png"), (second, "http://x.example/2.png")):
        stream.logo_url = logo
        stream.save()
    many = make_channel("A", streams=[bad, none, first, second], logo_url="http://x.example/old.png")
    reverse = make_channel("B", streams=[second, first])
    bare = make_channel("C", streams=[none], logo_url="http://x.example/kept.png")
    outcome = bulk_edit(BulkEdit(logo="stream"), [many.pk, reverse.pk, bare.pk])
    logos = dict(Channel.objects.values_list("name", "logo_url"))
    assert logos == {"A": "HTTPS://x.example/1.png", "B": "http://x.example/2.png", "C": "http://x.example/kept.png"}
    assert outcome.warnings == ["1 channel keeps its logo: no stream has one."]
    bulk_edit(BulkEdit(logo="set", logo_value=" https://x.example/all.png "), [many.pk, bare.pk])
    bulk_edit(BulkEdit(logo="clear"), [reverse.pk])
    assert dict(Channel.objects.values_list("name", "logo_url")) == {
        "A": "https://x.example/all.png",
        "B": "",
        "C": "https://x.example/all.png",
    }


def test_flags_and_profiles() -> None:
    transcode = StreamProfile.objects.create(name="Transcode")
    kids, all_of_it = ChannelProfile.objects.create(name="Kids"), ChannelProfile.objects.create(name="All")
    a, b = make_channel("A"), make_channel("B")
    ProfileMembership.objects.create(profile=all_of_it, channel=a)
    ProfileMembership.objects.create(profile=kids, channel=a)
    command = BulkEdit(hidden="on", stream_profile=str(transcode.pk), enable=(kids.pk,), disable=(all_of_it.pk,))
    plan = plan_bulk_edit(command, [a.pk, b.pk])
    assert (plan.enabled, plan.disabled, plan.changed) == (1, 1, 2)
    before = lineup_state()
    outcome = bulk_edit(command, [a.pk, b.pk])
    assert set(ProfileMembership.objects.values_list("profile_id", "channel_id")) == {(kids.pk, a.pk), (kids.pk, b.pk)}
    assert set(Channel.objects.values_list("is_hidden", "stream_profile_id")) == {(True, transcode.pk)}
    assert plan_bulk_edit(command, [a.pk, b.pk]).changed == 0
    report = undo_batch(outcome.batch_id)
    assert not report.conflicts
    assert lineup_state() == before
    assert set(ProfileMembership.objects.values_list("profile_id", "channel_id")) == {(all_of_it.pk, a.pk), (kids.pk, a.pk)}
    bulk_edit(BulkEdit(stream_profile="default"), [a.pk])
    assert Channel.objects.get(pk=a.pk).stream_profile_id is None


def test_one_batch_in_the_journal_with_a_summary() -> None:
    channels = [make_channel(f"C{number}", str(number)) for number in range(1, 4)]
    outcome = bulk_edit(BulkEdit(front="x ", group="set", group_value="New"), [item.pk for item in channels])
    entries = JournalEntry.objects.filter(batch_id=outcome.batch_id)
    assert entries.filter(entity_type="channel").count() == 3
    assert entries.filter(action_type="group_create").count() == 1
    assert entries.filter(description="Changed 3 channels.").count() == 1
    assert outcome.entry_id is not None


def test_provider_names_with_markup_and_nul_are_only_text() -> None:
    name = "<script>x</script>\x00=cmd|'/c calc'!A1"
    assert renamed("A", find="A", replacement=name) == "<script>x</script> =cmd|'/c calc'!A1"
