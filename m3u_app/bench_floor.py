"""The floors of the import benchmark: what a plain script would need for the same work. A process of its own runs it."""

import json
import re
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

ATTRIBUTE = re.compile(r'([a-zA-Z0-9_.-]+)="([^"]*)"')
_COLUMNS = (
    "account_id, group_id, name, url, tvg_id, tvg_name, logo_url, stream_chno, station_id, provider_stream_id, is_adult,"
    " is_radio, is_catchup, catchup_days, needs_drm, extras, stream_hash, content_mark, is_custom, is_stale, first_seen,"
    " updated_at"
)


def parse_plainly(path: Path) -> tuple[int, list[tuple[Any, ...]]]:
    """Parse line by line with one regular expression, as anybody would write it; returns entries and rows."""
    rows: list[tuple[Any, ...]] = []
    info: str | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for raw_line in file:
            line = raw_line.strip()
            if line.startswith("#EXTINF:"):
                info = line
            elif line and not line.startswith("#") and info is not None:
                attributes = {key.lower(): value for key, value in ATTRIBUTE.findall(info)}
                after = info.rfind('"') + 1 or len("#EXTINF:")
                name = info[info.find(",", after) + 1 :].strip() or attributes.get("tvg-name", "")
                rows.append(
                    (
                        attributes.get("group-title", "") or "Default Group",
                        name,
                        line,
                        attributes.get("tvg-id", ""),
                        attributes.get("tvg-name", ""),
                        attributes.get("tvg-logo", ""),
                        attributes.get("tvg-chno"),
                        attributes.get("tvc-guide-stationid", ""),
                    )
                )
                info = None
    return len(rows), rows


def insert_plainly(template: Path, target: Path) -> tuple[float, float]:
    """Copy all streams of ``template`` into an empty table of the same shape with one ``executemany``.

    Returns seconds by the clock and of processor time.

    Making the rows is not counted, and the search index, which the floor knows nothing of, is left out.
    """
    source = sqlite3.connect(template)
    rows = source.execute(f"SELECT {_COLUMNS} FROM m3u_app_stream ORDER BY id").fetchall()  # noqa: S608
    shape = [
        sql
        for (sql,) in source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'm3u_app_stream' AND type IN ('table', 'index') AND sql IS NOT NULL"
        )
    ]
    source.close()
    connection = sqlite3.connect(target, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000")
    for statement in shape:
        connection.execute(statement)
    marks = ", ".join("?" * len(_COLUMNS.split(",")))
    started, cpu = time.perf_counter(), time.process_time()
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO m3u_app_stream ({_COLUMNS}) VALUES ({marks})", rows)  # noqa: S608
    connection.execute("COMMIT")
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    connection.close()
    return seconds, cpu_seconds


def main() -> None:
    """``parse PLAYLIST`` or ``insert DATABASE TARGET``; prints one JSON object."""
    if sys.argv[1] == "parse":
        started = time.perf_counter()
        entries, _ = parse_plainly(Path(sys.argv[2]))
        print(json.dumps({"seconds": time.perf_counter() - started, "entries": entries}))
    else:
        seconds, cpu_seconds = insert_plainly(Path(sys.argv[2]), Path(sys.argv[3]))
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds}))


if __name__ == "__main__":
    main()
