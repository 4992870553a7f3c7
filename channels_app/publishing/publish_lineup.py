"""Builds a generation from the lineup and puts it live; writes copies for the command line."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils import timezone

from channels_app.publishing import generation as store
from channels_app.publishing.build_guide import build_guide
from channels_app.publishing.generation import Generation, Template
from channels_app.publishing.guide_file import unpacked
from channels_app.publishing.guide_text import guide_channels
from channels_app.publishing.lineup_report import make_report
from channels_app.publishing.lineup_rows import read_lineup, read_profiles
from channels_app.publishing.option_values import default_options
from channels_app.publishing.playlist_text import BASE, header_line, playlist_lines
from channels_app.publishing.templates_on_disk import write_template
from channels_app.publishing.tuner_text import TUNER_ID_SOURCE, lineup_json, lineup_xml, tuner_channels
from channels_app.publishing.variants import rebuild_used_variants
from tasks_app.progress import Progress


@dataclass(frozen=True)
class PublishReport:
    """``left_out`` = visible channels without a stream; ``files`` = what was written, as paths."""

    channels: int
    programmes: int
    left_out: int
    tuner_channels: int
    variants: int
    seconds: float
    files: list[str]


def publish_lineup(*, progress: Progress) -> PublishReport:
    """Build everything and put it live in one step. Until then, and on any failure, the old files stay.

    An empty lineup is published as valid, empty files: the live lineup shows what the operator made, and an operator who
    deletes every channel means it. Raises :class:`tasks_app.progress.Cancelled`.
    """
    started = time.monotonic()
    now = timezone.now()
    progress.report(phase="reading the lineup")
    lineup = read_lineup()
    profiles = read_profiles()
    options = default_options()
    with store.building() as folder:
        progress.report(phase="writing the guide", current=0, total=len(lineup.channels))
        shown = guide_channels(lineup.channels, options.tvg_id_source)
        entry_ids = {channel.entry_id for channel in lineup.channels if channel.entry_id}
        guide, blocks = build_guide(folder, shown, entry_ids, now=now, progress=progress)
        progress.report(phase="writing playlists")
        store.write_channels(folder, lineup.channels)
        store.write_blocks(folder, blocks)
        store.write_profiles(folder, profiles)
        tuner = tuner_channels(lineup.channels)
        made = Generation(
            name=store.new_name(now),
            made_at=now,
            seconds=0,
            tvg_id_source=options.tvg_id_source,
            channels=len(lineup.channels),
            guide=guide,
            playlist=write_template(
                folder, store.PLAYLIST, playlist_lines(lineup.channels, options.tvg_id_source, direct=False)
            ),
            tuner_lineup=write_template(folder, store.TUNER_LINEUP, lineup_json(tuner)),
            tuner_lineup_xml=write_template(folder, store.TUNER_LINEUP_XML, lineup_xml(tuner)),
            tuner_playlist=write_template(folder, store.TUNER_PLAYLIST, playlist_lines(tuner, TUNER_ID_SOURCE, direct=False)),
        )
        progress.raise_if_cancelled()
        progress.report(phase="writing variants in use")
        variants = _rebuild_variants(folder, made, progress)
        with_programmes = blocks.coming.keys() | blocks.coming_aside.keys()
        report = make_report(lineup, options.tvg_id_source, with_programmes, tuner_count=len(tuner))
        seconds = round(time.monotonic() - started, 2)
        made = replace(made, seconds=seconds, report=report)
        progress.raise_if_cancelled()
        store.go_live(folder, made)
    written = [store.PLAYLIST, store.GUIDE, store.TUNER_LINEUP, store.TUNER_LINEUP_XML, store.TUNER_PLAYLIST]
    return PublishReport(
        channels=made.channels,
        programmes=guide.programmes,
        left_out=len(lineup.without_stream),
        tuner_channels=len(tuner),
        variants=variants,
        seconds=seconds,
        files=[str(made.folder / name) for name in written],
    )


def write_copies(folder: Path, base: str) -> list[str]:
    """Write the current generation as plain files into ``folder``, with ``base`` as this server's address.

    Each file replaces an older one in one step. Returns their paths.
    """
    made = store.current_generation()
    folder.mkdir(parents=True, exist_ok=True)
    head = header_line(f"{base}/output/epg")
    tuner_head = header_line(f"{base}/output/epg?tvg_id_source={TUNER_ID_SOURCE}")
    paths = [
        _copy_template(made, made.playlist, folder / "lineup.m3u", base, head),
        _copy_template(made, made.tuner_lineup, folder / "hdhr" / "lineup.json", base),
        _copy_template(made, made.tuner_lineup_xml, folder / "hdhr" / "lineup.xml", base),
        _copy_template(made, made.tuner_playlist, folder / "hdhr" / "lineup.m3u", base, tuner_head),
    ]
    packed = made.folder / made.guide.file
    with _replacing(folder / "guide.xml") as plain, plain.open("wb") as file:
        for piece in unpacked(packed):
            file.write(piece)
    with _replacing(folder / "guide.xml.gz") as copy:
        shutil.copyfile(packed, copy)
    return [*map(str, paths), str(folder / "guide.xml"), str(folder / "guide.xml.gz")]


def _rebuild_variants(folder: Path, made: Generation, progress: Progress) -> int:
    try:
        previous = store.current_generation()
    except store.NothingPublished:
        return 0
    return rebuild_used_variants(previous, folder, made, progress=progress)


def _copy_template(made: Generation, template: Template, target: Path, base: str, head: str = "") -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(target) as copy, copy.open("wb") as file, (made.folder / template.file).open("rb") as source:
        file.write(head.encode())
        while data := source.read(1_048_576):
            file.write(data.replace(BASE.encode(), base.encode()))
    return target


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A path to write to; takes the place of ``target`` when all went well."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
