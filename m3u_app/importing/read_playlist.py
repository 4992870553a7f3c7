"""Reads an M3U playlist of any size and shape in flat memory (20 §3). Pure: no database, no network.

The bulk of a real playlist is pairs of lines that one regular expression cuts out of a block at once. A block that holds
anything else goes line by line through a small state machine; both cut the same raw entries, so marks agree.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from m3u_app.entries import (
    BAD_URL,
    LONG_LINE,
    LONG_URL,
    NO_URL,
    STRAY_URL,
    URL_LIMIT,
    Entry,
    ReadReport,
    content_marks,
    mark_key,
)
from m3u_app.importing.blocks import LINE_LIMIT, BlockReader, Readable
from m3u_app.importing.directives import Details, apply_directive, looks_playable, split_url
from m3u_app.importing.encoding import decode_lines
from m3u_app.importing.extinf import PLAIN_ATTRIBUTES, PLAIN_ENTRY, USUAL_GROUPS, parse_extinf, parse_header, usual_shape
from m3u_app.importing.fields import CATCHUP_DEFAULTS, make_entry, make_usual_entry, name_from_url

READER_VERSION = "1"
"""Part of every mark. Raise it when the same lines begin to mean something else; every entry is then read anew."""

GUIDE_ATTRIBUTES = ("url-tvg", "x-tvg-url", "tvg-url")
_KEPT_HEADER = (*CATCHUP_DEFAULTS, "tvg-shift", "refresh", "max-conn")
_MAX_GUIDES = 200

# Only at the start of a line: many keywords inside one long line would each be tried to its end.
_RAW_ENTRY = re.compile(rb"(?<![^\n])#EXTINF:[^\n]*\n(?:#(?:EXTVLCOPT|KODIPROP|EXTHTTP|EXTGRP):[^\n]*\n)*[^#\s][^\n]*\n")
_RAW_SIZE_LIMIT = LINE_LIMIT  # of the lines of one entry together; more directives are ignored
_EXTINF = b"#EXTINF:"
_EXTM3U = b"#EXTM3U"
_EXTGRP = b"#EXTGRP:"
_ENTRY_DIRECTIVES = (b"#EXTGRP:", b"#EXTVLCOPT:", b"#KODIPROP:", b"#EXTHTTP:", b"#EXTIMG:", b"#EXTALBUMARTURL:")
_BOM = b"\xef\xbb\xbf"
_BARE = b"#"  # first line of the raw entry of a bare address

OpenContent = Callable[[], AbstractContextManager[Readable]]


class PlaylistReader:
    """One reading of one playlist; see :class:`~m3u_app.entries.EntrySource` for the protocol.

    ``open_content`` opens the decompressed bytes; it is called a second time only for a file that starts with bare
    addresses, to learn whether an ``#EXTINF`` follows anywhere. ``charset`` is what the server declared.
    """

    def __init__(self, open_content: OpenContent, *, charset: str = "", size: int = 0) -> None:
        self.report = ReadReport()
        self.header: dict[str, Any] = {}
        self.size = size
        self._open_content = open_content
        self._charset = charset
        self._blocks: BlockReader | None = None
        self._encodings: tuple[str, ...] = ()
        self._defaults: dict[str, str] = {}
        self._key = b""
        self._shape: re.Pattern[str] | None = None  # that of the last usual entry
        self._block = b""
        self._block_line = 1  # number of the first line of the block
        self._raws: list[bytes] = []  # what was cut out of it
        self._places: dict[bytes, int] = {}  # where in it; filled when a place is asked for
        self._open: list[bytes] = []  # lines of the entry that waits for its address
        self._open_size = 0  # bytes in them; summing them up for each directive would take forever where there are many
        self._open_line = 0
        self._pending_group = b""
        self._is_bare: bool | None = None  # None = no address without #EXTINF met yet
        self._extinf_seen = False

    @property
    def position(self) -> int:
        """Bytes read so far, after decompression."""
        return self._blocks.bytes_read if self._blocks else 0

    def batches(self, salt: bytes = b"") -> Iterator[list[tuple[int, bytes]]]:
        """Yield (mark, raw entry) lists, one per block; counts what cannot be an entry on the way."""
        with self._open_content() as stream:
            self._blocks = BlockReader(stream, self._charset)
            for block in self._blocks:
                if not self._key:
                    self._start(block, salt)
                self._block = block
                self._raws, self._places = self._cut(block), {}
                self.report.seen += len(self._raws)
                yield list(zip(content_marks(self._raws, self._key), self._raws, strict=True))
                self._block_line += block.count(b"\n")
            self._close_open_entry()

    def parse(self, raw: bytes) -> Entry | None:
        """Turn a raw entry of the newest batch into an entry, or count why not."""
        text = decode_lines(raw, self._encodings)
        entry = self._parse_plain(text) if len(text) <= URL_LIMIT else None
        if entry is None:
            entry = self._parse_lines(raw, text)
        if entry is not None and not entry.name:
            return entry._replace(name=f"Stream {self._number_of(raw)}")
        return entry

    def _parse_plain(self, text: str) -> Entry | None:
        """Parse a well-formed entry with one or two matches; None when it needs the exact way."""
        usual = self._shape.fullmatch(text) if self._shape is not None else None
        if usual is not None:
            return make_usual_entry(*usual.group(*USUAL_GROUPS))
        plain = PLAIN_ENTRY.fullmatch(text)
        if plain is None:
            return None
        found = PLAIN_ATTRIBUTES(plain[1])
        if not self._defaults:
            self._shape = usual_shape(tuple(key for key, _ in found)) or self._shape
        attributes = {key.lower(): value for key, text in found if (value := text.strip())}
        return make_entry(attributes, plain[2].strip(), plain[3].strip(), defaults=self._defaults)

    # --- cutting -------------------------------------------------------------------------------------------------

    def _start(self, block: bytes, salt: bytes) -> None:
        """Before the first entry: settle encoding, header and the key of the marks."""
        assert self._blocks is not None  # noqa: S101 - set by the only caller
        self._encodings = self._blocks.encodings
        for line in block.split(b"\n", 200):
            stripped = line.strip()
            if stripped.removeprefix(_BOM)[:7].upper() == _EXTM3U:
                self._read_header(stripped.removeprefix(_BOM))
                break
            if stripped and (not stripped.startswith(b"#") or stripped[:8].upper() == _EXTINF):
                break
        defaults = [f"{key}={value}" for key, value in sorted(self._defaults.items())]
        self._key = mark_key(salt, READER_VERSION, *self._encodings, *defaults)

    def _cut(self, block: bytes) -> list[bytes]:
        if not self._open and not self._pending_group:
            raws: list[bytes] = _RAW_ENTRY.findall(block)
            if raws and sum(map(len, raws)) == len(block) and max(map(len, raws)) <= _RAW_SIZE_LIMIT:
                self._extinf_seen = True
                return raws
        return self._cut_lines(block)

    def _cut_lines(self, block: bytes) -> list[bytes]:
        raws: list[bytes] = []
        for number, full in enumerate(block.split(b"\n"), self._block_line):
            line = full.lstrip()
            if line.startswith(_BOM):
                line = line.removeprefix(_BOM).lstrip()
            if not line:
                continue
            if len(full) > LINE_LIMIT:
                self._drop_long_line(line, number)
            elif not line.startswith(b"#"):
                raw = self._address(line, number)
                if raw:
                    raws.append(raw)
            elif line.startswith(_EXTINF) or line[:8].upper() == _EXTINF:
                self._close_open_entry()
                self._open = [self._pending_group, line] if self._pending_group else [line]
                self._open_size = sum(map(len, self._open))
                self._open_line, self._pending_group, self._extinf_seen = number, b"", True
            else:
                self._directive(line)
        return raws

    def _address(self, line: bytes, number: int) -> bytes:
        """An address line closes the entry that is open, whatever it is (20 §3.5)."""
        if self._open:
            raw = b"\n".join((*self._open, line, b""))
            self._open = []
            return raw
        playable = looks_playable(decode_lines(line, self._encodings))
        if not playable and (self._extinf_seen or not self._in_bare_file()):
            return b""  # stray text
        if self._in_bare_file():
            group, self._pending_group = self._pending_group, b""
            return b"\n".join((group, _BARE, line, b"")) if group else b"\n".join((_BARE, line, b""))
        self.report.seen += 1
        self._drop(STRAY_URL, number, line)
        return b""

    def _directive(self, line: bytes) -> None:
        upper = line[:16].upper()
        if not self._open:
            if upper.startswith(_EXTGRP):
                self._pending_group = line
            elif upper.startswith(_EXTM3U) and self._extinf_seen:
                self._add_guides(parse_header(decode_lines(line, self._encodings)))  # a second playlist glued on
        elif upper.startswith(_ENTRY_DIRECTIVES) and self._open_size + len(line) <= _RAW_SIZE_LIMIT:
            self._open.append(line)
            self._open_size += len(line)

    def _drop_long_line(self, line: bytes, number: int) -> None:
        """Count a line that is too long; an address closes its entry, and a lost #EXTINF must not lend out its address."""
        is_extinf = line[:8].upper() == _EXTINF
        if is_extinf:
            self._close_open_entry()
            self._extinf_seen = True
        if not is_extinf and line.startswith(b"#"):
            self.report.lines_skipped += 1
            return
        self._open = []
        self.report.seen += 1
        self._drop(LONG_LINE, number, line)

    def _close_open_entry(self) -> None:
        if self._open:
            self.report.seen += 1
            self._drop(NO_URL, self._open_line, self._open[-1])
            self._open = []

    def _drop(self, reason: str, number: int, line: bytes) -> None:
        text = decode_lines(line[:1000], self._encodings).strip() if self.report.wants_sample(reason) else ""
        self.report.drop(reason, line=number, text=text)

    # --- the file as a whole -------------------------------------------------------------------------------------

    def _read_header(self, line: bytes) -> None:
        attributes = parse_header(decode_lines(line[:LINE_LIMIT], self._encodings))
        self.header = {key: attributes[key] for key in _KEPT_HEADER if key in attributes}
        self._defaults = {key: attributes[key] for key in CATCHUP_DEFAULTS if key in attributes}
        self._add_guides(attributes)
        if _EXTINF in line[7:].upper():
            self.report.notes.append("The first line holds entries without line breaks; those were skipped.")

    def _add_guides(self, attributes: dict[str, str]) -> None:
        guides: list[str] = self.header.get("guides", [])
        for key in GUIDE_ATTRIBUTES:
            guides.extend(part.strip() for part in attributes.get(key, "").split(","))
        guides = list(dict.fromkeys(guide for guide in guides if looks_playable(guide) and len(guide) <= URL_LIMIT))
        if guides:
            self.header["guides"] = guides[:_MAX_GUIDES]

    def _in_bare_file(self) -> bool:
        """True when the file has no #EXTINF at all, so that plain addresses are entries (20 §3.5)."""
        if self._extinf_seen:
            return False
        if self._is_bare is None:
            with self._open_content() as stream:
                self._is_bare = not any(has_extinf(block) for block in BlockReader(stream, self._charset))
        return self._is_bare

    # --- slow parsing --------------------------------------------------------------------------------------------

    def _parse_lines(self, raw: bytes, text: str) -> Entry | None:
        lines = [line.strip().removeprefix("\ufeff").strip() for line in text.rstrip("\n").split("\n")]
        details = Details()
        attributes: dict[str, str] = {}
        title, is_bare = "", False
        for line in lines[:-1]:
            if line[:8].upper() == "#EXTINF:":
                attributes, title = parse_extinf(line)
            elif line == "#":
                is_bare = True
            else:
                apply_directive(line, details)
        url = split_url(lines[-1], details.headers)
        if not url or len(url) > URL_LIMIT:
            reason = LONG_URL if url else BAD_URL
            line_number = self._line_of_address(raw) if self.report.wants_sample(reason) else 0
            self.report.drop(reason, line=line_number, text=lines[-1])
            return None
        return make_entry(
            attributes,
            title or (name_from_url(url) or _host_of(url) if is_bare else ""),
            url,
            extra_group=details.group,
            extra_logo=details.logo,
            extras=details.extras(),
            needs_drm=details.needs_drm,
            defaults=self._defaults,
        )

    def _number_of(self, raw: bytes) -> int:
        """Which entry of the file this is, from 1."""
        if not self._places:  # a list searched for each of ten thousand nameless entries would take seconds per block
            for place, known in enumerate(self._raws):
                self._places.setdefault(known, place)
        return self.report.seen - len(self._raws) + self._places[raw] + 1

    def _line_of_address(self, raw: bytes) -> int:
        """Find the line number of a raw entry's address in the current block."""
        at = self._block.find(raw)
        if at >= 0:
            at += len(raw) - 1
        else:  # comments or blanks between its lines: look for the address alone
            address = raw.rstrip(b"\n").rpartition(b"\n")[2]
            at = self._block.find(b"\n" + address + b"\n") + 1
        return self._block_line + self._block.count(b"\n", 0, at)


def has_extinf(block: bytes) -> bool:
    """True when a line of ``block`` begins with #EXTINF: in any case."""
    return _ANY_EXTINF.search(block) is not None


_ANY_EXTINF = re.compile(rb"^[ \t\xef\xbb\xbf]*#EXTINF:", re.IGNORECASE | re.MULTILINE)


def _host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]
