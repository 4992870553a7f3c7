"""Ends a worker whose loop hangs, so that whoever keeps it alive starts it again; its runs are closed and told then."""

import logging
import os
import threading

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
PATIENCE_LOOKS = 40  # ten minutes. Looks are counted, not time: a machine that slept is no reason
EXIT_CODE = 70


class HangGuard:
    """Call :meth:`alive` in every round of the loop."""

    def __init__(self) -> None:
        self._rounds = 0
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="hang-guard", daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def alive(self) -> None:
        self._rounds += 1

    def _watch(self) -> None:
        seen, passed_over = -1, 0
        while not self._over.wait(LOOK_SECONDS):
            seen, passed_over = (self._rounds, 0) if self._rounds != seen else (seen, passed_over + 1)
            if passed_over >= PATIENCE_LOOKS:
                logger.critical("[TASKS] The worker's loop has not moved for ten minutes; the worker ends itself")
                os._exit(EXIT_CODE)
