"""The file of a source: the last good one in the cache, a candidate beside it, or a file of the operator (30 §3.1, §4.1)."""

import hashlib
import os
import shutil
from collections.abc import Container
from pathlib import Path

from django.conf import settings

from ecm_site.archives import ArchiveError, open_content
from epg_app.importing.choices import ReadingChoices
from epg_app.importing.decoding import HEAD, looks_like_guide, refuse_web_page
from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Findings
from epg_app.importing.guide_reader import Feed, GuideReader
from epg_app.importing.spool import Spool
from tasks_app.progress import Progress

ENDINGS = (".xml", ".xmltv")


class CachedGuide:
    """Where the guide of one source lies as it came over the wire. Compressed guides stay compressed: unpacking takes a
    second or two, a gigabyte of disk per source is worse.

    ``candidate`` starts as a second name of the good copy, so that a conditional request has something to be conditional
    on; a download replaces only that name.
    """

    def __init__(self, source_id: int) -> None:
        folder = Path(settings.SOURCE_CACHE_DIR)
        self.path = folder / f"guide-{source_id}.xmltv"
        self.candidate = folder / f"guide-{source_id}.candidate"
        self._lock = folder / f"guide-{source_id}.lock"

    def prepare(self, *, conditional: bool) -> None:
        """Make ``candidate`` name the good copy, or nothing when the request shall not be conditional."""
        self.candidate.parent.mkdir(parents=True, exist_ok=True)
        self.candidate.unlink(missing_ok=True)
        if conditional and self.path.exists():
            try:
                os.link(self.path, self.candidate)
            except OSError:  # a file system without hard links
                shutil.copyfile(self.path, self.candidate)

    def accept(self) -> None:
        """The candidate is good: it becomes the copy."""
        os.replace(self.candidate, self.path)

    def reject(self) -> None:
        """Forget the candidate, if there is one; the good copy stays."""
        self.candidate.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove everything (the source is deleted)."""
        for path in (self.path, self.candidate, self._lock):
            path.unlink(missing_ok=True)


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
