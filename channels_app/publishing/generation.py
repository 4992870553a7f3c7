"""Generations on disk: folders of published files, and the pointer to the current one (see the package's docstring)."""

import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from channels_app.publishing.guide_file import Block
from channels_app.publishing.lineup_rows import LineupChannel

logger = logging.getLogger(__name__)

POINTER = "current.json"
CHANNELS = "channels.jsonl"
BLOCKS = "blocks.json"
PROFILES = "profiles.json"
PLAYLIST = "lineup.m3u"
GUIDE = "guide.xml.gz"
SIDE_STORE = "more-programmes.gz"
TUNER_LINEUP = "tuner-lineup.json"
TUNER_LINEUP_XML = "tuner-lineup.xml"
TUNER_PLAYLIST = "tuner-lineup.m3u"
VARIANTS = "variants"


@dataclass(frozen=True)
class Template:
    """A stored text with ``bases`` placeholders for this server's address. ``size`` in bytes, placeholders included."""

    file: str
    size: int
    bases: int
    digest: str


@dataclass(frozen=True)
class GuideFile:
    """A packed guide. ``size`` is that of the XML, ``packed_size`` that of the file."""

    file: str
    size: int
    packed_size: int
    digest: str
    programmes: int


@dataclass(frozen=True)
class Generation:
    """What a published state consists of. ``report`` is for the publishing page (see :mod:`.lineup_report`)."""

    name: str
    made_at: datetime
    seconds: float
    tvg_id_source: str
    channels: int
    playlist: Template
    guide: GuideFile
    tuner_lineup: Template
    tuner_lineup_xml: Template
    tuner_playlist: Template
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return root() / self.name

    @property
    def variants_folder(self) -> Path:
        return self.folder / VARIANTS


@dataclass(frozen=True)
class BlockIndex:
    """Blocks by guide entry: programmes to come (in the guide or the side store) and those that are over."""

    coming: dict[int, Block]
    coming_aside: dict[int, Block]
    past: dict[int, Block]


class NothingPublished(Exception):
    """No generation was made yet."""


_cached: tuple[tuple[str, int, int, int], Generation] | None = None


def root() -> Path:
    return Path(settings.PUBLISH_DIR)


def current_generation() -> Generation:
    """The generation players get now; costs one ``stat`` while nothing changed.

    Raises :class:`NothingPublished`, also for a pointer written by a version of ECM with other files.
    """
    global _cached
    pointer = root() / POINTER
    try:
        stat = pointer.stat()
        stamp = (str(pointer), stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if _cached is None or _cached[0] != stamp:
            _cached = (stamp, _from_json(json.loads(pointer.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise NothingPublished from None
    except (ValueError, TypeError, KeyError) as error:
        logger.warning("[PUBLISH] %s cannot be used; a new publish replaces it: %s", pointer, error)
        raise NothingPublished from error
    return _cached[1]


@contextmanager
def building() -> Iterator[Path]:
    """An empty folder for the next generation; one builder at a time on this machine. Gone again unless it went live."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / ".publish.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in root().glob(".building-*"):  # of a builder that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        folder = root() / f".building-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def go_live(folder: Path, generation: Generation) -> None:
    """Make the finished ``folder`` the current generation in one step, and remove all but the one before it.

    The one before stays because a player may have been told its sizes a moment ago.
    """
    previous = _name_of_current()
    sync_folder(folder)
    folder.rename(generation.folder)
    sync_folder(root())
    write_durably(root() / POINTER, json.dumps(_to_json(generation), indent=1))
    sync_folder(root())
    for old in root().glob("generation-*"):
        if old.name not in (generation.name, previous):
            shutil.rmtree(old, ignore_errors=True)
    logger.info("[PUBLISH] %s is live: %s channels", generation.name, generation.channels)


def new_name(made_at: datetime) -> str:
    return f"generation-{made_at:%Y%m%d%H%M%S}-{secrets.token_hex(3)}"


def write_durably(path: Path, text: str) -> None:
    """Write a file so that it is either the old or the new one, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_channels(folder: Path, channels: list[LineupChannel]) -> None:
    with (folder / CHANNELS).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(channel) + "\n" for channel in channels)
        file.flush()
        os.fsync(file.fileno())


def read_channels(folder: Path) -> list[LineupChannel]:
    with (folder / CHANNELS).open(encoding="utf-8") as file:
        return [LineupChannel(*json.loads(line)) for line in file]


def write_profiles(folder: Path, members: dict[str, list[int]]) -> None:
    """``members``: ids of the channels of each channel profile, by its name in lower case."""
    write_durably(folder / PROFILES, json.dumps(members))


def read_profiles(folder: Path) -> dict[str, list[int]]:
    """What :func:`write_profiles` wrote; nothing in a generation of a version without profiles."""
    try:
        members: dict[str, list[int]] = json.loads((folder / PROFILES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return members


def write_blocks(folder: Path, blocks: BlockIndex) -> None:
    write_durably(folder / BLOCKS, json.dumps({name: list(part.items()) for name, part in vars(blocks).items()}))


def read_blocks(folder: Path) -> BlockIndex:
    stored = json.loads((folder / BLOCKS).read_text(encoding="utf-8"))
    return BlockIndex(**{name: {entry: Block(*block) for entry, block in part} for name, part in stored.items()})


def _name_of_current() -> str:
    try:
        return current_generation().name
    except NothingPublished:
        return ""


def _to_json(generation: Generation) -> dict[str, Any]:
    return {**asdict(generation), "made_at": generation.made_at.isoformat()}


def _from_json(values: dict[str, Any]) -> Generation:
    templates = ("playlist", "tuner_lineup", "tuner_lineup_xml", "tuner_playlist")
    return Generation(
        **{
            **values,
            "made_at": datetime.fromisoformat(values["made_at"]),
            "guide": GuideFile(**values["guide"]),
            **{name: Template(**values[name]) for name in templates},
        }
    )
