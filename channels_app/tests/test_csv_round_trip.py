"""Export → import gives the same lineup, whatever stands in it (10 §20.3)."""

import csv
import hashlib
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.channel_fields import clean_text
from channels_app.lineup_csv.apply_import import import_sheet
from channels_app.lineup_csv.cells import guard, join_addresses, split_addresses, unguard
from channels_app.lineup_csv.export import BYTE_ORDER_MARK, TEMPLATE, export_csv
from channels_app.lineup_csv.options import ImportOptions, Key, Mode
from channels_app.lineup_csv.plan import Action
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import read_sheet
from channels_app.models import Channel, ChannelGroup, ChannelStream
from m3u_app.models import Stream

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "'=x",
    "# note",
    "#1 Hits",
    '"quoted"',
    "a;b",
    "@x",
    "-1",
    "<script>",
    ";",
    ",",
    "'",
    "''=",
    "é☃",
)
PIECES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=12))


def texts(longest: int) -> st.SearchStrategy[str]:
    """Texts as the lineup stores them: cleaned."""
    return PIECES.map(lambda text: clean_text(text, longest=longest))


ADDRESSES = st.sampled_from(
    ("http://a.example/1.ts", "http://a.example/1;v=2", "http://a.example/?u=1;http://b.example/2", "rtp://@239.0.0.1:5000",
     "http://b.example/2", "http://a.example/end;", "udp://239.1.1.1", "http://c.example/%3B;rtsp://x")
)  # fmt: skip
CHANNELS = st.lists(
    st.fixed_dictionaries(
        {
            "name": texts(512).filter(bool),
            "number": st.none() | st.decimals("0.0001", "99999", places=4),
            "group": st.sampled_from(("", "Sports", "sports & more", "=Group", "# G")),
            "tvg_id": texts(255),
            "gracenote_id": texts(64),
            "logo_url": st.sampled_from(("", "https://x.example/a.png", "http://x.example/,;\"'.png")),
            "streams": st.lists(ADDRESSES, max_size=4),
        }
    ),
    max_size=6,
)


@given(st.text())
def test_guarding_is_taken_back_exactly(text: str) -> None:
    assert unguard(guard(text)) == text


def lineup() -> list[tuple[Any, ...]]:
    rows = []
    for channel in Channel.objects.select_related("group"):
        urls = tuple(
            ChannelStream.objects.filter(channel=channel).order_by("position").values_list("stream__url", "stream__account_id")
        )
        group = channel.group.name if channel.group else ""
        rows.append(
            (str(channel.number or ""), channel.name, group, channel.tvg_id, channel.gracenote_id, channel.logo_url, urls)
        )
    return sorted(rows)


@pytest.mark.django_db(transaction=True)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANNELS)
def test_what_was_exported_makes_the_same_lineup_again(wanted: list[dict[str, Any]]) -> None:
    Channel.objects.all().delete()
    ChannelGroup.objects.all().delete()
    Stream.objects.all().delete()
    made: dict[tuple[str, int], Stream] = {}
    for values in wanted:
        group = ChannelGroup.objects.get_or_create(name=values["group"])[0] if values["group"] else None
        fields = {name: values[name] for name in ("name", "number", "tvg_id", "gracenote_id", "logo_url")}
        channel = Channel.objects.create(**fields, group=group)
        seen: dict[str, int] = {}
        for position, url in enumerate(values["streams"], 1):
            seen[url] = seen.get(url, 0) + 1
            key = (url, seen[url])
            if key not in made:
                made[key] = Stream.objects.create(name=url, url=url, stream_hash=hashlib.sha256(repr(key).encode()).digest())
            ChannelStream.objects.create(channel=channel, stream=made[key], position=position)
    before = lineup()
    text = export_csv(for_spreadsheets=True)

    unchanged = plan_import(read_sheet(text.encode()), ImportOptions(mode=Mode.UPDATE, key=Key.NAME, clear_empty=True))
    assert {row.action for row in unchanged.rows} <= {Action.UNCHANGED}
    assert unchanged.errors == []

    Channel.objects.all().delete()
    ChannelGroup.objects.all().delete()
    outcome = import_sheet(read_sheet(text.encode()), ImportOptions())
    assert outcome.plan.errors == []
    assert outcome.plan.warnings == [
        warning for warning in outcome.plan.warnings if "shared by" in warning or "twice" in warning
    ]
    assert lineup() == before


@given(st.lists(ADDRESSES, max_size=5))
def test_addresses_in_one_cell_come_apart_again(urls: list[str]) -> None:
    found = split_addresses(join_addresses(urls))
    assert [part.replace("%3B", ";") for part in found] == [url.replace("%3B", ";") for url in urls]


@pytest.mark.django_db
def test_no_cell_of_an_export_is_a_formula() -> None:
    for name in HOSTILE:
        Channel.objects.create(name=name, number=Decimal(1), tvg_id=name, gracenote_id=name)
    for row in list(csv.reader(io.StringIO(export_csv())))[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@pytest.mark.django_db
def test_the_template_is_a_file_without_rows() -> None:
    sheet = read_sheet(TEMPLATE.encode())
    assert (len(sheet.columns), sheet.rows, sheet.problems) == (7, [], [])
    assert export_csv().splitlines()[0] == TEMPLATE.splitlines()[-1]
    assert export_csv(for_spreadsheets=True).startswith(BYTE_ORDER_MARK)
