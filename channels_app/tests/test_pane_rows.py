"""Rows and headers of the panes: what they say, and that nothing a provider wrote becomes markup (10 §2.2, §2.3)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Engine
from django.utils import timezone

from channels_app.channel_queries import ChannelRow, StreamState
from channels_app.channel_tree import GroupNode
from channels_app.finding.group_kinds import GroupKind
from channels_app.finding.now_airing import NowAiring
from channels_app.group_summaries import GroupSummary
from channels_app.models import Channel
from channels_app.pane_filters import ChannelFilter
from channels_app.stream_queries import StreamRow
from channels_app.templatetags.pane_rows import channel_rows, group_head, mapped_mark, source_rows
from ecm_site.conf import save_settings
from epg_app.models import GuideEntry
from m3u_app.models import Stream

HOSTILE = "<script>alert('x')</script> \" & ' onload=\"x"
EVERYTHING = ChannelFilter(columns_on=("tvg_id", "guide_name", "gracenote", "url"))


def context(wanted: ChannelFilter = EVERYTHING, **values: Any) -> Context:
    return Context({"channels_url": "/channels/", "wanted": wanted, "show_urls": True, **values})


def row_of(wanted: ChannelFilter = EVERYTHING, row: dict[str, Any] | None = None, **fields: Any) -> str:
    channel = Channel(**{"pk": 7, "name": "CNN", **fields})
    return channel_rows(context(wanted), [ChannelRow(channel, **{"streams": StreamState(), **(row or {})})])


def stream_of(channels: tuple[str, ...] = (), custom_group: str = "", **fields: Any) -> str:
    stream = Stream(**{"pk": 3, "name": "CNN HD", "url": "http://tv.example/live/user/secret/1.ts", **fields})
    return source_rows(context(), [StreamRow(stream, channels, custom_group)])


def test_nothing_that_a_provider_wrote_becomes_markup() -> None:
    entry = GuideEntry(pk=1, name=HOSTILE)
    now = NowAiring(HOSTILE, timezone.now())
    of_channel: dict[str, Any] = {
        "name": HOSTILE,
        "logo_url": HOSTILE,
        "tvg_id": HOSTILE,
        "gracenote_id": HOSTILE,
        "guide_entry": entry,
    }
    texts = [
        row_of(row={"now": now, "first_url": HOSTILE, "mark": HOSTILE}, **of_channel),
        group_head(context(), GroupNode(GroupSummary(5, HOSTILE, 1, 1))),
        stream_of((HOSTILE,) * 5, HOSTILE, name=HOSTILE, url=HOSTILE, logo_url=HOSTILE, is_custom=True),
        mapped_mark(context(), 3, [HOSTILE]),
    ]
    save_settings(cache_logos=False)  # then the address itself stands there
    texts.append(row_of(**of_channel))
    for text in texts:
        assert "<script" not in text
        assert not re.search(r"\sonload=\"", text), text
        assert re.sub(r"&(lt|gt|amp|quot|#x27);", "", text).count("&") == 0


def test_a_row_says_how_its_channel_stands() -> None:
    plain = row_of(ChannelFilter())
    assert 'id="c7" data-id="7"><div class="cm-row">' in plain
    assert '<span class="cm-number">–</span><a class="cm-name" id="n7" href="/channels/7/">CNN</a>' in plain
    assert 'is-none" title="No streams">0</span>' in plain
    assert "cm-extra" not in plain
    full = row_of(
        row={"streams": StreamState(1200, 3), "shares_number": True, "mark": "conflict"}, number=Decimal(4), is_hidden=True
    )
    assert 'class="cm-channel is-hidden" id="c7" data-id="7" data-mark="conflict"' in full
    assert '<span class="cm-number is-shared" title="Another channel has this number">4</span>' in full
    assert "It was changed on the server, too" in full
    assert '<span class="cm-tag">hidden</span>' in full
    assert 'is-ok" title="1,200 streams, not probed yet">1200</span>' in full
    assert 'title="The provider no longer lists any' in row_of(row={"streams": StreamState(2, 2)})


def test_columns_are_there_that_were_asked_for() -> None:
    entry = GuideEntry(pk=1, name="CNN International")
    address = {"first_url": "http://tv.example/live/user/secret/1.ts"}
    row = row_of(row=address, tvg_id="cnn.us", gracenote_id="", guide_entry=entry, logo_url="http://l.example/1.png")
    assert '<span class="cm-extra" title="TVG-ID: cnn.us">cnn.us</span>' in row
    assert '<span class="cm-extra" title="Guide entry: CNN International">CNN International</span>' in row
    assert '<span class="cm-extra" title="Gracenote id">–</span>' in row
    assert "tv.example/live/***/***/1.ts" in row
    assert '<img class="cm-logo"' in row
    assert '<span class="cm-guide" title="Guide: CNN International">' in row
    bare = row_of(ChannelFilter(columns_off=("logo", "guide")), guide_entry=entry, logo_url="http://l.example/1.png")
    assert "cm-logo" not in bare
    assert "cm-guide" not in bare
    assert 'title="No guide wanted"' in row_of(no_epg=True)


def test_what_is_on_air_says_until_when_in_the_viewers_time() -> None:
    until = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        row = row_of(row={"now": NowAiring("News", until)})
    assert f'<span class="cm-now" data-until="{int(until.timestamp())}" title="Until 20:30: News">News</span>' in row
    assert '"></span>' in row_of(row={"now": NowAiring("", until)}).split("cm-now")[1]


def test_a_name_that_would_change_has_its_wand() -> None:
    assert 'href="/channels/names/normalize/?channel=7" data-act="open" title="Would be called “' in row_of(
        name="VIP: US: News HD"
    )
    assert "cm-wand" not in row_of(name="News")


def test_a_header_counts_its_group() -> None:
    news = GroupSummary(5, "News", count=1200, shown=3, without_streams=2, kind=GroupKind.AUTO)
    head = group_head(context(), GroupNode(news, is_open=True))
    assert 'id="gh5" data-count="3" data-synced>' in head
    assert '<span class="cm-count">3 of 1,200</span>' in head
    assert 'title="2 without streams">2</span>' in head
    assert 'aria-expanded="true"' in head
    assert 'href="/channels/groups/5/rename/"' in head
    empty = group_head(context(), GroupNode(replace(news, pk=0, count=0, shown=0, without_streams=0)), oob=True)
    assert (
        'data-synced hx-swap-oob="true"><input type="checkbox" class="form-check-input cm-pick" aria-labelledby="gn0" disabled>'
        in empty
    )
    assert "Move group" not in empty
    assert 'href="/channels/create/"' in empty


def test_a_stream_names_the_channels_it_is_on() -> None:
    assert '<span class="cm-mapped" id="k3"></span>' in stream_of()
    assert "tv.example/live/***/***/1.ts" in stream_of()
    assert 'aria-label="On 1 channel" title="On CNN"></a>' in stream_of(("CNN",))
    assert 'title="On A, B, C and 2 more"' in stream_of(("A", "B", "C", "D", "E"))
    assert 'title="On CNN" hx-swap-oob="true"></a>' in mapped_mark(context(), 3, ["CNN"])
    own = stream_of((), "Cameras", is_custom=True, is_stale=True)
    assert 'class="cm-source is-stale is-custom"' in own
    assert '<span class="cm-tag">Cameras</span><span class="cm-tag">custom</span>' in own


@pytest.mark.parametrize("length", [119, 120, 121, 5000])
def test_long_titles_are_cut(length: int) -> None:
    row = row_of(row={"now": NowAiring("é" * length, timezone.now())})
    title = re.search(r">(é+…?)</span>", row)
    assert title is not None
    assert len(title[1]) == min(length, 120)
    assert title[1].endswith("…") == (length > 120)


def test_an_expanded_row_brings_its_streams_and_a_changed_one_finds_its_place() -> None:
    text = Engine.get_default().from_string("{% load pane_rows %}{% channel_rows rows %}")
    rows = [ChannelRow(Channel(pk=7, name="CNN"), StreamState(), links=[])]
    row = text.render(context(rows=rows, oob=True))
    assert 'class="cm-channel is-open" id="c7" data-id="7" hx-swap-oob="true"' in row
    assert 'data-channel="7"><li class="cm-hint">No streams.' in row
