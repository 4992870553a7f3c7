"""Looks whether the pictures of the library can be loaded (10 §16, "Fix broken")."""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from channels_app.logos.addresses import stored_name_of
from channels_app.logos.edit_logos import adopt_used
from channels_app.logos.fetch_picture import fetch_picture, host_of, source_hosts
from channels_app.logos.pictures import NotAPicture
from channels_app.logos.store import stored_path
from channels_app.logos.thumbnails import keep
from channels_app.models import Logo
from ecm_site.conf import get_settings
from ecm_site.fetching.errors import FetchError
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

AT_ONCE = 8  # pictures loaded side by side
PER_HOST = 2  # of them from one host
PAUSE = 0.1  # seconds between two pictures from one host and line
SECONDS = 15.0  # a picture that takes longer helps nobody
TRIES = 2  # a server that was slow or busy for a moment is asked again
WRITTEN_AT_ONCE = 100
_PASSING = ("timeout", "refused", "interrupted")
_OTHER_PICTURES = (b"BM", b"\x00\x00\x01\x00", b"II*\x00", b"MM\x00*")  # BMP, ICO, TIFF: browsers may show them, we do not


@dataclass(frozen=True)
class Finding:
    """``problem`` "" = it can be loaded; None = not looked at, since it lies inside the local network."""

    logo_id: int
    problem: str | None


@dataclass(frozen=True)
class CheckReport:
    checked: int
    broken: int
    skipped: int
    adopted: int


def check_logos(*, progress: Progress, logo_ids: Sequence[int] = ()) -> CheckReport:
    """Load every logo (or some) once and note what is broken; what channels use is taken into the library first.

    A few at once, at most two from one host. Raises :class:`tasks_app.progress.Cancelled`; what was found until then stays.
    """
    adopted = 0
    if not logo_ids:
        progress.report(phase="collecting")
        adopted = len(adopt_used().logo_ids)
    logos = Logo.objects.filter(pk__in=list(logo_ids)) if logo_ids else Logo.objects.all()
    todo = list(logos.order_by("pk").values_list("pk", "url"))
    counts = {"checked": 0, "broken": 0, "skipped": 0}
    progress.report(phase="checking", current=0, total=len(todo))
    waiting: list[Finding] = []
    for done, finding in enumerate(_findings(todo, progress), 1):
        waiting.append(finding)
        counts["skipped" if finding.problem is None else "broken" if finding.problem else "checked"] += 1
        if len(waiting) >= WRITTEN_AT_ONCE:
            _store(waiting)
            waiting = []
        progress.report(current=done, succeeded=counts["checked"], failed=counts["broken"])
    _store(waiting)
    logger.info("[LOGOS] Checked %s logos: %s broken, %s skipped", len(todo), counts["broken"], counts["skipped"])
    return CheckReport(counts["checked"] + counts["broken"], counts["broken"], counts["skipped"], adopted)


def _findings(todo: list[tuple[int, str]], progress: Progress) -> Iterator[Finding]:
    """Findings as they come. On an exception (cancelled) the lines stop after the picture that each is at."""
    results: queue.SimpleQueue[Finding | Exception] = queue.SimpleQueue()
    stop = threading.Event()
    look = _Look(source_hosts(), keep_copies=get_settings().cache_logos, stop=stop)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="logos") as pool:
        try:
            for line in _lines(todo):
                pool.submit(_walk, line, look, results)
            for _ in todo:
                yield _next(results, progress)
        finally:
            stop.set()


def _next(results: "queue.SimpleQueue[Finding | Exception]", progress: Progress) -> Finding:
    while True:
        progress.raise_if_cancelled()
        try:
            found = results.get(timeout=0.5)
        except queue.Empty:
            continue
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(frozen=True)
class _Look:
    """What the lines need, looked up once: threads of their own must not open database connections."""

    hosts: frozenset[str]
    keep_copies: bool
    stop: threading.Event

    def __call__(self, logo_id: int, address: str) -> Finding:
        for attempt in range(1, TRIES + 1):
            try:
                data = self._load(address)
                if self.keep_copies and not _is_other_picture(data):
                    keep(address, data)
                return Finding(logo_id, "" if data else "The picture is empty.")
            except NotAPicture as error:
                return Finding(logo_id, str(error))
            except FetchError as error:
                if error.kind == "blocked" and "local network" in str(error):
                    return Finding(logo_id, None)
                if error.kind not in _PASSING or attempt == TRIES or self.stop.is_set():
                    return Finding(logo_id, str(error))
                time.sleep(PAUSE * 5)
        return Finding(logo_id, None)

    def _load(self, address: str) -> bytes:
        name = stored_name_of(address)
        if not name:
            return fetch_picture(address, seconds=SECONDS, hosts=self.hosts, should_stop=self.stop.is_set)
        path = stored_path(name)
        if path is None:
            raise NotAPicture("The uploaded file is gone. Upload it again.")
        return path.read_bytes()


def _walk(line: list[tuple[int, str]], look: _Look, results: "queue.SimpleQueue[Finding | Exception]") -> None:
    for logo_id, address in line:
        if look.stop.is_set():
            return
        try:
            results.put(look(logo_id, address))
        except Exception as error:  # raised again by the reader; a line must not die unheard
            results.put(error)
            return
        time.sleep(PAUSE)


def _lines(todo: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Pictures in lines to be walked one after another: at most :data:`PER_HOST` lines for a host, longest first."""
    by_host: dict[str, list[tuple[int, str]]] = {}
    for item in todo:
        by_host.setdefault(host_of(item[1]), []).append(item)
    lines = [line for items in by_host.values() for start in range(PER_HOST) if (line := items[start::PER_HOST])]
    return sorted(lines, key=len, reverse=True)


def _is_other_picture(data: bytes) -> bool:
    return data.startswith(_OTHER_PICTURES) or data[4:12] in (b"ftypavif", b"ftypavis")


def _store(findings: list[Finding]) -> None:
    now = timezone.now()
    rows = [(now, (finding.problem or "")[:255], finding.logo_id) for finding in findings if finding.problem is not None]
    if not rows:
        return
    quote = connection.ops.quote_name
    table = quote(Logo._meta.db_table)
    statement = f"UPDATE {table} SET {quote('checked_at')} = %s, {quote('problem')} = %s WHERE {quote('id')} = %s"  # noqa: S608
    stamped = [(connection.ops.adapt_datetimefield_value(at), problem, pk) for at, problem, pk in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(statement, stamped)
