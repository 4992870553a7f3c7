"""Has the server refresh one account, and waits for that honestly (20 §2.3).

The server answers 202 to everything and says nothing of the job. ``updated_at`` is the time of the last success and changes
only then. A refresh that is asked for right after another is dropped without a word; for a moment after the question the old
status still stands; and a failure can look exactly like the one before it.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, NotFound
from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.masking import mask_text
from m3u_app.mirror.account_terms import MESSAGE_LIMIT
from m3u_app.models import BUSY_STATUSES, AccountStatus
from m3u_app.providers.loose_values import text_of
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

FIRST_LOOKS: Final = (0.5, 0.5, 1.0, 1.0, 2.0, 3.0)
LOOK_SECONDS: Final = 5.0
AFTER_SUCCESS_SECONDS: Final = 1.0  # the server's lock is released a little later than its status says
GIVE_UP_SECONDS: Final = 300.0  # while nothing happens there; never while it works
ASK_AGAIN_AFTER: Final = (10.0, 60.0)  # seconds without any sign that the question was heard
SAME_ERROR_SECONDS: Final = 15.0  # a failure may come and go between two looks and read like the last one
STUCK_SECONDS: Final = 1800.0  # at work without any change: a restart may have lost the job, so it is asked for again, once
SLICE: Final = 0.25  # within which a cancel is noticed

sleep: Callable[[float], None] = time.sleep
clock: Callable[[], float] = time.monotonic
Seen = Callable[[Row], None]


class RefreshFailedThere(Exception):
    """The server could not do it. Text: a masked sentence."""


class MayStillRun(Exception):
    """It was not seen to end. Text: a sentence."""


class Wait:
    """The refresh of one account. ``seen`` is called with every row that is looked at."""

    def __init__(self, client: Dispatcharr, account_there: int, progress: Progress, seen: Seen) -> None:
        self._client = client
        self._number = account_there
        self._progress = progress
        self._seen = seen
        self._away_since: float | None = None
        self._says: object = None
        self._changed_at = clock()  # when it said something else than before, or was asked again
        self._asked_in_vain = False

    def refresh(self) -> Row:
        """Refresh and return the row after it. Raises :class:`RefreshFailedThere`, :class:`MayStillRun`, ``Cancelled`` (the
        server goes on then), and ``DispatcharrError`` when it cannot be asked to begin with."""
        first = self._look_patiently()
        before = self.settle(first)
        if before["updated_at"] != first["updated_at"]:
            return before  # somebody else's refresh ended just now; another one right behind it would be dropped
        self._check_active(before)
        if before["status"] == AccountStatus.SUCCESS:
            self._pause(AFTER_SUCCESS_SECONDS)
        self._client.accounts.refresh(self._number)
        self._changed_at, self._asked_in_vain = clock(), before["status"] in BUSY_STATUSES
        return self._watch(before)

    def settle(self, row: Row | None = None) -> Row:
        """Wait until the server is not at work on the account; for a new one that is when it has read the groups.

        An account whose job was lost says for ever that it is at work: after half an hour without any change it is not waited
        for any more, and only another refresh tells it something new.
        """
        row = row or self._look_patiently()
        looks = iter(() if row["updated_at"] else FIRST_LOOKS)  # reading the groups of a new one is a matter of seconds
        while row["status"] in BUSY_STATUSES and not self._is_stuck():
            self._tell(row)
            self._pause(next(looks, LOOK_SECONDS))
            row = self._look_patiently()
        return row

    def _watch(self, before: Row) -> Row:
        asked = idle_since = clock()
        looks, ask_again = iter(FIRST_LOOKS), list(ASK_AGAIN_AFTER)
        heard = False
        while True:
            self._pause(next(looks, LOOK_SECONDS))
            row = self._look_patiently()
            now = clock()
            busy = row["status"] in BUSY_STATUSES
            heard = heard or busy
            if row["updated_at"] != before["updated_at"] and not busy:
                return row
            self._check_active(row)
            if row["status"] == AccountStatus.ERROR and (
                heard or self._is_new(row, before) or now - asked >= SAME_ERROR_SECONDS
            ):
                raise RefreshFailedThere(_words(row))
            if busy:
                idle_since = now
                if self._is_stuck():
                    self._push()
            elif now - idle_since >= GIVE_UP_SECONDS:
                raise MayStillRun(
                    f"The server did not say within {GIVE_UP_SECONDS / 60:.0f} minutes that it is done; it may still be"
                    " running. What it finds comes with the next sync."
                )
            elif not heard and ask_again and now - asked >= ask_again[0]:
                ask_again.pop(0)
                self._ask_again()
            self._tell(row)

    def _is_stuck(self) -> bool:
        return clock() - self._changed_at >= STUCK_SECONDS

    def _push(self) -> None:
        """The job seems to be lost: ask for another. Raises :class:`MayStillRun` when that has changed nothing before."""
        if self._asked_in_vain:
            raise MayStillRun(
                f"The server has said the same about the account for {STUCK_SECONDS / 60:.0f} minutes, although it was asked"
                " again; it may still be running. What it finds comes with the next sync."
            )
        self._ask_again()
        self._changed_at, self._asked_in_vain = clock(), True

    def _is_new(self, row: Row, before: Row) -> bool:
        """Whether an error is another one than that of the refresh before."""
        return before["status"] != AccountStatus.ERROR or row["last_message"] != before["last_message"]

    def _check_active(self, row: Row) -> None:
        if not row["is_active"]:
            raise RefreshFailedThere("It is switched off on the server. Switch it on to refresh it.")

    def _ask_again(self) -> None:
        logger.info("[M3U] Asking the server again to refresh its account %s", self._number)
        try:
            self._client.accounts.refresh(self._number)
        except DispatcharrError as error:
            logger.warning("[M3U] The server did not take the request: %s", error)

    def _look_patiently(self) -> Row:
        """The account's row; a server that is silent for a while is waited for."""
        while True:
            try:
                row = self._client.accounts.get(self._number)
            except NotFound as error:
                raise RefreshFailedThere("The account was deleted on the server meanwhile.") from error
            except DispatcharrError as error:
                self._away_since = clock() if self._away_since is None else self._away_since
                silent = clock() - self._away_since
                if not error.temporary or silent >= GIVE_UP_SECONDS:
                    raise RefreshFailedThere(f"The server stopped answering while it was at work. {error}") from error
                self._progress.report(phase="no answer from the server", item=f"for {silent:.0f} s")
                self._pause(LOOK_SECONDS)
                continue
            self._away_since = None
            says = (row["status"], row["last_message"])
            if says != self._says:
                self._says, self._changed_at, self._asked_in_vain = says, clock(), False
            self._seen(row)
            return row

    def _tell(self, row: Row) -> None:
        phases = {
            AccountStatus.FETCHING.value: "the server downloads",
            AccountStatus.PARSING.value: "the server reads the playlist",
        }
        self._progress.report(phase=phases.get(row["status"], "waiting for the server"), item=_words(row)[:200])

    def _pause(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            self._progress.raise_if_cancelled()
            sleep(min(left, SLICE))
            left -= SLICE
        self._progress.raise_if_cancelled()


def _words(row: Row) -> str:
    return mask_text(text_of(row["last_message"])[:MESSAGE_LIMIT]) or "The server says no more than that it failed."
