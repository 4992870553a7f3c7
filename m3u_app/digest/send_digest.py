"""Use case: tell every way out what it has not been told yet (20 §11, 50 §1.2).

Each way out has marks of its own, set after a message got through: one that fails loses nothing and gets it next time, one
that worked gets nothing twice. Nothing is sent inside a transaction.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ecm_site.wording import counted
from m3u_app.digest import ways_out
from m3u_app.digest.collect import Digest, collect
from m3u_app.digest.edit_digest import open_target
from m3u_app.digest.models import DigestMark, DigestRecord, DigestTarget, Target
from m3u_app.digest.values import RECORD_ID, DigestSettings, stored_settings
from m3u_app.models import Account

logger = logging.getLogger(__name__)


@dataclass
class DigestReport:
    """What came of a digest. ``rows`` is how many changes the fullest message told; ``waiting`` are below the threshold."""

    is_off: bool = False
    has_targets: bool = True
    rows: int = 0
    waiting: int = 0
    sent: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unsent_rows: int = 0

    def sentence(self) -> str:
        """For the history, in words."""
        if self.is_off:
            return "The digest is disabled: nothing was sent."
        if not self.has_targets:
            return "There are no recipients and no messenger is chosen: nothing can be sent. Choose one under M3U Digest."
        told = [f"{counted(self.rows, 'change')} sent by {', '.join(self.sent)}."] if self.sent else []
        told += [f"{name}: {problem}" for name, problem in self.failed.items()]
        told += [f"{name}: {note}" for name, note in self.notes.items()]
        if not told and self.waiting:
            return f"{counted(self.waiting, 'change')} found; the digest waits for more."
        return " ".join(told) or "Nothing has changed since the last digest."


def send_digest(*, now: datetime | None = None, between: Callable[[], object] = lambda: None) -> DigestReport:
    """Send what is waiting to every chosen way out. ``between`` is called at safe points and may raise to stop."""
    now = now or timezone.now()
    settings = stored_settings()
    if not settings.enabled:
        return DigestReport(is_off=True)
    if not settings.targets:
        return DigestReport(has_targets=False)
    report = DigestReport()
    for target in settings.targets:
        between()
        _tell(target, settings, report, now, between)
    return report


def _tell(target: Target, settings: DigestSettings, report: DigestReport, now: datetime, between: Callable[[], object]) -> None:
    state = DigestTarget.objects.filter(target=target).first() or open_target(target, settings, now)
    if state.unsent and not _send_rest(state, report, now):
        return
    digest = collect(target, settings, state.opened_at, between=between)
    if not digest.rows:
        _pass_over(target, digest)  # all of it is excluded: nobody needs to look at it again
        return
    if digest.rows < settings.min_changes_threshold:
        report.waiting = max(report.waiting, digest.rows)
        return
    between()  # the last moment: what has been sent is always noted
    sent = ways_out.send(target, settings, digest)
    _note(state, digest, sent, report, now)


def _send_rest(state: DigestTarget, report: DigestReport, now: datetime) -> bool:
    """Send what is left of the last digest; False when that still does not go through."""
    target = Target(state.target)
    sent = ways_out.send_messages(target, [str(text) for text in state.unsent])
    state.unsent = sent.unsent
    _note_outcome(state, sent, now)
    if sent.problem:
        report.failed[str(target.label)] = sent.problem
    return not sent.problem


def _note(state: DigestTarget, digest: Digest, sent: ways_out.Sent, report: DigestReport, now: datetime) -> None:
    label = str(Target(state.target).label)
    if sent.problem:
        logger.warning("[M3U-DIGEST] %s: %s", label, sent.problem)
        report.failed[label] = sent.problem
        report.unsent_rows = max(report.unsent_rows, digest.rows)
    if not sent.got_through:
        state.unsent = []  # all of it is collected anew next time
        _note_outcome(state, sent, now)
        return
    with transaction.atomic():
        state.unsent = sent.unsent
        _note_outcome(state, sent, now)
        _pass_over(Target(state.target), digest)
        DigestRecord.objects.filter(pk=RECORD_ID).update(last_digest_at=now)
    report.rows = max(report.rows, digest.rows)
    report.sent.append(label)
    if sent.note:
        report.notes[label] = sent.note
    logger.info("[M3U-DIGEST] %s changes sent by %s", digest.rows, label)


def _note_outcome(state: DigestTarget, sent: ways_out.Sent, now: datetime) -> None:
    if sent.got_through:
        state.last_sent_at = now
    state.last_error, state.last_error_at = (sent.problem, now) if sent.problem else ("", None)
    state.save(update_fields=["unsent", "last_sent_at", "last_error", "last_error_at"])


def _pass_over(target: Target, digest: Digest) -> None:
    """Move the marks of the accounts that still exist; a mark never goes back."""
    existing = set(Account.objects.filter(pk__in=digest.marks).values_list("pk", flat=True))
    marks = [
        DigestMark(target=target, account_id=account_id, batch_id=batch_id)
        for account_id, batch_id in digest.marks.items()
        if account_id in existing
    ]
    DigestMark.objects.bulk_create(
        marks, update_conflicts=True, unique_fields=["target", "account"], update_fields=["batch_id"]
    )
