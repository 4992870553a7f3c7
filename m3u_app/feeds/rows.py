"""A feed as a line of its list, alive while something works on it (20 §1.1, 30 §2.1)."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from django.template.defaultfilters import filesizeformat

from ecm_site.masking import mask_text
from m3u_app.feeds.status_words import DELETING, HALF_DELETED, HELD_BACK, WAITING, WITH_WARNINGS, StatusWords, words_for
from tasks_app.models import RunStatus, TaskRun
from tasks_app.templatetags.runs import rough_duration

UNREADABLE = "(stored with another key file; type it in again)"
"""In place of an address."""


class Feed(Protocol):
    """What the rows of accounts and of guide sources have in common."""

    pk: Any
    name: str
    status: str
    last_message: str
    held_back: Any
    deleting_since: datetime | None


class FeedRow(ABC):
    """What the list and the page of a feed show alike."""

    run: TaskRun | None

    @property
    @abstractmethod
    def feed(self) -> Feed: ...

    @property
    @abstractmethod
    def work_done(self) -> str:
        """How far the run is; empty when that is not known. There is a run."""

    @property
    def warnings(self) -> Collection[str]:
        """Of the last good refresh."""
        return ()

    @property
    def shares_run(self) -> bool:
        """The run works on other feeds too."""
        return False

    @property
    def is_waiting_in_line(self) -> bool:
        """The run has not come to this feed; its progress is about another."""
        return False

    @property
    def is_held_back(self) -> bool:
        """The last refresh waits for an answer."""
        return bool(self.feed.held_back)

    @property
    def is_deleting(self) -> bool:
        return self.feed.deleting_since is not None

    @property
    def is_busy(self) -> bool:
        """Something works on the feed or waits to: the row is worth asking about again."""
        return self.run is not None

    @property
    def status(self) -> StatusWords:
        if self.is_deleting:
            return DELETING if self.is_busy else HALF_DELETED
        if self.run is not None and (self.run.status == RunStatus.QUEUED or self.is_waiting_in_line):
            return WAITING
        if not self.is_busy and self.is_held_back:
            return HELD_BACK
        if self.feed.status == "success" and self.warnings:
            return WITH_WARNINGS
        return words_for(self.feed.status)

    @property
    def message(self) -> str:
        return mask_text(self.feed.last_message)


def bytes_done(run: TaskRun) -> str:
    """``12.3 MB of 50.0 MB``."""
    return filesizeformat(run.current) + (f" of {filesizeformat(run.total)}" if run.total else "")


def items_done(run: TaskRun) -> str:
    """``1,200 of 5,000``."""
    return f"{run.current:,}" + (f" of {run.total:,}" if run.total else "")


def with_time_left(done: str, run: TaskRun) -> str:
    """``1,200 of 5,000 · about 20 s left``."""
    return f"{done} · {rough_duration(run.time_left)} left" if run.time_left else done
