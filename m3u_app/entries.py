"""What a provider hands to the importer: neutral entries, the same for playlists, Xtream servers and tuners (20 §3.6).

Reading happens in two steps so that a refresh that finds nothing new costs almost nothing. A source first yields *raw*
entries, each with a mark: a 64-bit fingerprint of everything the entry is made of. Only entries whose mark is not yet
stored are turned into an :class:`Entry`.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

DEFAULT_GROUP = "Default Group"
"""Group of entries that name none (20 §3.6)."""

NAME_LIMIT = 512
GROUP_LIMIT = 255
ID_LIMIT = 255
SHORT_LIMIT = 64
URL_LIMIT = 4096

# Why an entry was not imported. The operator reads these through DROP_REASONS.
NO_URL = "no_url"
BAD_URL = "bad_url"
LONG_URL = "long_url"
LONG_LINE = "long_line"
STRAY_URL = "stray_url"
PROTECTED = "protected"
NO_ID = "no_id"
DROP_REASONS: dict[str, str] = {
    NO_URL: "entries without an address",
    BAD_URL: "addresses that cannot be played",
    LONG_URL: "addresses longer than 4096 characters",
    LONG_LINE: "lines longer than 64 KB",
    STRAY_URL: "addresses without an #EXTINF line",
    PROTECTED: "copy-protected channels",
    NO_ID: "entries without the provider's id",
}

SAMPLES_PER_REASON = 5
SAMPLE_LENGTH = 160


class ProviderError(Exception):
    """The provider cannot be used now. The text is a sentence for the operator, credentials already masked."""


class Entry(NamedTuple):
    """One stream as the provider describes it; texts are already trimmed and cut to what the database holds.

    ``extras`` holds what goes out again verbatim, every part only when there is something in it:
    ``attributes`` {lower-case key: text} without those that have a column of their own, ``headers`` {name: text},
    ``vlc_opts`` ["key=value"], ``kodi_props`` ["key=value"].
    """

    name: str
    url: str
    tvg_id: str = ""
    tvg_name: str = ""
    logo_url: str = ""
    stream_chno: str | None = None  # decimal as text, see channel_number()
    station_id: str = ""
    provider_stream_id: str = ""
    is_adult: bool = False
    is_radio: bool = False
    is_catchup: bool = False
    catchup_days: int = 0
    needs_drm: bool = False
    extras: dict[str, Any] | None = None
    # Up to here the order is that of the importer's columns; what follows places the stream and identifies it.
    group: str = DEFAULT_GROUP
    group_key: str = ""  # the provider's category id, when it has one (Xtream)
    identity_key: str = ""  # replaces the address in the identity: Xtream stream id, tuner DeviceID + GuideNumber


@dataclass
class ReadReport:
    """What happened to entries that did not become streams. ``seen`` counts every entry, good or not."""

    seen: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Sentences for the operator about the source as a whole."""
    lines_skipped: int = 0
    """Lines that were too long and belong to no entry."""

    def drop(self, reason: str, *, line: int = 0, text: str = "") -> None:
        """Count one dropped entry and keep the first few as samples (line number from 1; 0 = not a text file)."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        samples = self.samples.setdefault(reason, [])
        if len(samples) < SAMPLES_PER_REASON:
            samples.append((line, text[:SAMPLE_LENGTH]))

    def wants_sample(self, reason: str) -> bool:
        return len(self.samples.get(reason, ())) < SAMPLES_PER_REASON


class GroupHint(NamedTuple):
    """A group the provider lists whether or not it holds streams now (Xtream category)."""

    name: str
    key: str = ""


class EntrySource(Protocol):
    """One reading of one provider. Use as a context manager; everything is read at most once, in order.

    ``batches`` raises :class:`ProviderError` when the source as a whole is no good.
    ``parse`` may only be called for entries of the batch that was yielded last.
    """

    report: ReadReport
    header: dict[str, Any]
    """What Account.playlist_header becomes: attributes of the header line, ``guides`` = list of guide addresses."""
    groups: list[GroupHint]
    account_changes: dict[str, Any]
    """Account columns the provider knows better (exp_date, provider_info, max_streams); written on success only."""
    size: int
    """Amount of work in the unit of ``position``; 0 = unknown."""

    def batches(self, salt: bytes) -> Iterator[list[tuple[int, Any]]]:
        """Yield lists of (mark, raw entry). ``salt`` goes into every mark: a new salt makes every entry new."""

    def parse(self, raw: Any) -> Entry | None:
        """Turn a raw entry into an entry, or count in ``report`` why not and return None."""

    @property
    def position(self) -> int:
        """How much of ``size`` is done."""

    def accept(self) -> None:
        """The importer found the content good: keep it as the copy to fall back on (20 §2.2 step 3)."""

    def __enter__(self) -> "EntrySource": ...

    def __exit__(self, *exc: object) -> None: ...


class ItemSource:
    """An :class:`EntrySource` over decoded items (dicts from a provider's API).

    ``to_entry`` maps one item, or drops it in the report it is given and returns None.
    ``salt`` names everything else the mapping depends on (account name, base address, user choices): when it changes,
    every entry is read anew.
    """

    BATCH = 500

    def __init__(
        self,
        items: Iterable[Mapping[str, Any]],
        to_entry: Callable[[Mapping[str, Any], ReadReport], Entry | None],
        *,
        salt: str = "",
        size: int = 0,
        groups: Iterable[GroupHint] = (),
        header: dict[str, Any] | None = None,
        account_changes: dict[str, Any] | None = None,
    ) -> None:
        self.report = ReadReport()
        self.header = header or {}
        self.groups = list(groups)
        self.account_changes = account_changes or {}
        self.size = size
        self._items = items
        self._to_entry = to_entry
        self._salt = salt

    def batches(self, salt: bytes) -> Iterator[list[tuple[int, Any]]]:
        key = mark_key(salt, self._salt)
        batch: list[tuple[int, Any]] = []
        for item in self._items:
            self.report.seen += 1
            text = json.dumps(item, sort_keys=True, ensure_ascii=False, default=str)
            batch.append((content_mark(text.encode("utf-8", "surrogatepass"), key), item))
            if len(batch) >= self.BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def parse(self, raw: Any) -> Entry | None:
        entry = self._to_entry(raw, self.report)
        return None if entry is None else storable(entry)

    @property
    def position(self) -> int:
        return self.report.seen

    def accept(self) -> None:
        return None

    def __enter__(self) -> "ItemSource":
        return self

    def __exit__(self, *exc: object) -> None:
        close = getattr(self._items, "close", None)
        if close is not None:
            close()


def storable(entry: Entry) -> Entry:
    """Return ``entry`` without what JSON can carry and a database cannot: NULs and halves of surrogate pairs."""
    texts = [value for value in entry if isinstance(value, str)]
    joined = "".join(texts)
    if joined.isascii() and "\0" not in joined:
        return entry
    try:
        joined.encode()
        if "\0" not in joined:
            return entry
    except UnicodeEncodeError:
        pass
    cleaned: dict[str, Any] = {name: _clean(value) for name, value in entry._asdict().items() if isinstance(value, str)}
    return entry._replace(**cleaned)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def mark_key(salt: bytes, *parts: str) -> bytes:
    """Condense everything that entries depend on besides their own text into a key (32 bytes) for :func:`content_mark`."""
    text = json.dumps(parts).encode()
    return hashlib.blake2b(salt + b"\0" + text, digest_size=32).digest()


def content_marks(contents: list[bytes], key: bytes) -> list[int]:
    """Return :func:`content_mark` of each of ``contents``, without a call for each."""
    blake2b, from_bytes, salt, person = hashlib.blake2b, int.from_bytes, key[:16], key[16:]
    return [
        from_bytes(blake2b(content, digest_size=8, salt=salt, person=person).digest(), "little", signed=True) or 1
        for content in contents
    ]


def content_mark(content: bytes, key: bytes) -> int:
    """Return the fingerprint of ``content`` as a signed 64-bit number, never 0 (0 = "no mark", as for typed-in streams)."""
    digest = hashlib.blake2b(content, digest_size=8, salt=key[:16], person=key[16:]).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


_CHNO = re.compile(r"\+?(\d{1,8})(?:\.(\d+))?", re.ASCII)


def channel_number(value: object) -> str | None:
    """Return a provider channel number as decimal text with at most 4 places ("2.1"), or None when it is none.

    Takes what providers send: numbers, texts, "None", empty, null (20 §1.6, §3.6).
    """
    text = str(value).strip() if value is not None else ""
    match = _CHNO.fullmatch(text)
    if match is None:
        return None
    whole, fraction = match[1].lstrip("0") or "0", (match[2] or "")[:4].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
