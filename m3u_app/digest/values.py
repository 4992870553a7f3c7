"""What can be decided about the digest, as checked values (20 §11, 50 §5.8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from ecm_site.regex import MAX_LENGTH, PatternRefused, compile_pattern
from m3u_app.digest.models import DigestRecord, Frequency, Target
from tasks_app.alerts.addresses import InvalidRecipients, read_recipients
from tasks_app.scheduling.errors import FieldErrors

MOST_PATTERNS = 100
HIGHEST_THRESHOLD = 100
RECORD_ID = 1
PERIODS: dict[str, timedelta] = {
    Frequency.IMMEDIATE: timedelta(minutes=5),
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(days=7),
}
"""How far back the first digest looks."""
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class InvalidDigest(FieldErrors):
    """Values that cannot be stored; ``errors`` has sentences by field."""


@dataclass(frozen=True)
class DigestSettings:
    """The decisions. Defaults are those of 50 §5.8; times and weekday those of 20 §11."""

    enabled: bool = False
    frequency: str = Frequency.DAILY.value
    send_time: str = "08:00"
    send_weekday: int = 1
    email_recipients: tuple[str, ...] = ()
    include_group_changes: bool = True
    include_stream_changes: bool = True
    show_detailed_list: bool = True
    min_changes_threshold: int = 1
    send_to_discord: bool = False
    send_to_telegram: bool = False
    send_to_alert_methods: bool = False
    exclude_group_patterns: tuple[str, ...] = ()
    exclude_stream_patterns: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The ways out that are chosen, whether or not the digest is on."""
        chosen = {
            Target.EMAIL: bool(self.email_recipients),
            Target.DISCORD: self.send_to_discord,
            Target.TELEGRAM: self.send_to_telegram,
            Target.ALERTS: self.send_to_alert_methods,
        }
        return tuple(target for target, is_chosen in chosen.items() if is_chosen)

    @property
    def period(self) -> timedelta:
        return PERIODS[self.frequency]

    def values(self) -> dict[str, Any]:
        """As plain JSON values, for the journal and for programs."""
        found = {name: getattr(self, name) for name in NAMES}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


NAMES = tuple(spec.name for spec in fields(DigestSettings))
_DEFAULTS = DigestSettings()


def stored_settings() -> DigestSettings:
    """What is stored; a value that is not usable any more is passed over for its default."""
    record = DigestRecord.objects.filter(pk=RECORD_ID).first()
    return settings_of(record) if record is not None else _DEFAULTS


def settings_of(record: DigestRecord) -> DigestSettings:
    """The decisions in a row. Stored patterns are kept as they are: a bad one is skipped when it is used."""
    values: dict[str, Any] = {name: getattr(record, name) for name in NAMES}
    for name, value in values.items():
        if isinstance(getattr(_DEFAULTS, name), tuple):
            values[name] = tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()
    if values["frequency"] not in Frequency.values:
        values["frequency"] = _DEFAULTS.frequency
    return DigestSettings(**values)


def checked(given: Mapping[str, Any], current: DigestSettings) -> DigestSettings:
    """``given`` laid over ``current``. Raises :class:`InvalidDigest` with a sentence for everything that is wrong."""
    errors: dict[str, list[str]] = {name: ["There is no such setting."] for name in given if name not in NAMES}
    values = {name: getattr(current, name) for name in NAMES}
    for name in NAMES:
        if name not in given:
            continue
        try:
            values[name] = _CHECKS.get(name, _yes_or_no)(given[name])
        except ValueError as problem:
            errors[name] = [str(problem)]
    if errors:
        raise InvalidDigest(errors)
    return DigestSettings(**values)


def checked_pattern(text: str) -> str:
    """``text`` if it is a usable pattern of at most 500 characters. Raises ``ValueError`` with the compiler's words."""
    try:
        compile_pattern(text, ignore_case=True, max_length=MAX_LENGTH)
    except PatternRefused as problem:
        raise ValueError(f"“{text[:60]}”: {problem}") from None
    return text


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This must be yes or no (true or false).")  # noqa: TRY004 - all wrong values are told alike
    return value


def _frequency(value: Any) -> str:
    if value not in Frequency.values:
        raise ValueError(f"Choose one of {', '.join(Frequency.values)}.")
    return str(value)


def _time(value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("Write a time from 00:00 to 23:59, such as 08:00.")
    return value


def _whole(low: int, high: int, words: str) -> Any:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(words)
        return value

    return check


def _recipients(value: Any) -> tuple[str, ...]:
    if not value or (isinstance(value, str) and not value.strip(" \t\r\n,;")):
        return ()
    try:
        return read_recipients(value).addresses
    except InvalidRecipients as problem:
        raise ValueError(str(problem)) from None


def _patterns(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("This must be a list of patterns.")
    found = tuple(dict.fromkeys(part for part in value if part.strip()))
    if len(found) > MOST_PATTERNS:
        raise ValueError(f"At most {MOST_PATTERNS} patterns; there are {len(found):,}.")
    return tuple(checked_pattern(part) for part in found)


_CHECKS: dict[str, Any] = {
    "frequency": _frequency,
    "send_time": _time,
    "send_weekday": _whole(0, 6, "Choose a day: 0 = Sunday … 6 = Saturday."),
    "email_recipients": _recipients,
    "min_changes_threshold": _whole(1, HIGHEST_THRESHOLD, f"A whole number from 1 to {HIGHEST_THRESHOLD}."),
    "exclude_group_patterns": _patterns,
    "exclude_stream_patterns": _patterns,
}
