"""Temporary files that a process left behind: uploads nobody claimed, half-finished downloads, work folders."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings

from tasks_app.cleanup.steps import Cleared, Context, register_step

logger = logging.getLogger(__name__)

STALE_HOURS = 24.0  # nothing works on one file for longer: runs are stopped after six hours

Places = Callable[[], Iterator[Path]]
_places: list[Places] = []


def register_places(places: Places) -> Places:
    """Have what ``places()`` yields removed once nobody has written to it for a day. Yield only what is ours to remove."""
    _places.append(places)
    return places


def clear(context: Context) -> Cleared:
    """Remove what is stale. A file that cannot be removed is logged and left."""
    stale_since = context.now.timestamp() - STALE_HOURS * 3600
    removed = size = 0
    for places in _places:
        for path in places():
            context.progress.raise_if_cancelled()
            if not _is_stale(path, stale_since):
                continue
            bytes_held = _size(path)
            if context.dry_run or _remove(path):
                removed += 1
                size += bytes_held
    return Cleared(removed, note=f"{size / 1_048_576:,.1f} MB" if removed else "")


@register_places
def _work_folder() -> Iterator[Path]:
    yield from Path(settings.TEMP_DIR).iterdir()


@register_places
def _half_written_settings() -> Iterator[Path]:
    yield from Path(settings.CONFIG_DIR).glob(".settings-*")


@register_places
def _unclaimed_uploads() -> Iterator[Path]:
    for folder in Path(settings.UPLOAD_DIR).glob("pending-*"):
        if folder.is_dir() and not folder.is_symlink():
            yield from folder.iterdir()


@register_places
def _unfinished_downloads() -> Iterator[Path]:
    yield from Path(settings.SOURCE_CACHE_DIR).glob(".*.part")
    yield from Path(settings.SOURCE_CACHE_DIR).glob("*.candidate")
    yield from Path(settings.SOURCE_CACHE_DIR).glob("m3u-unsaved-*")


@register_places
def _unfinished_generations() -> Iterator[Path]:
    yield from Path(settings.PUBLISH_DIR).glob(".building-*")


def _is_stale(path: Path, since: float) -> bool:
    """Whether neither the path nor anything directly in it was written, made, linked or renamed since."""
    try:
        newest = _touched(path)
        if path.is_dir() and not path.is_symlink():
            newest = max([newest, *(_touched(part) for part in path.iterdir())])
    except OSError:  # gone meanwhile, or not ours to look at
        return False
    return newest < since


def _touched(path: Path) -> float:
    """A second name of an old file, made a moment ago, is as old as the file but for the time of its last change of state."""
    state = path.lstat()
    return max(state.st_mtime, state.st_ctime)


def _size(path: Path) -> int:
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(part.lstat().st_size for part in path.rglob("*"))
        return path.lstat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> bool:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("[CLEANUP] %s could not be removed: %s", path.name, error)
        return False
    logger.info("[CLEANUP] Removed %s, left behind", path.name)
    return True


register_step("temporary_files", "Temporary files left behind", clear, order=80)
