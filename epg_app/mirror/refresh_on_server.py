"""Has the mirrored server refresh its guides, and waits for that honestly (30 §3.2).

The server answers 202 to everything and tells nothing about the job itself. ``status`` turns to success twice, after the
channels and after the programmes; only a new ``updated_at`` says that both are done. A failure leaves ``updated_at`` alone.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, NotFound, Rejected
from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from ecm_site.masking import mask_text
from epg_app.mirror.guide_sources import note_books
from epg_app.mirror.wait_for_delivery import NotDelivered, wait_for_delivery
from epg_app.models import BUSY_STATUSES, GuideSource, SourceStatus, SourceType
from epg_app.source_state import set_source
from m3u_app.feeds.status_words import words_for
from m3u_app.providers.loose_values import text_of
from tasks_app.mirror.links import StoredLinks
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

FIRST_POLLS: Final = (0.5, 0.5, 1.0, 1.0, 2.0, 3.0)  # small guides are done in two seconds
POLL_SECONDS: Final = 5.0
GIVE_UP_SECONDS: Final = 15 * 60.0
ASK_AGAIN_SECONDS: Final = 60.0  # a request right after another refresh may have been dropped without a word
STARTS_BY_ITSELF_SECONDS: Final = 10.0  # a new source
SAME_ERROR_SECONDS: Final = 20.0  # a refresh that fails as the one before can do so between two looks
AWAY_SECONDS: Final = 180.0  # how long a server may be silent meanwhile
SLICE: Final = 0.25  # within which a cancel is noticed

sleep: Callable[[float], None] = time.sleep
clock: Callable[[], float] = time.monotonic


class Outcome(Enum):
    DONE = "done"
    FAILED = "failed"
    STILL_RUNNING = "still running"


@dataclass(frozen=True)
class Ended:
    """How the refresh of one source ended; ``message`` is a masked sentence."""

    source_id: int
    name: str
    outcome: Outcome
    message: str


@dataclass
class _Watched:
    """A source whose refresh is waited for."""

    source_id: int
    name: str
    before: ServerSource
    asked: bool
    seen_busy: bool = False
    asked_again: bool = False


@dataclass
class ServerRefresh:
    """One wait for one or more sources. Raises ``Cancelled``: the server goes on all the same."""

    client: Dispatcharr
    links: StoredLinks
    progress: Progress
    ended: list[Ended] = field(default_factory=list)

    def run(self, source_ids: Iterable[int]) -> list[Ended]:
        """Refresh the sources, all at the same time. Raises ``DispatcharrError`` when the server cannot be worked with from
        the beginning."""
        wanted = list(source_ids)
        self.progress.report(phase="asking the server", current=0, total=len(wanted), item="")
        watched = [each for source_id in wanted if (each := self._start(source_id)) is not None]
        self._watch(watched, len(wanted))
        return self.ended

    def _start(self, source_id: int) -> _Watched | None:
        self.progress.raise_if_cancelled()
        source = GuideSource.objects.filter(pk=source_id).only("name", "source_type", "is_active").first()
        if source is None:
            self._end(source_id, f"Guide {source_id}", "It no longer exists.")
            return None
        try:
            return self._asked(source)
        except (NotDelivered, Rejected) as problem:
            self._end(source_id, source.name, str(problem))
        except NotFound:
            self._end(source_id, source.name, "The server does not have it any more. The next sync takes it away here.")
        return None

    def _asked(self, source: GuideSource) -> _Watched:
        if source.source_type == SourceType.DUMMY:
            raise NotDelivered("The server makes this guide itself: there is nothing to refresh.")
        if not source.is_active:
            raise NotDelivered("It is switched off. Switch it on to refresh it.")
        remote_id = wait_for_delivery(source.pk, self.progress, self._pause)
        row = self.client.guide.source(remote_id)
        watched = _Watched(source.pk, source.name, row, asked=not (_is_new(row) or row["status"] in BUSY_STATUSES))
        if watched.asked:
            self.client.guide.refresh(remote_id)
        set_source(source.pk, last_started_at=timezone.now())
        return watched

    def _watch(self, watched: list[_Watched], total: int) -> None:
        """Look every few seconds until each is done, has failed, or has taken too long."""
        began = clock()
        away_since: float | None = None
        polls = iter(FIRST_POLLS)
        while watched:
            self._pause(next(polls, POLL_SECONDS))
            waited = clock() - began
            try:
                found = self._look(watched)
            except DispatcharrError as error:
                away_since = clock() if away_since is None else away_since
                if not error.temporary or clock() - away_since > AWAY_SECONDS:
                    self._give_up(watched, f"The server stopped answering while it was at work. {error}", Outcome.FAILED)
                    return
                self._tell(total, f"no answer from the server for {clock() - away_since:.0f} s")
                continue
            away_since = None
            watched = [each for each in watched if not self._settled(each, found.get(each.before["id"]), waited)]
            if waited >= GIVE_UP_SECONDS:
                minutes = GIVE_UP_SECONDS // 60
                words = f"It is still running on the server after {minutes:.0f} minutes. The next sync brings what it finds."
                self._give_up(watched, words, Outcome.STILL_RUNNING)
                return
            self._tell(total, "; ".join(_stage(each, found.get(each.before["id"])) for each in watched[:3]))

    def _look(self, watched: list[_Watched]) -> dict[int, ServerSource]:
        ids = [each.before["id"] for each in watched]
        return {row["id"]: row for row in note_books(self.client, self.links, ids)}

    def _settled(self, each: _Watched, row: ServerSource | None, waited: float) -> bool:
        """Whether the refresh is over; asks once more when it seems to have been overheard."""
        if row is None:
            self._end(each.source_id, each.name, "Somebody deleted it on the server meanwhile.")
            return True
        status, message = row["status"], mask_text(text_of(row.get("last_message")))
        each.seen_busy = each.seen_busy or status in BUSY_STATUSES
        moved = row.get("updated_at") != each.before.get("updated_at")
        if status == SourceStatus.SUCCESS and moved:
            self._end(each.source_id, each.name, message, Outcome.DONE)
            return True
        if status == SourceStatus.ERROR and (moved or self._has_failed(each, row, waited)):
            self._end(each.source_id, each.name, message or "The server says no more than that it failed.")
            return True
        if not row.get("is_active"):
            self._end(each.source_id, each.name, "Somebody switched it off on the server meanwhile.")
            return True
        if status == SourceStatus.SUCCESS and each.seen_busy:  # the channels are there, the programmes are not
            set_source(each.source_id, status=SourceStatus.PARSING)
        self._ask_again(each, waited)
        return False

    def _has_failed(self, each: _Watched, row: ServerSource, waited: float) -> bool:
        """Whether an error is of this refresh and not of the one before."""
        before = each.before
        is_other = before["status"] != SourceStatus.ERROR or row.get("last_message") != before.get("last_message")
        return each.seen_busy or is_other or waited >= SAME_ERROR_SECONDS

    def _ask_again(self, each: _Watched, waited: float) -> None:
        if each.seen_busy or each.asked_again:
            return
        if waited < (ASK_AGAIN_SECONDS if each.asked else STARTS_BY_ITSELF_SECONDS):
            return
        each.asked_again = True
        logger.info("[EPG] Asking the server again to refresh guide id=%s", each.source_id)
        try:
            self.client.guide.refresh(each.before["id"])
        except DispatcharrError as error:
            logger.warning("[EPG] The server did not take the request: %s", error)

    def _give_up(self, watched: list[_Watched], words: str, outcome: Outcome) -> None:
        for each in watched:
            self._end(each.source_id, each.name, words, outcome)

    def _end(self, source_id: int, name: str, message: str, outcome: Outcome = Outcome.FAILED) -> None:
        self.ended.append(Ended(source_id, name, outcome, mask_text(message)))

    def _tell(self, total: int, item: str) -> None:
        self.progress.report(phase="the server refreshes", current=len(self.ended), total=total, item=item[:200])

    def _pause(self, seconds: float) -> None:
        until = clock() + seconds
        while (left := until - clock()) > 0:
            self.progress.raise_if_cancelled()
            sleep(min(left, SLICE))
        self.progress.raise_if_cancelled()


def _is_new(row: ServerSource) -> bool:
    """An active source is refreshed by the server itself when it is created."""
    return row.get("updated_at") is None and row["status"] == SourceStatus.IDLE


def _stage(each: _Watched, row: ServerSource | None) -> str:
    if row is None:
        return each.name
    if row["status"] == SourceStatus.SUCCESS:
        return f"{each.name}: {'reading programmes' if each.seen_busy else 'waiting for the server to begin'}"
    return f"{each.name}: {words_for(row['status']).label}"
