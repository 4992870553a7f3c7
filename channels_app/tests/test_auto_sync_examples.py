"""The examples 65 and 71–78 of 20 §25.4, on plans alone: nothing here touches the database."""

from decimal import Decimal

import pytest

from channels_app.autosync.choose_streams import Renamer, SyncStream, choose_streams
from channels_app.autosync.plan import plan_sync
from channels_app.autosync.settings import Numbering, SortOrder, SyncSettings
from channels_app.autosync.values import ChannelNow, LinkedStream, Reason, Situation, SyncGroup, SyncPlan
from channels_app.channel_fields import FIELDS
from channels_app.models import LeftoverChoice
from channels_app.numbering import format_number

GROUP = 7
TARGET = 1


def stream(pk: int, name: str = "", number: str | None = None, **values: object) -> SyncStream:
    row = SyncStream(pk, GROUP, name or f"Stream {pk}", "", "", "", Decimal(number) if number else None, None)
    return row._replace(**values)


def channel(pk: int, number: str | None, *stream_ids: int, **values: object) -> ChannelNow:
    fields = dict.fromkeys(FIELDS, "") | {"name": f"Stream {stream_ids[0] if stream_ids else pk}", "group_id": TARGET}
    fields |= {"guide_entry_id": None, "epg_locked": False, "no_epg": False, "is_hidden": values.get("is_hidden", False)}
    fields["number"] = Decimal(number) if number else None
    links = tuple(LinkedStream(stream_id, GROUP) for stream_id in stream_ids)
    known = {"streams": links, "has_account_stream": bool(links), "synced_group": GROUP}
    known["synced_stream"] = stream_ids[0] if stream_ids else None
    return ChannelNow(id=pk, values=fields, **(known | values))


def plan(
    settings: SyncSettings,
    streams: list[SyncStream],
    *,
    channels: list[ChannelNow] | None = None,
    taken: tuple[str, ...] = (),
    leftovers: LeftoverChoice = LeftoverChoice.ALWAYS,
) -> SyncPlan:
    return plan_sync(
        Situation(
            groups=[SyncGroup(GROUP, "Sports", settings, TARGET)],
            streams={GROUP: streams},
            channels=channels or [],
            other_numbers=frozenset(map(Decimal, taken)),
            leftovers=leftovers,
        )
    )


def created(made: SyncPlan) -> list[str]:
    return [format_number(item.values["number"]) for item in made.creates]


def three() -> list[SyncStream]:
    return [stream(1), stream(2), stream(3)]


@pytest.mark.parametrize(
    ("settings", "streams", "taken", "expected", "failed"),
    [
        pytest.param(SyncSettings(start=Decimal(100)), three(), ("101",), ["100", "102", "103"], 0, id="71"),
        pytest.param(SyncSettings(start=Decimal(100), end=Decimal(101)), [*three(), stream(4)], (), ["100", "101"], 2, id="72"),
        pytest.param(SyncSettings(start=Decimal("2.5")), three(), (), ["2.5", "4", "5"], 0, id="73"),
        pytest.param(
            SyncSettings(numbering=Numbering.PROVIDER, fallback=Decimal(100)),
            [stream(1, number="7"), stream(2, number="7"), stream(3)],
            (),
            ["7", "100", "101"],
            0,
            id="74",
        ),
        pytest.param(
            SyncSettings(numbering=Numbering.NEXT_AVAILABLE, end=Decimal(2)), [stream(1)], ("1", "2"), ["3"], 0, id="75"
        ),
    ],
)
def test_numbers_of_new_channels(
    settings: SyncSettings, streams: list[SyncStream], taken: tuple[str, ...], expected: list[str], failed: int
) -> None:
    made = plan(settings, streams, taken=taken)
    assert created(made) == expected
    assert [item.reason for item in made.failures] == [Reason.RANGE_EXHAUSTED] * failed


def test_76_include_then_exclude() -> None:
    settings = SyncSettings(include="hd", exclude="PPV")
    found = choose_streams([stream(1, "Fox HD"), stream(2, "PPV HD 1"), stream(3, "Fox")], settings)
    assert [item.name for item in found.streams] == ["Fox HD"]
    assert (found.not_included, found.excluded) == (1, 1)


def test_77_an_emptied_group_loses_visible_channels_and_keeps_hidden_ones() -> None:
    made = plan(SyncSettings(), [], channels=[channel(1, "1"), channel(2, "2", is_hidden=True)])
    assert made.deletes == [1]


@pytest.mark.parametrize(
    ("leftovers", "deleted"),
    [(LeftoverChoice.ALWAYS, [1, 2]), (LeftoverChoice.PRESERVE_CUSTOMIZED, [2]), (LeftoverChoice.NEVER, [])],
)
@pytest.mark.parametrize("synced_group", [GROUP, None])
def test_78_leftovers(leftovers: LeftoverChoice, deleted: list[int], synced_group: int | None) -> None:
    own_logo = channel(1, "1", pinned=frozenset({"logo_url"}), synced_group=synced_group)
    made = plan(SyncSettings(), [], channels=[own_logo, channel(2, "2", synced_group=synced_group)], leftovers=leftovers)
    assert made.deletes == deleted


def test_65_renaming() -> None:
    renamer = Renamer(SyncSettings(rename_pattern=r"(.+) Channel (\d+)", rename_to="$1 #$2"))
    assert renamer.name_of(stream(1, "Alpha Channel 11")) == "Alpha #11"
    assert Renamer(SyncSettings(rename_pattern="^UK: ")).name_of(stream(1, "UK: BBC")) == "BBC"
    assert Renamer(SyncSettings(rename_pattern=".*")).name_of(stream(1, "BBC")) == "BBC"
    assert len(Renamer(SyncSettings(rename_pattern="B", rename_to="x" * 500)).name_of(stream(1, "BB"))) == 512


def test_existing_channels_are_renumbered_in_the_order_of_the_streams() -> None:
    made = plan(SyncSettings(start=Decimal(10)), three(), channels=[channel(1, "11", 2), channel(2, "10", 3)])
    assert created(made) == ["10"]
    assert {item.channel_id: item.after for item in made.changes} == {2: {"number": Decimal(12)}}


def test_what_was_set_by_hand_is_never_written() -> None:
    pinned = channel(1, "50", 1, pinned=frozenset({"name", "number"}))
    made = plan(SyncSettings(start=Decimal(50)), [stream(1, "New name"), stream(2)], channels=[pinned])
    assert not made.changes
    assert created(made) == ["51"]


def test_channels_outside_the_range_move_inside_or_go() -> None:
    settings = SyncSettings(start=Decimal(100), end=Decimal(101))
    outside = [channel(pk, str(pk + 500), pk) for pk in (1, 2, 3)]
    made = plan(settings, three(), channels=outside)
    assert [item.after["number"] for item in made.changes] == [100, 101]
    assert made.deletes == [3]
    assert len(made.failures) == 1


def test_a_channel_in_the_range_keeps_its_number_when_nothing_is_free() -> None:
    made = plan(
        SyncSettings(start=Decimal(100), end=Decimal(100)), [stream(1)], channels=[channel(1, "100", 1)], taken=("100",)
    )
    assert made.is_empty
    assert len(made.failures) == 1


def test_compact_numbers_skip_what_others_have_and_hidden_channels_lose_theirs() -> None:
    hidden = channel(1, "2", 1, is_hidden=True)
    made = plan(SyncSettings(compact=True, end=Decimal(4)), [*three(), stream(4)], channels=[hidden], taken=("1", "3"))
    assert created(made) == ["2", "4"]
    assert {item.channel_id: item.after for item in made.changes} == {1: {"number": None}}
    assert len(made.failures) == 1


def test_a_second_stream_added_by_hand_saves_the_channel() -> None:
    foreign = LinkedStream(900, 99)
    saved = channel(1, "5", 1, streams=(foreign,))
    made = plan(SyncSettings(), [], channels=[saved])
    assert made.is_empty


def test_a_stream_that_moved_to_a_group_without_auto_sync_takes_its_channel_along() -> None:
    moved = channel(1, "5", 1, streams=(LinkedStream(1, 99),))
    assert plan(SyncSettings(), [], channels=[moved]).deletes == [1]


def test_a_stream_that_sits_on_another_synced_channel_gets_none_of_its_own() -> None:
    made = plan(SyncSettings(), [stream(1), stream(2)], channels=[channel(1, "1", 1, 2)])
    assert made.is_empty


@pytest.mark.parametrize(
    ("order", "expected"),
    [(SortOrder.PROVIDER, [1, 2, 3]), (SortOrder.NAME, [3, 2, 1]), (SortOrder.TVG_ID, [2, 3, 1])],
)
def test_sort_orders(order: SortOrder, expected: list[int]) -> None:
    streams = [stream(1, "Sky 10"), stream(2, "Sky 9", tvg_id="a"), stream(3, "Sky 1", tvg_id="b")]
    found = choose_streams(reversed(streams), SyncSettings(sort_order=order))
    assert [item.id for item in found.streams] == expected
    backwards = choose_streams(streams, SyncSettings(sort_order=order, sort_reverse=True))
    assert [item.id for item in backwards.streams] == expected[::-1]
