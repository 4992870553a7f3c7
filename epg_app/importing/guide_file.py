"""The file of a source: the last good one in the cache, a candidate beside it, or a file of the operator (30 §3.1, §4.1)."""

import hashlib
from collections.abc import Container
from pathlib import Path

from ecm_site.archives import ArchiveError, open_content
from epg_app.importing.choices import ReadingChoices
from epg_app.importing.decoding import HEAD, looks_like_guide, refuse_web_page
from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Findings
from epg_app.importing.guide_reader import Feed, GuideReader
from epg_app.importing.spool import Spool
from m3u_app.feeds.cached_file import CachedFile
from tasks_app.progress import Progress

ENDINGS = (".xml", ".xmltv")


class CachedGuide(CachedFile):
    """The guide of one source. Compressed guides stay compressed: unpacking takes a second or two, a gigabyte of disk per
    source is worse."""

    def __init__(self, source_id: int) -> None:
        super().__init__(f"guide-{source_id}", "xmltv")
        self._lock = self.path.with_suffix(".lock")

    def forget(self) -> None:
        super().forget()
        self._lock.unlink(missing_ok=True)


def content_digest(path: Path) -> str:
    """Fingerprint of a file, to tell whether anything changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def check_start(start: bytes) -> None:
    """Refuse a web page before all of it is loaded. For downloads; ``start`` may be packed."""
    refuse_web_page(start)


def read_guide(
    path: Path,
    choices: ReadingChoices,
    wanted: Container[str] | None,
    *,
    spool: Spool,
    findings: Findings,
    progress: Progress,
) -> Feed:
    """Read the guide at ``path``, packed or not, reporting progress in bytes of the file.

    A damaged archive is read as far as it goes, which becomes a finding. Raises :class:`GuideError` for what is no guide
    at all, and ``Cancelled``.
    """
    size = path.stat().st_size
    if not size:
        raise GuideError("The file is empty.")
    reader = GuideReader(choices, wanted, spool, findings)
    try:
        with open_content(path, wanted=ENDINGS, sniff=looks_like_guide, keep_readable=True) as content:
            refuse_web_page(content.peek(HEAD)[:HEAD])

            def on_piece(feed: Feed) -> None:
                progress.raise_if_cancelled()
                phase = "reading programmes" if feed.programmes else "reading channels"
                item = f"{feed.programmes:,} programmes, {len(feed.channels):,} channels"
                progress.report(phase=phase, current=min(content.bytes_in, size), total=size, item=item)

            progress.report(phase="unpacking" if content.form != "plain" else "reading channels", current=0, total=size)
            feed = reader.read(content, on_piece)
            if content.damage is not None:
                findings.note("archive", sample=str(content.damage))
    except ArchiveError as error:
        raise GuideError(str(error)) from error
    if not feed.channels:
        raise GuideError("No channels were found in this file. Is it really an XMLTV guide?")
    return feed
