"""Settings that name rows by their ids. They mean nothing with other rows, so a backup has them, and going back sets them.

All other settings stay as they are. A backup that was taken before ECM kept them brings none: they become empty.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecm_site.conf import EcmSettings, get_settings, save_settings, value_problem

logger = logging.getLogger(__name__)

TABLE = "kept_settings"
"""In the file of a backup only."""
_names: set[str] = set()


def register_row_setting(name: str) -> None:
    """The setting ``name`` holds ids of rows. Apps say it at start."""
    _names.add(name)


def write_settings(database: sqlite3.Connection) -> None:
    """Put what is set now into the file of a backup."""
    database.execute(f"CREATE TABLE {TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    rows = [(name, json.dumps(value)) for name, value in _now().items()]
    database.executemany(f"INSERT INTO {TABLE} (name, value) VALUES (?, ?)", rows)  # noqa: S608 - our own name


def settings_in(backup: Path) -> dict[str, Any]:
    """What was set when the backup was taken. Raises ``sqlite3.Error``."""
    database = sqlite3.connect(f"file:{backup}?mode=ro", uri=True, timeout=5)
    try:
        is_there = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [TABLE]).fetchone()
        rows = database.execute(f"SELECT name, value FROM {TABLE}").fetchall() if is_there else []  # noqa: S608 - our own name
    finally:
        database.close()
    stored = {name: _frozen(json.loads(value)) for name, value in rows if name in _names}
    return _nothing() | {name: value for name, value in stored.items() if not value_problem(name, value)}


@contextmanager
def settings_of_then(then: dict[str, Any]) -> Iterator[None]:
    """Inside, the rows are exchanged for those that ``then`` is about.

    Nothing is set meanwhile: ids of one side must not be taken for rows of the other. So a kill in between, at worst, leaves
    them empty. When it fails, they are what they were. Raises ``OSError`` when they cannot be written; then nothing has
    changed.
    """
    now = _now()
    if now == then:
        yield
        return
    save_settings(**_nothing())
    try:
        yield
    except Exception:
        save_settings(**now)
        raise
    try:
        save_settings(**then)
    except OSError:  # the rows are exchanged: that is no failure any more
        logger.exception("[BACKUP] Settings that name rows could not be written and are empty: %s", ", ".join(sorted(then)))


def _now() -> dict[str, Any]:
    record = get_settings()
    return {name: getattr(record, name) for name in _names}


def _nothing() -> dict[str, Any]:
    record = EcmSettings()
    return {name: getattr(record, name) for name in _names}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
