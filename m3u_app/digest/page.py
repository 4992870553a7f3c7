"""What the page of the digest shows beside its form."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from m3u_app.digest.collect import Digest, collect
from m3u_app.digest.mail_form import DigestMail, written_mail
from m3u_app.digest.models import DigestRecord, DigestTarget, Target
from m3u_app.digest.sample import sample_digest
from m3u_app.digest.values import RECORD_ID, DigestSettings
from m3u_app.digest.ways_out import problem_of, send
from tasks_app.models import Schedule
from tasks_app.scheduling.describe import describe
from tasks_app.scheduling.rules import rule_of


@dataclass(frozen=True)
class TargetLine:
    """A way out: whether it is chosen, what is missing, how it went the last time."""

    target: str
    label: str
    problem: str = ""
    last_sent_at: datetime | None = None
    last_error: str = ""
    unsent: int = 0


@dataclass(frozen=True)
class DigestState:
    last_digest_at: datetime | None
    schedule: Schedule | None
    schedule_words: str
    targets: list[TargetLine]


@dataclass(frozen=True)
class Preview:
    """``is_sample``: nothing is waiting, so invented changes are shown. ``below``: too few wait for a digest."""

    mail: DigestMail
    rows: int
    is_sample: bool
    below: bool


@dataclass(frozen=True)
class TestLine:
    label: str
    success: bool
    message: str


def digest_state(settings: DigestSettings) -> DigestState:
    """Read with a fixed number of queries."""
    record = DigestRecord.objects.filter(pk=RECORD_ID).select_related("schedule").first()
    states = {state.target: state for state in DigestTarget.objects.all()}
    lines = []
    for target in settings.targets:
        state = states.get(target.value)
        lines.append(
            TargetLine(
                target.value,
                str(target.label),
                problem_of(target, settings),
                state.last_sent_at if state else None,
                state.last_error if state else "",
                len(state.unsent) if state else 0,
            )
        )
    schedule = record.schedule if record else None
    return DigestState(
        record.last_digest_at if record else None, schedule, describe(rule_of(schedule)) if schedule else "", lines
    )


def preview_digest(settings: DigestSettings) -> Preview:
    """The mail that would go out now with these settings, whether they are stored or not. Marks nothing."""
    digest = _waiting(settings)
    is_sample = not digest.rows
    if is_sample:
        digest = sample_digest(settings)
    mail = written_mail(digest, detailed=settings.show_detailed_list)
    return Preview(mail, digest.rows, is_sample, not is_sample and digest.rows < settings.min_changes_threshold)


def _waiting(settings: DigestSettings) -> Digest:
    """What the first chosen way out is still to be told, e-mail if none is chosen."""
    target = next(iter(settings.targets), Target.EMAIL)
    state = DigestTarget.objects.filter(target=target).first()
    return collect(target, settings, state.opened_at if state else timezone.now() - settings.period)


def test_digest(settings: DigestSettings) -> list[TestLine]:
    """Send a sample, marked as one, to every chosen way out. Touches neither marks nor the time of the last digest."""
    digest = sample_digest(settings)
    lines = []
    for target in settings.targets:
        problem = problem_of(target, settings)
        if problem:
            lines.append(TestLine(str(target.label), success=False, message=problem))
            continue
        sent = send(target, settings, digest)
        words = "Handed to the alert methods." if target == Target.ALERTS else "The sample was sent."
        lines.append(TestLine(str(target.label), success=not sent.problem, message=sent.problem or sent.note or words))
    return lines
