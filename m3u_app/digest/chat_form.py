"""The digest as chat messages for Discord and Telegram: split at a length, never inside a line (20 §11)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ecm_site.wording import counted
from m3u_app.digest import words
from m3u_app.digest.collect import Digest
from tasks_app.alerts.channels.discord import escaped
from tasks_app.alerts.clean_text import fitted, units

ROWS, NAMES, MOST_ROWS = 15, 5, 120
SPLIT_AT = 1900
MOST_MESSAGES = 8
TELEGRAM_SPLIT_AT = 3000
_HEADINGS_ROOM = 400


@dataclass(frozen=True)
class Script:
    """How a service writes: ``escape`` makes text inert, ``bold`` sets a heading."""

    escape: Callable[[str], str]
    bold: Callable[[str], str]
    limit: int


DISCORD = Script(escaped, lambda text: f"**{text}**", SPLIT_AT)
PLAIN = Script(lambda text: text, lambda text: text, TELEGRAM_SPLIT_AT)


def written_messages(digest: Digest, script: Script, *, detailed: bool) -> list[str]:
    """At most MOST_MESSAGES messages; what has no room is named as a number and found behind the link."""
    found: list[str] = []
    link = words.changes_link(digest)
    end = f"All changes: {link}" if link else script.escape("All changes are on the page “Changes” of ECM.")
    room = script.limit - units(end) - 2
    current = "\n".join(_head(digest, script))
    for heading, line in _lines(digest, script, detailed=detailed):
        text = fitted(line, room - _HEADINGS_ROOM)
        if units(current) + 1 + units(text) <= room:
            current += f"\n{text}"
            continue
        if len(found) == MOST_MESSAGES - 1:
            current += "\n…"
            break
        found.append(current)
        current = f"{script.bold(f'{heading} (continued)')}\n{text}" if heading else text
    return [*found, f"{current}\n{end}"]


def _head(digest: Digest, script: Script) -> Iterator[str]:
    if digest.is_sample:
        yield script.bold(script.escape(words.SAMPLE_MARK))
    yield script.bold(script.escape(f"M3U digest: {words.title(digest)}"))
    if digest.since:
        yield script.escape(f"Since {words.moment(digest.since)}")
    yield script.escape(", ".join(f"{number:,} {label}" for label, number in words.counts(digest)))
    if digest.in_use:
        yield script.escape(f"{counted(digest.in_use, 'removed stream')} used by channels")


def _lines(digest: Digest, script: Script, *, detailed: bool) -> Iterator[tuple[str, str]]:
    """(account as its heading, line), everything escaped."""
    found = words.parts(digest, detailed=detailed, rows=ROWS, names=NAMES, most_rows=MOST_ROWS, all_or_none=True)
    for part in found:
        heading = script.escape(part.name)
        yield "", f"\n{script.bold(heading)}"
        for block in part.blocks:
            yield heading, script.escape(block.heading)
            for line in block.lines:
                yield heading, f"• {script.escape(line.plain)}"
            if block.more:
                yield heading, script.escape(f"… and {block.more:,} more")
