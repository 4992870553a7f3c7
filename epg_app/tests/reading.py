"""Helpers: read a guide from bytes without a database."""

import io
import tempfile
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epg_app.importing.airing_rules import TidyRow, tidy
from epg_app.importing.choices import ReadingChoices
from epg_app.importing.findings import Findings
from epg_app.importing.guide_reader import Feed, GuideReader
from epg_app.importing.programme_reader import ProgrammeReader
from epg_app.importing.spool import Spool

START = "20250301200000 +0000"


@dataclass
class Read:
    """What came out of a guide: ``programmes`` by channel, tidied."""

    feed: Feed
    programmes: dict[str, list[TidyRow]]
    findings: Findings

    def titles(self, channel: str = "a") -> list[str]:
        return [row.content[0] for row in self.programmes.get(channel, [])]


def read(
    document: bytes | str,
    *,
    choices: ReadingChoices | None = None,
    wanted: Container[str] | None = None,
    on_piece: Callable[[Feed], None] = lambda feed: None,
) -> Read:
    data = document.encode() if isinstance(document, str) else document
    findings = Findings()
    with Spool(Path(tempfile.gettempdir())) as spool:
        feed = GuideReader(choices or ReadingChoices(), wanted, spool, findings).read(io.BytesIO(data), on_piece)
        programmes = {
            channel: tidy(spool.rows_of(channel), lambda kind, text: findings.note(kind, sample=text))
            for channel in spool.channels()
        }
    return Read(feed, programmes, findings)


def tv(*elements: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<tv>\n' + "\n".join(elements) + "\n</tv>\n"


def channel(tvg_id: str = "a", *names: str, inside: str = "") -> str:
    shown = "".join(f"<display-name>{name}</display-name>" for name in names or (tvg_id.upper(),))
    return f'<channel id="{tvg_id}">{shown}{inside}</channel>'


def programme(start: str = START, stop: str | None = None, inside: str = "<title>T</title>", tvg_id: str = "a") -> str:
    ending = "" if stop is None else f' stop="{stop}"'
    return f'<programme start="{start}"{ending} channel="{tvg_id}">{inside}</programme>'


def content_of(inside: str, language: str = "") -> dict[str, Any]:
    """The fields of one programme with the given children."""
    import json

    reader = ProgrammeReader(ReadingChoices(language=language), lambda kind, text: None)
    title, sub_title, description, categories, season, episode, icon, extra, length = reader.read(f"{inside}</programme>", 0)
    return {
        "title": title,
        "sub_title": sub_title,
        "description": description,
        "categories": json.loads(categories),
        "season": season,
        "episode": episode,
        "icon": icon,
        "extra": json.loads(extra),
        "length": length,
    }


def clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
