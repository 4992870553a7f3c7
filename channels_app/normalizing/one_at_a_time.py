"""Applying rules to all channels: one run at a time, and at most five a minute (10 §11.3), over all processes."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ecm_site.one_at_a_time import only_one

RUNS_A_MINUTE = 5
_MINUTE = 60.0


class AnotherRuns(Exception):
    """Somebody applies the rules at this moment."""

    def __init__(self) -> None:
        super().__init__("Names are being normalized already. Wait until that is done.")


class TooManyRuns(Exception):
    """``retry_after``: seconds until the next run may start."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"This was done {RUNS_A_MINUTE} times within a minute. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@contextmanager
def one_run() -> Iterator[None]:
    """Hold the right to apply rules. The kernel gives it back when its holder dies. Raises one of the errors above."""
    with only_one("normalization", AnotherRuns()) as handle:
        _count_run(handle)
        yield


def _count_run(handle: int) -> None:
    """Note this run in the file, which holds the times of the last ones."""
    now = time.time()
    try:
        noted = json.loads(os.pread(handle, 4096, 0) or b"[]")
    except ValueError:
        noted = []  # a crash while writing; at worst a run too many
    times = [at for at in noted if isinstance(at, int | float) and 0 <= now - at < _MINUTE] if isinstance(noted, list) else []
    if len(times) >= RUNS_A_MINUTE:
        raise TooManyRuns(max(1, round(_MINUTE - (now - min(times)))))
    text = json.dumps([*times, now]).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, text, 0)
