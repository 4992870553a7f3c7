"""What must hold for every plan, whatever is selected and chosen."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from channels_app.bulk_existing import Lineup
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, StreamOrder
from channels_app.bulk_streams import Section, SelectedStreams, StreamRow
from channels_app.naming import CountryChoice, TimezoneChoice
from channels_app.plan_bulk_create import make_plan
from channels_app.tests.bulk_fixtures import lineup

words = st.sampled_from(["ESPN", "HBO", "US | CNN", "UK: BBC", "NFL: Cards", "HBO West", "X (LIVE)", "", "4K", "=1+1", "<b>"])
endings = st.sampled_from(["", " HD", " FHD", " 4K", " SD", " (1080p)", " BACKUP", " 2"])
names = st.one_of(st.builds(lambda word, ending: word + ending, words, endings), st.text(max_size=12))
tvg_ids = st.sampled_from(["", "espn.us", "bbc.uk"])


@st.composite
def selections(draw: st.DrawFn) -> SelectedStreams:
    sections = []
    number = 0
    for key, label in enumerate(
        draw(st.lists(st.sampled_from(["Sports", "US | A", "UK", "Kids", ""]), max_size=4, unique=True)), 1
    ):
        rows = []
        for name, provider, tvg_id in draw(st.lists(st.tuples(names, st.sampled_from([1, 2, None]), tvg_ids), max_size=8)):
            number += 1
            rows.append(StreamRow(number, name, provider, key, tvg_id, "", ""))
        sections.append(Section(key, label, rows))
    return SelectedStreams(sections)


@st.composite
def lineups(draw: st.DrawFn) -> Lineup:
    numbers = draw(st.lists(st.integers(90, 130), max_size=15, unique=True))
    channels = [(draw(names) or "?", str(number), draw(st.sampled_from([None, 1, 2]))) for number in numbers]
    held = draw(st.dictionaries(st.integers(1, 20), st.integers(1, max(1, len(channels))).map(lambda pk: [pk]), max_size=5))
    return lineup(*channels, groups={1: "Sports", 2: "News"}, assigned=held if channels else {})


options = st.builds(
    BulkOptions,
    separate=st.booleans(),
    start=st.sampled_from([Decimal(100), Decimal("99.8"), Decimal(1)]),
    group_name=st.sampled_from(["", "Sports", "New"]),
    across_groups=st.booleans(),
    existing=st.sampled_from(ExistingChoice),
    conflict=st.sampled_from([ConflictChoice.PUSH, ConflictChoice.END]),
    timezone=st.sampled_from(TimezoneChoice),
    country=st.sampled_from(CountryChoice),
    network_prefix=st.booleans(),
    network_suffix=st.booleans(),
    number_in_name=st.booleans(),
    keep_quality=st.booleans(),
    stream_order=st.sampled_from(StreamOrder),
)


@given(selections(), lineups(), options)
def test_every_stream_ends_in_one_place_or_is_reported(chosen: SelectedStreams, standing: Lineup, choices: BulkOptions) -> None:
    plan = make_plan(chosen, standing, choices)
    placed = [stream_id for item in (*plan.channels, *plan.additions) for stream_id in item.stream_ids]
    reported = [stream_id for ids in plan.left_out.values() for stream_id in ids]
    wanted = [row.id for section in chosen.sections for row in section.streams]
    assert sorted(placed + reported) == sorted(wanted)


@given(selections(), lineups(), options)
def test_numbers_are_unique_after_making_room(chosen: SelectedStreams, standing: Lineup, choices: BulkOptions) -> None:
    plan = make_plan(chosen, standing, choices)
    assert set(plan.problems) <= {""}
    numbers = [plan.pushed.get(channel.id, channel.number) for channel in standing.channels]
    numbers += [channel.number for channel in plan.channels]
    assert len(numbers) == len(set(numbers))


@given(selections(), lineups(), options)
def test_planning_again_gives_the_same_plan(chosen: SelectedStreams, standing: Lineup, choices: BulkOptions) -> None:
    assert make_plan(chosen, standing, choices).fingerprint == make_plan(chosen, standing, choices).fingerprint


@given(selections(), lineups(), options)
def test_every_channel_has_a_name_and_streams(chosen: SelectedStreams, standing: Lineup, choices: BulkOptions) -> None:
    for channel in make_plan(chosen, standing, choices).channels:
        assert 0 < len(channel.name) <= 512
        assert channel.stream_ids
        assert "\x00" not in channel.name
