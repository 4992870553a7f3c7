"""Reads the filters of the journal from an address: that of ``GET /api/journal`` (50 §2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from tasks_app.journal_filter import JournalFilter
from tasks_app.scheduling.errors import FieldErrors

DEFAULT_SIZE = 50
LARGEST_SIZE = 200
_LAST_PAGE = 10**9
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")
_LONGEST = {"category": 20, "action_type": 30, "batch_id": 50, "search": 200}


@dataclass(frozen=True)
class JournalQuery:
    """What is asked for: which entries, and which page of them."""

    wanted: JournalFilter
    page: int
    page_size: int


def read_query(given: Mapping[str, str]) -> JournalQuery:
    """The filters and the page in ``given``. ``page_size`` is brought between 1 and 200.

    Raises :class:`FieldErrors` for whatever cannot be read: a filter that is dropped in silence shows too much.
    """
    errors: dict[str, list[str]] = {}

    def text(name: str) -> str:
        value = given.get(name, "").strip()
        if len(value) > _LONGEST[name]:
            errors[name] = [f"{name} is longer than {_LONGEST[name]} characters."]
        if "\0" in value:
            errors[name] = [f"{name} contains a NUL character."]
        return value

    def number(name: str, default: int) -> int:
        value = given.get(name, "").strip()
        try:
            return int(value) if value else default
        except ValueError:
            errors[name] = [f"{name} must be a whole number."]
            return default

    def moment(name: str, *, end_of_day: bool) -> datetime | None:
        value = given.get(name, "").strip()
        found = _moment(value, end_of_day=end_of_day) if value else None
        if value and found is None:
            errors[name] = [f"{name} cannot be read. Write it as 2026-03-08 or 2026-03-08T14:30:00Z."]
        return found

    page = number("page", 1)
    if not 1 <= page <= _LAST_PAGE:
        errors["page"] = [f"page must be from 1 to {_LAST_PAGE:,}."]
    wanted = JournalFilter(
        category=text("category"),
        action=text("action_type"),
        since=moment("date_from", end_of_day=False),
        until=moment("date_to", end_of_day=True),
        user_initiated=_flag(given.get("user_initiated", "").strip().lower(), errors),
        batch_id=text("batch_id"),
        text=text("search"),
    )
    size = max(1, min(number("page_size", DEFAULT_SIZE), LARGEST_SIZE))
    if wanted.since and wanted.until and wanted.since > wanted.until:
        errors["date_to"] = ["date_to lies before date_from."]
    if errors:
        raise FieldErrors(errors)
    return JournalQuery(wanted, page, size)


def _flag(value: str, errors: dict[str, list[str]]) -> bool | None:
    if not value:
        return None
    if value not in _YES + _NO:
        errors["user_initiated"] = ["user_initiated must be true or false."]
    return value in _YES


def _moment(text: str, *, end_of_day: bool) -> datetime | None:
    """A day or a moment in ISO 8601; in UTC unless it names its offset. None when there is no such thing."""
    text = text.replace(" ", "+") if "T" in text else text  # a plus sign that came unescaped in an address
    try:
        day = parse_date(text) if len(text) <= 10 else None
        moment = datetime.combine(day, time.max if end_of_day else time.min) if day else parse_datetime(text)
    except ValueError:
        return None
    if moment is None or not 1970 <= moment.year < 3000:
        return None
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
