"""One or several alerts as one message, before a channel gives it its form (A-5, A-6, 50 §4.4)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from tasks_app.alerts.clean_text import one_line
from tasks_app.alerts.events import worst
from tasks_app.models import Severity

MARKS = {Severity.INFO: "ℹ", Severity.SUCCESS: "✓", Severity.WARNING: "⚠", Severity.ERROR: "✗"}
COLOURS = {Severity.INFO: "3B82F6", Severity.SUCCESS: "22C55E", Severity.WARNING: "F59E0B", Severity.ERROR: "EF4444"}
_COUNT_ORDER = (Severity.SUCCESS, Severity.ERROR, Severity.WARNING, Severity.INFO)
_TITLE_WORDS = {Severity.SUCCESS: "succeeded", Severity.ERROR: "failed", Severity.WARNING: "warnings", Severity.INFO: "info"}
_LABELS = {"ok": "OK", "low_fps": "Low FPS", "execution_id": "Run"}
_LONGEST_FACT = 200


class Alert(Protocol):
    """What a stored alert offers; :class:`tasks_app.models.PendingAlert` is one."""

    severity: str
    title: str
    message: str
    source: str
    counts: Any
    failed_items: Any
    created_at: datetime


@dataclass(frozen=True)
class Line:
    """One alert inside a digest."""

    severity: Severity
    text: str


@dataclass(frozen=True)
class Message:
    """Plain text throughout: each channel escapes it for itself.

    ``subject`` is that of an e-mail. ``facts`` are label and value, ``failed`` names of what failed. A digest has ``lines``
    and no body of its own.
    """

    severity: Severity
    title: str
    subject: str
    body: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    failed: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    source: str = ""
    at: datetime | None = None

    @property
    def mark(self) -> str:
        return MARKS[self.severity]

    @property
    def moment(self) -> str:
        """The time of the message as people read it, in UTC."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if self.at else ""

    @property
    def text(self) -> str:
        """Body, digest lines and failed names as plain lines."""
        parts = [self.body] if self.body else []
        parts += [f"{MARKS[line.severity]} {line.text}" for line in self.lines]
        if self.failed:
            parts += [("" if not parts else "\n") + "Failed:", *(f"• {name}" for name in self.failed)]
        return "\n".join(parts)


def compose(alerts: Sequence[Alert]) -> Message:
    """One alert becomes a message, several become a digest in their order."""
    return _single(alerts[0]) if len(alerts) == 1 else _digest(alerts)


def _single(alert: Alert) -> Message:
    severity = Severity(alert.severity)
    title = one_line(alert.title, 255)
    return Message(
        severity=severity,
        title=title,
        subject=f"[{severity.upper()}] {title}",
        body=alert.message,
        facts=facts(alert.counts),
        failed=tuple(str(name) for name in alert.failed_items if isinstance(name, str)),
        source=alert.source,
        at=alert.created_at,
    )


def _digest(alerts: Sequence[Alert]) -> Message:
    counted = Counter(Severity(alert.severity) for alert in alerts)
    present = [severity for severity in _COUNT_ORDER if counted[severity]]
    sources = list(dict.fromkeys(alert.source for alert in alerts if alert.source))
    return Message(
        severity=worst(alert.severity for alert in alerts),
        title=", ".join(f"{counted[severity]} {_TITLE_WORDS[severity]}" for severity in present),
        subject="ECM Digest: " + ", ".join(f"{counted[severity]} {severity}" for severity in present),
        lines=tuple(Line(Severity(alert.severity), _line_text(alert)) for alert in alerts),
        source=sources[0] if len(sources) == 1 else "",
        at=alerts[-1].created_at,
    )


def _line_text(alert: Alert) -> str:
    first = alert.message.partition("\n")[0]
    text = f"{alert.title}: {first}" if first and first != alert.title else alert.title
    return one_line(text, 400)


def facts(counts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Counts in words; only plain values are shown."""
    return tuple(
        (_label(name), _value(value))
        for name, value in counts.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    )


def _label(name: str) -> str:
    return _LABELS.get(name) or one_line(str(name).replace("_", " ").capitalize(), 60)


def _value(value: float | str) -> str:
    return f"{value:,}" if isinstance(value, int | float) else one_line(value, _LONGEST_FACT)
