"""Lets the mirrored server look for the guide of channels that have none, by its own rules (30 §8.11).

The server answers 202 and tells nothing afterwards: what it does shows only in its channels.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.wording import counted
from epg_app.guideless import guideless_channels
from tasks_app import engine
from tasks_app.journal import current_actor
from tasks_app.mirror.identity import on_the_server
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.mirror_tasks import STANDALONE
from tasks_app.mirror.state import SYNC_TASK, is_connected
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.models import TaskRun
from tasks_app.registry import TaskResult, TaskScheduler, register_task

logger = logging.getLogger(__name__)

TASK: Final = "epg_match_on_server"
POLLS: Final = (1.0, 2.0, 3.0)
POLL_SECONDS: Final = 5.0
QUIET_SECONDS: Final = 20.0  # after its last link the server is taken to be done
NOTHING_SECONDS: Final = 60.0  # without any link
GIVE_UP_SECONDS: Final = 15 * 60.0
SLICE: Final = 0.25

sleep: Callable[[float], None] = time.sleep
clock: Callable[[], float] = time.monotonic


def request_match() -> TaskRun:
    """Queue the run. Raises ``engine.AlreadyRunning``."""
    return engine.start_run(TASK, user_id=current_actor().user_id)


@register_task
class MatchOnServer(TaskScheduler):
    """Asks the server to match, waits until its channels no longer change, and has the result brought over."""

    task_id = TASK
    name = "Match guides on Dispatcharr"
    description = "Lets Dispatcharr look for the guide of channels that have none. Started by a button of the EPG Manager."
    by_hand = False
    item_word = "channel"
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    def execute(self) -> TaskResult:
        if not is_connected():
            return TaskResult(True, STANDALONE)

        def should_stop() -> bool:
            self.progress.raise_if_cancelled()
            return False

        try:
            with stopping_when(should_stop):
                return self._match(mirrored_client())
        except DispatcharrError as error:
            return TaskResult(success=False, message=str(error))

    def _match(self, client: Dispatcharr) -> TaskResult:
        wanted = guideless_channels().ids
        remote = set(on_the_server(StoredLinks().remotes_of("channel", wanted).values()))
        waiting = len(wanted) - len(remote)
        if not remote:
            none = (
                "Every channel that may have a guide has one." if not wanted else "The server does not have these channels yet."
            )
            return TaskResult(True, none, skipped_count=waiting)
        before = self._without(client, remote)
        if not before:
            engine.request_run_soon(SYNC_TASK, {"kinds": ["channel", "programme"]}, delay_seconds=0)
            return TaskResult(True, "The server has linked all of them already. They are being brought over.")
        client.channels.match_guide(sorted(before))
        linked, over = self._wait(client, before)
        if linked:
            engine.request_run_soon(SYNC_TASK, {"kinds": ["channel", "programme"]}, delay_seconds=0)
        logger.info("[EPG] The server linked %s of %s channels", linked, len(before))
        words = f"Dispatcharr linked {linked:,} of {counted(len(before), 'channel')} without a guide."
        if linked:
            words += " They are being brought over."
        if not over:
            words += " It may still be at work: the next sync brings the rest."
        return TaskResult(True, words, success_count=linked, skipped_count=len(before) - linked, failed_count=0 if over else 1)

    def _wait(self, client: Dispatcharr, before: set[int]) -> tuple[int, bool]:
        """How many were linked, and whether the server seems to be done."""
        began = changed = clock()
        linked = 0
        polls = iter(POLLS)
        while True:
            self._pause(next(polls, POLL_SECONDS))
            try:
                now = len(before) - len(self._without(client, before))
            except DispatcharrError as error:
                if not error.temporary or clock() - began > GIVE_UP_SECONDS:
                    raise
                changed = clock()  # silence of the network is no sign that it is done
                continue
            if now != linked:
                linked, changed = now, clock()
            words = f"{linked:,} linked"
            self.progress.report(phase="the server looks for guides", current=linked, total=len(before), item=words)
            quiet = clock() - changed
            if linked == len(before) or quiet >= (QUIET_SECONDS if linked else NOTHING_SECONDS):
                return linked, True
            if clock() - began >= GIVE_UP_SECONDS:
                return linked, False

    def _without(self, client: Dispatcharr, remote: set[int]) -> set[int]:
        """Those of these channels that have no guide on the server."""
        return {row["id"] for row in client.channels.summary() if row["epg_data_id"] is None and row["id"] in remote}

    def _pause(self, seconds: float) -> None:
        until = clock() + seconds
        while (left := until - clock()) > 0:
            self.progress.raise_if_cancelled()
            sleep(min(left, SLICE))
        self.progress.raise_if_cancelled()
