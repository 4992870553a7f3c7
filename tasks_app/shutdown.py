"""Tells the worker's processes that the worker is going down.

Two bytes of shared memory, inherited by every forked process. No lock guards them on purpose: a process that is killed
while it holds a lock would leave all others waiting.
"""

from ctypes import c_byte
from multiprocessing.sharedctypes import RawArray

_flags = RawArray(c_byte, 2)  # [take no new run, stop what runs]


def start_draining() -> None:
    """From now on no process of this worker takes another run."""
    _flags[0] = 1


def interrupt_runs() -> None:
    """Ask every run of this worker to stop at its next safe point."""
    _flags[1] = 1


def is_draining() -> bool:
    return bool(_flags[0])


def is_interrupting() -> bool:
    return bool(_flags[1])


def reset() -> None:
    """Forget an earlier shutdown; for a worker that starts in the same process again."""
    _flags[0] = _flags[1] = 0
