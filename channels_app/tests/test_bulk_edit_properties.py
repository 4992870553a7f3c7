"""What must hold for every bulk edit: the preview is the result, undo is the start, no number is shared unreported."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_app.bulk_editing.carry_out import bulk_edit
from channels_app.bulk_editing.checks import NEW_GROUP
from channels_app.bulk_editing.command import BulkEdit
from channels_app.bulk_editing.plan import plan_bulk_edit
from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ProfileMembership
from channels_app.numbering import plain
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_entry, make_group, make_streams
from tasks_app.undo import undo_batch

NAMES = st.sampled_from(["HD", "BBC HD", "12 | BBC", "UK: Sky - 4", "É a", "a  b", "x" * 505, "<b>&'", "$1 \\1", "CNN"])
TEXTS = st.sampled_from(["", "", "HD", " ", "a", "{name}", "é", "UK: "])
REPLACING = st.sampled_from(
    [
        {},
        {"find": "hd", "replacement": "4K"},
        {"find": "B", "match_case": True},
        {"find": "$1", "replacement": r"\1"},
        {"find": "^(.)", "replacement": "$1$1", "is_pattern": True},
        {"find": "(?<=B)B", "replacement": "b", "is_pattern": True},
        {"find": ".*", "is_pattern": True},
        {"find": "(", "is_pattern": True},
    ]
)
NUMBERING = st.sampled_from([("", ""), ("clear", ""), *(("start", text) for text in ("1", "2.5", "99999999"))])
SHIFTING = st.sampled_from([("shift", text) for text in ("-2", "+20", "0.5", "99999990")])
NUMBERS = st.sampled_from([None, "1", "2", "3", "3.5", "99999990"])


@st.composite
def edits(draw: st.DrawFn, profile_ids: tuple[int, int]) -> BulkEdit:
    number, number_value = draw(st.one_of(NUMBERING, SHIFTING))
    return BulkEdit(
        **draw(REPLACING),
        letters=draw(st.sampled_from(["", "upper", "lower", "title"])),
        tidy=draw(st.booleans()),
        front=draw(TEXTS),
        behind=draw(TEXTS),
        group=draw(st.sampled_from(["", "set", "none"])),
        group_value=draw(st.sampled_from(["News", "new one"])),
        number=number,
        number_value=number_value,
        update_names=draw(st.booleans()),
        tvg_id=draw(st.sampled_from(["", "set", "clear"])),
        tvg_id_value=draw(st.sampled_from(["{compact}", "{name}.{number}", "id{group}", "a.uk"])),
        guide=draw(st.sampled_from(["", "tvg_id", "clear", "none"])),
        lock=draw(st.sampled_from(["", "on", "off"])),
        gracenote_id=draw(st.sampled_from(["", "set", "clear"])),
        gracenote_id_value=draw(st.sampled_from(["7", "{gracenote_id}"])),
        logo=draw(st.sampled_from(["", "set", "clear", "stream"])),
        logo_value="http://x.example/a.png",
        hidden=draw(st.sampled_from(["", "on", "off"])),
        enable=draw(st.sampled_from([(), profile_ids[:1]])),
        disable=draw(st.sampled_from([(), profile_ids[1:]])),
    )


def memberships() -> set[tuple[int, int]]:
    return set(ProfileMembership.objects.values_list("profile_id", "channel_id"))


class BulkEditHolds(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.data())
    def test_the_preview_is_the_result_and_undo_is_the_start(self, data: st.DataObject) -> None:
        profiles = (ChannelProfile.objects.create(name="Kids").pk, ChannelProfile.objects.create(name="All").pk)
        command = data.draw(edits(profiles))
        ids = self._lineup(data, profiles)
        before, members = lineup_state(), memberships()
        shared = self._shared()
        try:
            plan = plan_bulk_edit(command, ids)
            outcome = bulk_edit(command, ids)
        except EditRefused:
            assert (lineup_state(), memberships()) == (before, members)
            return
        self._is_as_planned(plan.changes, before)
        untouched = {row.channel_id for row in plan.refused}
        after = lineup_state()["channels"]
        assert all(after[pk] == before["channels"][pk] for pk in untouched)
        assert set(outcome.channel_ids) == plan.changed_ids
        reported = {Decimal(item.number) for item in plan.duplicates}
        assert self._shared() - shared <= reported
        if outcome.channel_ids:
            report = undo_batch(outcome.batch_id)
            assert not report.conflicts
        assert (lineup_state(), memberships()) == (before, members)

    @staticmethod
    def _lineup(data: st.DataObject, profiles: tuple[int, int]) -> list[int]:
        group = make_group("News")
        make_entry("BBC")
        streams = make_streams(["a", "b"])
        streams[1].logo_url = "http://x.example/b.png"
        streams[1].save()
        rows = data.draw(st.lists(st.tuples(NAMES, NUMBERS, st.booleans(), st.booleans()), min_size=2, max_size=6))
        made = []
        for name, number, in_group, flag in rows:
            values: dict[str, Any] = {
                "epg_locked": flag,
                "tvg_id": "bbc" if flag else "",
                "gracenote_id": "5" if in_group else "",
            }
            item = make_channel(name, number, group=group if in_group else None, streams=streams if flag else [], **values)
            made.append(item.pk)
            if in_group:
                ProfileMembership.objects.create(profile_id=profiles[1], channel=item)
        take = data.draw(st.integers(1, len(made)))
        return data.draw(st.permutations(made))[:take]

    @staticmethod
    def _is_as_planned(changes: list[Any], before: dict[str, Any]) -> None:
        planned = {pk: dict(values) for pk, values in before["channels"].items()}
        new_group = ChannelGroup.objects.filter(name="new one").values_list("pk", flat=True).first()
        for change in changes:
            values = {**change.after}
            if values.get("group_id") == NEW_GROUP:
                values["group_id"] = new_group
            planned[change.channel_id] |= {name: value for name, value in values.items() if name in planned[change.channel_id]}
        assert lineup_state()["channels"] == planned

    @staticmethod
    def _shared() -> set[Decimal]:
        numbers = Counter(plain(number) for number in Channel.objects.values_list("number", flat=True) if number is not None)
        return {number for number, holders in numbers.items() if holders > 1}
