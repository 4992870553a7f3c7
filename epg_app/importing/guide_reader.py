"""Reads a whole guide in one pass: channels into memory, programmes of wanted channels into the spool (30 §4)."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from epg_app.importing.channel_reader import FeedChannel, read_channel
from epg_app.importing.choices import ReadingChoices
from epg_app.importing.cutting import Cutter, Piece
from epg_app.importing.decoding import text_pieces
from epg_app.importing.findings import Findings
from epg_app.importing.markup import Decoder, attributes, start_tag
from epg_app.importing.programme_reader import ProgrammeReader
from epg_app.importing.spool import Spool
from epg_app.importing.times import TimeReader

ID_LENGTH: Final = 255
MAX_CHANNELS: Final = 200_000
MAX_CHANNEL_CHARACTERS: Final = 96 * 1_048_576  # of all names together, so that a hostile guide cannot fill the memory

# How nearly every guide writes it; anything else takes the longer way.
_USUAL_START = re.compile(r'\s+start="([^"<>&]*)"\s+stop="([^"<>&]*)"\s+channel="([^"<>]*)"\s*>').match

OnPiece = Callable[["Feed"], None]


@dataclass
class Feed:
    """What a guide contains. Times are seconds since 1970."""

    channels: dict[str, FeedChannel] = field(default_factory=dict)
    programmes: int = 0
    """Programme elements with a readable start and a channel, wanted or not."""
    unwanted: int = 0
    """Those of channels nobody uses; they were not read."""
    first_start: int | None = None
    last_stop: int | None = None
    """Of the wanted programmes."""


class GuideReader:
    """Reads one guide. ``wanted`` holds the ids of channels whose programmes matter; None = all of them."""

    def __init__(self, choices: ReadingChoices, wanted: Container[str] | None, spool: Spool, findings: Findings) -> None:
        self._choices = choices
        self._wanted = wanted
        self._spool = spool
        self._findings = findings
        self._feed = Feed()
        self._place: Callable[[], int] = lambda: 0
        self._decode = Decoder(self._note)
        self._programmes = ProgrammeReader(choices, self._note)
        self._times = TimeReader(choices.assume, choices.shift_minutes, lambda text: self._note("unknown_zone", text))
        self._ids: dict[str, str] = {}  # attribute as written → id; holds every channel that has programmes
        self._characters = 0

    def read(self, stream: BinaryIO, on_piece: OnPiece) -> Feed:
        """Read ``stream`` to its end. ``on_piece`` is called about once per megabyte and may raise to stop."""
        for piece in Cutter(text_pieces(stream, self._findings), self._findings):
            for block in piece.channels:
                self._place = lambda piece=piece, block=block: piece.line_of_channel(block)  # type: ignore[misc]
                self._read_channel(block)
            rows = self._read_programmes(piece)
            self._report_dropped(self._spool.settle(rows, len(piece.text)))
            on_piece(self._feed)
        self._report_dropped(self._spool.finish())
        self._add_undeclared()
        return self._feed

    def _note(self, kind: str, sample: str) -> None:
        self._findings.note(kind, line=self._place, sample=sample)

    def _report_dropped(self, rows: int) -> None:
        if rows:
            self._findings.note("too_many_programmes", count=rows)

    # --- channels ---------------------------------------------------------------------------------------------------
    def _read_channel(self, block: str) -> None:
        tag = start_tag(block)
        if tag is None:
            self._note("unreadable_tag", f"<channel{block[:200]}")
            return
        attribute_text, begin = tag
        tvg_id = self._clean_id(attributes(attribute_text).get("id", ""))
        if not tvg_id or len(tvg_id) > ID_LENGTH:
            self._note("long_id" if tvg_id else "empty_id", f"<channel{block[:200]}")
            return
        end = block.find("</channel", begin)
        if attribute_text.endswith("/"):
            end = begin
        elif end < 0:
            self._note("unclosed", f"<channel{block[:200]}")
            end = len(block)
        channel = read_channel(tvg_id, block[begin:end], self._choices.language, self._decode)
        known = self._feed.channels.get(tvg_id)
        if known is not None:
            self._note("duplicate_channel", tvg_id)
            known.add_names([channel.name, *channel.other_names])
            return
        self._characters += len(tvg_id) + len(channel.name) + sum(map(len, channel.other_names)) + len(channel.icon_url)
        if len(self._feed.channels) >= MAX_CHANNELS or self._characters > MAX_CHANNEL_CHARACTERS:
            self._note("too_many_channels", tvg_id)
            return
        self._feed.channels[tvg_id] = channel

    def _clean_id(self, text: str) -> str:
        return (self._decode(text) if "&" in text else text).strip()

    def _add_undeclared(self) -> None:
        """Channels that only programmes mention are channels all the same (30 §4.3)."""
        for tvg_id in self._ids.values():
            if tvg_id and len(tvg_id) <= ID_LENGTH and tvg_id not in self._feed.channels:
                self._findings.note("undeclared_channel", sample=tvg_id)
                if len(self._feed.channels) < MAX_CHANNELS:
                    self._feed.channels[tvg_id] = FeedChannel(tvg_id, tvg_id, declared=False)

    # --- programmes -------------------------------------------------------------------------------------------------
    def _read_programmes(self, piece: Piece) -> int:  # noqa: PLR0912 - as hot as the reader of contents
        """Put the wanted programmes of ``piece`` into the spool; returns how many."""
        feed, wanted, ids = self._feed, self._wanted, self._ids
        times, read_time = self._times.cache, self._times.read
        waiting, read_content = self._spool.waiting, self._programmes.read
        first, last = feed.first_start, feed.last_stop
        index = -1
        self._place = lambda: piece.line_of_programme(index)
        total = unwanted = rows = 0
        for block in piece.programmes:
            index += 1
            match = _USUAL_START(block)
            if match is not None:
                start_text, stop_text, channel_text = match.groups()
                begin = match.end()
            else:
                unusual = self._unusual_start(block)
                if unusual is None:
                    continue
                start_text, stop_text, channel_text, begin = unusual
            channel = ids.get(channel_text)
            if channel is None:
                channel = self._new_id(channel_text)
            if not channel:
                continue
            total += 1
            if wanted is not None and channel not in wanted:
                unwanted += 1
                continue
            start = times.get(start_text)
            if start is None and (start := read_time(start_text)) is None:
                self._note("start_unreadable", f"{start_text} {channel}")
                total -= 1
                continue
            stop = times.get(stop_text)
            if stop is None:
                stop = read_time(stop_text)
            content = read_content(block, begin)
            if channel in waiting:
                waiting[channel].append((start, stop, content))
            else:
                waiting[channel] = [(start, stop, content)]
            rows += 1
            end = start if stop is None else stop
            if first is None or start < first:
                first = start
            if last is None or end > last:
                last = end
        feed.programmes += total
        feed.unwanted += unwanted
        feed.first_start, feed.last_stop = first, last
        return rows

    def _unusual_start(self, block: str) -> tuple[str, str, str, int] | None:
        if block[:1] not in (" ", "\t", "\n", "/", ">"):
            return None  # an element whose name only begins like that
        tag = start_tag(block)
        if tag is None:
            self._note("unreadable_tag", f"<programme{block[:200]}")
            return None
        found = attributes(tag[0])
        start, stop = (self._clean_id(found.get(name, "")) for name in ("start", "stop"))
        return start, stop, found.get("channel", ""), tag[1]

    def _new_id(self, text: str) -> str:
        channel = self._clean_id(text)
        if not channel:
            self._note("no_channel", text)
        elif len(channel) > ID_LENGTH:
            self._note("long_id", channel)
            channel = ""
        if len(text) <= ID_LENGTH * 6 and len(self._ids) < MAX_CHANNELS * 2:
            self._ids[text] = channel
        return channel
