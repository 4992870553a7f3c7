"""The examples of 10 §25.5, numbered like the chapter."""

from decimal import Decimal
from typing import Any

import pytest

from channels_app.lineup_csv.apply_import import ImportOutcome, import_sheet
from channels_app.lineup_csv.cells import guard
from channels_app.lineup_csv.export import export_csv
from channels_app.lineup_csv.options import ImportOptions
from channels_app.lineup_csv.plan import ImportPlan
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import FileRefused, read_sheet
from channels_app.models import Channel, ChannelGroup, Logo
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams

pytestmark = pytest.mark.django_db


def plan_of(text: str, **options: Any) -> ImportPlan:
    return plan_import(read_sheet(text.encode()), ImportOptions(**options))


def imported(text: str, **options: Any) -> ImportOutcome:
    return import_sheet(read_sheet(text.encode()), ImportOptions(**options))


def test_55_only_the_column_name() -> None:
    assert imported("name\nESPN\nCNN\n").created == 2
    assert list(Channel.objects.order_by("name").values_list("name", "number")) == [("CNN", None), ("ESPN", None)]


def test_56_a_file_without_a_name_column_is_refused_and_says_which() -> None:
    with pytest.raises(FileRefused, match="“name”"):
        read_sheet(b"channel_number,group_name\n1,Sports\n")


def test_57_header_names_in_any_case_and_order() -> None:
    imported("Group_Name, NAME ,Channel_Number,nonsense\nSports,ESPN,101,x\n")
    channel = Channel.objects.get()
    assert (channel.name, channel.number, channel.group and channel.group.name) == ("ESPN", Decimal(101), "Sports")


@pytest.mark.parametrize(
    ("number", "said"),
    [("0", "positive"), ("-5", "positive"), ("abc", "not a number"), ("nan", "not a number"), ("inf", "not a number")],
)
def test_58_numbers_that_cannot_be_used(number: str, said: str) -> None:
    plan = plan_of(f"channel_number,name\n{number},ESPN\n")
    assert [error.line for error in plan.errors] == [2]
    assert said in str(plan.errors[0])
    assert plan.rows == []


def test_58_decimals_are_numbers() -> None:
    imported("channel_number,name\n4.1,ESPN\n")
    assert Channel.objects.get().number == Decimal("4.1")


def test_59_everything_that_is_wrong_with_a_row_is_told_together() -> None:
    (error,) = plan_of("channel_number,name,logo_url\nabc,,not-a-url\n").errors
    assert (error.line, len(error.problems)) == (2, 3)


@pytest.mark.parametrize(("logo", "ok"), [("ftp://x/y.png", False), ("http://", False), ("https://x.example/y.png", True)])
def test_60_logo_addresses(logo: str, ok: bool) -> None:
    assert bool(plan_of(f"name,logo_url\nESPN,{logo}\n").rows) is ok


def test_61_quoted_cells_keep_their_commas() -> None:
    imported('channel_number,name,group_name\n101,"Sports, News, & More",Entertainment\n')
    assert Channel.objects.get().name == "Sports, News, & More"


def test_62_comments_and_blank_lines_are_left_out_and_lines_are_those_of_the_file() -> None:
    plan = plan_of("# note\n\nname,channel_number\n# note\nESPN,1\n\n  # another\n#\nCNN,abc\n#1 Hits,3\n,,,\nFox,-1\n")
    assert [row.name for row in plan.rows] == ["ESPN", "#1 Hits"]
    assert [error.line for error in plan.errors] == [9, 12]


def test_62_lines_inside_quoted_cells_count_and_are_no_comments() -> None:
    plan = plan_of('name,tvg_id,channel_number\n"A\n# B\n\nC",x,1\nD,y,abc\n')
    assert [(row.line, row.name) for row in plan.rows] == [(2, "A # B C")]
    assert [error.line for error in plan.errors] == [6]


def test_63_groups_are_matched_whatever_their_case() -> None:
    group = make_group("Sports")
    outcome = imported("name,group_name\nESPN,SPORTS\nCNN,sports\n")
    assert outcome.groups_created == []
    assert set(Channel.objects.values_list("group_id", flat=True)) == {group.pk}
    assert ChannelGroup.objects.count() == 1


@pytest.mark.parametrize("text", ["", "name,group_name\n", "\n# only a comment\n"])
def test_64_nothing_in_the_file_is_no_error(text: str) -> None:
    outcome = imported(text)
    assert (outcome.created, outcome.groups_created, outcome.streams_linked, outcome.logos_from_guide) == (0, [], 0, 0)
    assert outcome.plan.errors == []


def test_65_known_stream_addresses_are_linked_and_unknown_ones_warned_of() -> None:
    (stream,) = make_streams(["ESPN HD"])
    unknown = "http://unknown.example/live/bob/hunter2/" + "9" * 80
    outcome = imported(f"name,stream_urls\nESPN,{unknown};{stream.url}\n")
    assert outcome.streams_linked == 1
    (warning,) = outcome.plan.warnings
    assert warning.startswith("Line 2: “ESPN”: no stream has the address http://unknown.example/")
    assert "9" * 60 not in warning
    assert "hunter2" not in warning
    assert list(Channel.objects.get().streams.all()) == [stream]


def test_66_a_channel_without_a_logo_takes_the_icon_of_its_guide_entry() -> None:
    entry = make_entry("espn.us", "ESPN")
    entry.icon_url = "https://icons.example/espn.png"
    entry.save()
    other = make_entry("x.us", "Fox Sports")
    other.icon_url = "https://icons.example/fox.png"
    other.save()
    outcome = imported("name,tvg_id\nAny,ESPN.US\nFox Sports (HD),\nFOX SPORTS SD,\nUnknown,\n")
    assert outcome.logos_from_guide == 3
    logos = dict(Channel.objects.values_list("name", "logo_url"))
    assert logos == {
        "Any": "https://icons.example/espn.png",
        "Fox Sports (HD)": "https://icons.example/fox.png",
        "FOX SPORTS SD": "https://icons.example/fox.png",
        "Unknown": "",
    }
    assert set(Logo.objects.values_list("url", flat=True)) == {entry.icon_url, other.icon_url}
    assert Channel.objects.get(name="Any").guide_entry == entry


def test_67_numbers_in_the_export() -> None:
    make_channel("A", "101.0")
    make_channel("B", "4.1")
    make_channel("C")
    lines = export_csv().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["4.1", "B"], ["101", "A"], ["", "C"]]
    assert "None" not in export_csv()


def test_68_a_byte_order_mark_is_accepted() -> None:
    for data in ("\ufeffname\nESPN\n".encode(), "name\nESPN\n".encode("utf-16")):
        assert [row.cells for row in read_sheet(data).rows] == [{"name": "ESPN"}]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\uff1d1"])
def test_cells_that_spreadsheets_would_run_are_guarded(cell: str) -> None:
    assert guard(cell) == f"'{cell}"
