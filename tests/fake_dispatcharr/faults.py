"""Faults to order: what goes wrong, with which request, how often."""

import re
import threading
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    SLOW = "slow"  # waits ``seconds`` before it does anything
    HANG = "hang"  # does what it was asked, then waits ``seconds`` before answering
    STATUS = "status"  # answers ``status`` with the web server's own page, without doing anything
    NOT_NOW = "not_now"  # as a gateway: ``status`` (502, 503, 504) with Retry-After ``seconds``, without doing anything
    THROTTLE = "throttle"  # 429 with Retry-After ``seconds``, without doing anything
    TOKEN_EXPIRED = "token_expired"  # 401 as if the token had run out, without doing anything
    KEY_REVOKED = "key_revoked"  # 401 "Invalid API key"
    RESET_BEFORE = "reset_before"  # hangs up without doing anything
    RESET_AFTER = "reset_after"  # does what it was asked, then hangs up without answering
    HALF_ANSWER = "half_answer"  # does what it was asked, breaks off in the middle of the answer
    HTML = "html"  # 200 with a web page
    GARBAGE = "garbage"  # 200 with something that is not JSON
    REDIRECT = "redirect"  # 302 to ``target``


@dataclass
class Fault:
    kind: Kind
    method: str
    path: re.Pattern[str]
    times: int
    after: int
    seconds: float
    status: int
    target: str

    def applies(self, method: str, path: str) -> bool:
        """Whether it strikes now; counts."""
        if self.times <= 0 or (self.method and self.method != method) or not self.path.search(path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """``full_disk``: every write answers 500 until it is switched off, as a database without room does."""

    def __init__(self) -> None:
        self.full_disk = False
        self._ordered: list[Fault] = []
        self._lock = threading.Lock()

    def order(
        self,
        kind: Kind,
        *,
        method: str = "",
        path: str = "",
        times: int = 1,
        after: int = 0,
        seconds: float = 0.2,
        status: int = 500,
        target: str = "",
    ) -> None:
        """Let ``kind`` strike the next ``times`` requests of ``method`` whose path matches the regex ``path``, passing over
        the first ``after`` of them."""
        with self._lock:
            self._ordered.append(Fault(kind, method, re.compile(path), times, after, seconds, status, target))

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()
            self.full_disk = False

    def next_for(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any: the first ordered first."""
        with self._lock:
            struck = next((fault for fault in self._ordered if fault.applies(method, path)), None)
            self._ordered = [fault for fault in self._ordered if fault.times > 0]
            return struck
