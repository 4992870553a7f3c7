"""Looks at a guide before anything is saved: its first 64 KB (30 §2, like 20 §1.4)."""

import io
import logging
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from ecm_site.archives import ZIP_MAGICS, ArchiveError, head_of, open_content
from ecm_site.http import FetchError, FetchPolicy, fetch_head
from ecm_site.unpacking import GZIP_MAGIC, XZ_MAGIC
from ecm_site.wording import counted
from epg_app.import_guide import choices_of
from epg_app.importing.decoding import HEAD, looks_like_guide, refuse_web_page
from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Effect, Findings
from epg_app.importing.guide_file import ENDINGS
from epg_app.importing.guide_reader import Feed, GuideReader
from epg_app.importing.spool import Spool
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import FIELDS, SourceRefused, SourceValues, settled
from m3u_app.providers.registry import TestReport
from tasks_app.mirror.state import is_connected

logger = logging.getLogger(__name__)

TEST_BYTES: Final = 65_536
NAMED_CHANNELS: Final = 3
CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 10.0, 20.0, 30.0
_UNNAMED: Final = "(not saved yet)"
_CONNECTION: Final = frozenset({"url", "file_path", "guide_file", "source_type", "assume_timezone"})
_FORMS: Final = ((GZIP_MAGIC, "gz"), (XZ_MAGIC, "xz"), *((magic, "zip") for magic in ZIP_MAGICS))


@dataclass(frozen=True)
class _Start:
    """The first bytes of a guide, ``size`` of the whole (0 = not told)."""

    data: bytes
    size: int
    is_whole: bool


def try_source(values: SourceValues, current: GuideSource | None = None, *, own_host: str = "") -> TestReport:
    """Fetch the first 64 KB and say what is in them. Nothing is written.

    Raises :class:`SourceRefused` when it is not said where the guide is; other fields do not matter here.
    """
    source = _source_of(values, current, own_host)
    try:
        start = _start_of(source)
        report = _tested(source, start)
    except (FetchError, GuideError, ArchiveError) as error:
        logger.info("[EPG] Test of a guide failed: %s", error)
        return TestReport(ok=False, message=str(error), facts=_note())
    return report


def _source_of(values: SourceValues, current: GuideSource | None, own_host: str) -> GuideSource:
    try:
        ready = settled(values, current, own_host=own_host)
    except SourceRefused as refusal:
        relevant = {field: text for field, text in refusal.errors.items() if field in _CONNECTION}
        if relevant:
            raise SourceRefused(relevant) from None
        plain = replace(values, name=_UNNAMED, priority=0, refresh_interval=0, time_shift_minutes=0)
        ready = settled(replace(plain, preferred_language="", user_agent=""), current, own_host=own_host)
    return GuideSource(**{field: getattr(ready, field) for field in FIELDS})


def _start_of(source: GuideSource) -> _Start:
    if source.source_type == SourceType.XMLTV_FILE:
        path = Path(source.file_path)
        with path.open("rb") as file:
            data, size = file.read(TEST_BYTES), path.stat().st_size
        return _Start(data, size, is_whole=size <= len(data))
    policy = FetchPolicy(
        user_agent=source.user_agent,
        allow_private=source.allow_private_addresses,
        auth=(source.username, source.password) if source.username else None,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        total_timeout=TOTAL_SECONDS,
    )
    head = fetch_head(source.url, policy=policy, max_bytes=TEST_BYTES)
    return _Start(head.data, head.total or (len(head.data) if head.complete else 0), head.complete)


def _tested(source: GuideSource, start: _Start) -> TestReport:
    if not start.data.strip():
        raise GuideError("The guide is empty.")
    head = head_of(start.data, HEAD)
    refuse_web_page(head)
    if not looks_like_guide(head):
        raise GuideError(_what_else(start.data))
    findings = Findings()
    with Spool(Path(settings.TEMP_DIR)) as spool:
        feed = GuideReader(choices_of(source), None, spool, findings).read(io.BytesIO(head), lambda feed: None)
    facts = [
        ("Format", f"XMLTV, packed as {packed}" if (packed := _packed(start.data)) else "XMLTV"),
        ("Size", filesizeformat(start.size) if start.size else "not told"),
        ("Channels so far", _channels(feed)),
        ("Programmes so far", _programmes(feed)),
    ]
    is_whole = start.is_whole and len(head) < HEAD  # what was packed may be longer than what was unpacked of it
    if is_whole:
        facts = [(label.replace(" so far", ""), value) for label, value in facts]
    if is_whole and (unusable := findings.total(Effect.SKIPPED)):
        facts.append(("Could not be used", counted(unusable, "item")))
    if not feed.channels:
        words = "There is not a single channel in it." if is_whole else "No channel is among the first 64 KB."
        return TestReport(ok=not is_whole, message=f"This is an XMLTV guide. {words}", facts=[*facts, *_note()])
    return TestReport(ok=True, message="This is an XMLTV guide.", facts=[*facts, *_note()])


def _channels(feed: Feed) -> str:
    names = [channel.name for channel in list(feed.channels.values())[:NAMED_CHANNELS]]
    more = ", …" if len(feed.channels) > len(names) else ""
    return f"{len(feed.channels):,}" + (f": {', '.join(name[:60] for name in names)}{more}" if names else "")


def _programmes(feed: Feed) -> str:
    if feed.first_start is None:
        return f"{feed.programmes:,}"
    begins = timezone.localtime(datetime.fromtimestamp(feed.first_start, UTC))
    return f"{feed.programmes:,}, the earliest on {begins:%Y-%m-%d %H:%M}"


def _packed(data: bytes) -> str:
    return next((name for magic, name in _FORMS if data.startswith(magic)), "")


def _what_else(data: bytes) -> str:
    """What it is instead of a guide, as far as that can be told."""
    with tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix="guide-test-") as file:
        file.write(data)
        file.flush()
        try:
            with open_content(Path(file.name), wanted=ENDINGS, sniff=looks_like_guide, keep_readable=True):
                pass
        except ArchiveError as error:
            if error.kind == "unsupported":
                return str(error)
    begins = "".join(char for char in head_of(data, 200).decode("utf-8", "replace") if char.isprintable())[:60]
    return f"This is no XMLTV guide. It begins with “{begins}”."


def _note() -> list[tuple[str, str]]:
    """Who asked: a server in another network may get another answer."""
    if not is_connected():
        return []
    return [("Asked by", "ECM. Dispatcharr reads the guide itself, perhaps from another network.")]
