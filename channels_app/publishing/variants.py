"""Playlists and guides with options of their own, derived from a generation's files (see the package's docstring)."""

import fcntl
import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from channels_app.publishing.generation import (
    GUIDE,
    SIDE_STORE,
    VARIANTS,
    Generation,
    GuideFile,
    Template,
    read_blocks,
    read_channels,
    read_profiles,
    root,
    write_durably,
)
from channels_app.publishing.guide_file import Block, BlockReader, GuideWriter
from channels_app.publishing.guide_text import EPILOGUE, guide_channels, guide_head
from channels_app.publishing.lineup_rows import LineupChannel
from channels_app.publishing.option_values import BadOption, OutputOptions
from channels_app.publishing.playlist_text import DEFAULT_GROUP, playlist_lines
from channels_app.publishing.templates_on_disk import write_template
from channels_app.publishing.tuner_text import TUNER_ID_SOURCE, lineup_json, lineup_xml, tuner_channels
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

KEPT = {"guide": 12}  # of a kind and generation; the least recently used goes. Guides are large, the others are not
KEPT_OF_OTHERS = 60
WAITING_AT_MOST = 3  # requests of one process that wait for a builder; more are told to come back
WAIT_SECONDS = 45.0
IN_USE_DAYS = 3  # a variant fetched this recently is made again with the next generation

TUNER_KINDS: dict[str, Callable[[list[LineupChannel]], Iterator[str]]] = {
    "tuner_lineup": lineup_json,
    "tuner_lineup_xml": lineup_xml,
    "tuner_playlist": lambda channels: playlist_lines(channels, TUNER_ID_SOURCE, direct=False),
}

_PROGRAMME = re.compile(rb'<programme start="(\d{14}) \+0000" stop="(\d{14})')
_waiting = threading.BoundedSemaphore(WAITING_AT_MOST)

Made = TypeVar("Made", Template, GuideFile)


class UnknownProfile(LookupError):
    """The published lineup has no channel profile of that name. Answered with 404."""


class Busy(Exception):
    """Other variants are being built; come back in a few seconds. Answered with 503."""


def playlist_for(generation: Generation, options: OutputOptions) -> Template:
    """The playlist with ``options``; built on first use. Raises :class:`BadOption` (no such group), :class:`Busy`."""
    options = options.for_playlist()
    if options == OutputOptions(generation.tvg_id_source):
        return generation.playlist
    return _variant(generation, "playlist", options, Template)


def guide_for(generation: Generation, options: OutputOptions) -> GuideFile:
    """The guide with ``options``; built on first use. Raises :class:`BadOption` (no such group), :class:`Busy`."""
    options = options.for_guide()
    if options == OutputOptions(generation.tvg_id_source):
        return generation.guide
    return _variant(generation, "guide", options, GuideFile)


def tuner_for(generation: Generation, kind: str, profile: str) -> Template:
    """A tuner document (``tuner_lineup``, ``tuner_lineup_xml``, ``tuner_playlist``) of a channel profile, "" = of all.

    Raises :class:`UnknownProfile`, :class:`Busy`.
    """
    if not profile:
        found: Template = getattr(generation, kind)
        return found
    return _variant(generation, kind, OutputOptions(TUNER_ID_SOURCE, profile=profile.casefold()), Template)


def check_profile(generation: Generation, profile: str) -> None:
    """Raise :class:`UnknownProfile` unless the generation has it ("" = the whole lineup)."""
    _members(generation.folder, OutputOptions("", profile=profile.casefold()))


def rebuild_used_variants(previous: Generation, folder: Path, generation: Generation, *, progress: Progress) -> int:
    """Make the variants that players fetched lately again, in the ``folder`` of a generation that is not live yet.

    Returns how many. Raises :class:`tasks_app.progress.Cancelled`.
    """
    made = 0
    oldest = time.time() - IN_USE_DAYS * 86_400
    for record in sorted(previous.variants_folder.glob("*.json")):
        progress.raise_if_cancelled()
        try:
            if record.stat().st_mtime < oldest:
                continue
            stored = json.loads(record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            continue  # a web process cleared it away, or was stopped while it wrote
        options = _options(stored["options"])
        try:
            _build(folder, generation, stored["kind"], options)
        except (BadOption, UnknownProfile):
            continue  # its group or profile is gone
        os.utime(folder / VARIANTS / record.name, (record.stat().st_atime, record.stat().st_mtime))
        made += 1
    return made


def _variant(generation: Generation, kind: str, options: OutputOptions, form: type[Made]) -> Made:
    key = _key(kind, options)
    record = generation.variants_folder / f"{key}.json"
    stored = _stored(record, form)
    if stored is None:
        _members(generation.folder, options)
        _check_groups(options, read_channels(generation.folder))
        with _builder():
            stored = _stored(record, form)  # somebody else may have made it while we waited
            if stored is None:
                started = time.monotonic()
                _build(generation.folder, generation, kind, options)
                _drop_oldest(generation.variants_folder, kind)
                stored = _stored(record, form)
                logger.info("[PUBLISH] Built %s variant %s in %.1f s", kind, options, time.monotonic() - started)
    if stored is None:
        raise Busy
    return stored


def _stored(record: Path, form: type[Made]) -> Made | None:
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        os.utime(record)  # it is in use
    except FileNotFoundError:
        return None
    return form(**values["file"])


@contextmanager
def _builder() -> Iterator[None]:
    """Let one builder work on this machine, and only few wait: a player asking for odd things must not stop the pages."""
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        with (root() / ".variant.lock").open("w") as lock:
            ends = time.monotonic() + WAIT_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= ends:
                        raise Busy from None
                    time.sleep(0.1)
            yield
    finally:
        _waiting.release()


def _build(folder: Path, generation: Generation, kind: str, options: OutputOptions) -> None:
    channels = _chosen(options, read_channels(folder))
    members = _members(folder, options)
    if members is not None:
        channels = [channel for channel in channels if channel.id in members]
    target = folder / VARIANTS
    target.mkdir(mode=0o700, exist_ok=True)
    key = _key(kind, options)
    made: Template | GuideFile
    if kind == "playlist":
        name = f"{VARIANTS}/{key}.m3u"
        made = write_template(folder, name, playlist_lines(channels, options.tvg_id_source, direct=options.direct))
    elif kind in TUNER_KINDS:
        made = write_template(folder, f"{VARIANTS}/{key}.txt", TUNER_KINDS[kind](tuner_channels(channels)))
    else:
        name = f"{VARIANTS}/{key}.xml.gz"
        made = _build_guide(folder, name, channels, options=options, made_at=generation.made_at)
    record = {"kind": kind, "options": asdict(options), "file": asdict(made)}
    write_durably(target / f"{key}.json", json.dumps(record))


def _build_guide(
    folder: Path,
    name: str,
    channels: list[LineupChannel],
    *,
    options: OutputOptions,
    made_at: datetime,
) -> GuideFile:
    blocks = read_blocks(folder)
    shown = guide_channels(channels, options.tvg_id_source)
    until = _stamp(made_at + timedelta(days=options.days)) if options.days else b""
    since = _stamp(made_at - timedelta(days=options.previous_days))
    guide, aside = BlockReader(folder / GUIDE), BlockReader(folder / SIDE_STORE)
    try:
        with GuideWriter(folder / name) as writer:
            writer.write(guide_head(shown))
            for channel in shown:
                text = b""
                if options.previous_days and channel.entry_id in blocks.past:
                    text = _since(_renamed(aside, blocks.past[channel.entry_id], channel.attribute), since)
                for reader, part in ((guide, blocks.coming), (aside, blocks.coming_aside)):
                    if channel.entry_id in part:
                        coming = _renamed(reader, part[channel.entry_id], channel.attribute)
                        text += _until(coming, until) if until else coming
                        break
                if text:
                    writer.write(text)
            writer.write(EPILOGUE.encode())
            size, digest, programmes = writer.size, writer.digest, writer.programmes
    finally:
        guide.close()
        aside.close()
    return GuideFile(name, size, (folder / name).stat().st_size, digest, programmes)


def _renamed(reader: BlockReader, block: Block, attribute: str) -> bytes:
    """A block's programmes under another output id. The text sought cannot occur elsewhere: ``>`` is always escaped."""
    data = reader.read(block)
    if block.id_attribute == attribute:
        return data
    return data.replace(f'channel="{block.id_attribute}">'.encode(), f'channel="{attribute}">'.encode())


def _since(data: bytes, stamp: bytes) -> bytes:
    """Without the programmes that ended at ``stamp`` or before."""
    for found in _PROGRAMME.finditer(data):
        if found[2] > stamp:
            return data[found.start() :]
    return b""


def _until(data: bytes, stamp: bytes) -> bytes:
    """Without the programmes that begin at ``stamp`` or later."""
    for found in _PROGRAMME.finditer(data):
        if found[1] >= stamp:
            return data[: found.start()]
    return data


def _stamp(moment: datetime) -> bytes:
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}".encode()


def _chosen(options: OutputOptions, channels: list[LineupChannel]) -> list[LineupChannel]:
    if not options.groups:
        return channels
    wanted = _check_groups(options, channels)
    return [channel for channel in channels if _group_key(channel.group) in wanted]


def _members(folder: Path, options: OutputOptions) -> set[int] | None:
    """Ids of the channels of the wanted profile, None = no profile is wanted. Raises :class:`UnknownProfile`."""
    if not options.profile:
        return None
    known = read_profiles(folder)
    if options.profile not in known:
        raise UnknownProfile(options.profile)
    return set(known[options.profile])


def _check_groups(options: OutputOptions, channels: Iterable[LineupChannel]) -> set[str]:
    known = {_group_key(channel.group) for channel in channels} if options.groups else set()
    for group in options.groups:
        if _group_key(group) not in known:
            raise BadOption(f"There is no group “{group[:100]}” in the published lineup.")
    return {_group_key(group) for group in options.groups}


def _group_key(name: str) -> str:
    return (name or DEFAULT_GROUP).casefold()


def _key(kind: str, options: OutputOptions) -> str:
    text = json.dumps([kind, asdict(options)], sort_keys=True)
    return f"{kind}-{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"


def _options(stored: dict[str, Any]) -> OutputOptions:
    return OutputOptions(**{**stored, "groups": tuple(stored["groups"])})


def _drop_oldest(folder: Path, kind: str) -> None:
    records = sorted(folder.glob(f"{kind}-*.json"), key=lambda record: record.stat().st_mtime, reverse=True)
    for record in records[KEPT.get(kind, KEPT_OF_OTHERS) :]:
        for path in folder.glob(f"{record.stem}.*"):
            path.unlink(missing_ok=True)
