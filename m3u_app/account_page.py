"""What the page of one account shows (20 §1.6, §3.2, §23 import report). A fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ecm_site.masking import mask_text
from m3u_app.account_profiles import capacity
from m3u_app.entries import DROP_REASONS
from m3u_app.expiry_words import ExpiryWords, expiry_words
from m3u_app.guide_offers import can_take_guides, shown_guides
from m3u_app.models import Account, Stream
from m3u_app.providers.loose_values import text_of
from m3u_app.queries import AccountRow, account_row, recent_runs, stale_streams
from tasks_app.models import TaskRun

STALE_SHOWN = 100
COUNT_WORDS = (
    ("streams_total", "Streams in the playlist"),
    ("created", "New"),
    ("updated", "Changed"),
    ("unchanged", "Unchanged"),
    ("returned", "Back again"),
    ("stale", "Gone missing, kept for now"),
    ("removed", "Deleted"),
    ("filtered", "Filtered out"),
    ("disabled", "In disabled groups"),
    ("kept_disabled", "Kept for channels, group disabled"),
    ("duplicate", "There twice"),
    ("groups", "Groups"),
    ("groups_new", "New groups"),
    ("groups_removed", "Deleted groups"),
)
ALWAYS_SHOWN = {"streams_total", "created", "updated", "stale", "removed", "groups"}
RENAMED_SHOWN = 10
INFO_WORDS = (
    ("status", "Status"),
    ("message", "Message"),
    ("name", "Device"),
    ("model", "Model"),
    ("firmware", "Firmware"),
    ("device_id", "Device id"),
    ("tuners", "Tuners"),
    ("protected_channels", "Protected channels"),
    ("active_connections", "Connections in use"),
    ("max_connections", "Connections allowed"),
    ("server_time_zone", "Provider's time zone"),
)


@dataclass(frozen=True)
class Dropped:
    """Entries that were not imported for one reason, with a few of them."""

    words: str
    count: int
    samples: list[tuple[int, str]]


@dataclass(frozen=True)
class ReportShown:
    """The last refresh in numbers and reasons."""

    counts: list[tuple[str, int]]
    dropped: list[Dropped]
    notes: list[str]
    renamed: list[tuple[str, str]]
    seconds: float | None = None


@dataclass(frozen=True)
class AccountPage:
    """Everything on the page. Addresses and messages are masked."""

    row: AccountRow
    report: ReportShown | None
    info: list[tuple[str, str]]
    is_trial: bool
    expires: datetime | None
    guides: list[str]
    can_take_guides: bool
    stale: list[Stream]
    stale_count: int
    runs: list[TaskRun] = field(default_factory=list)
    capacity: int = 0
    """Streams at a time with all profiles; 0 = unlimited."""
    filter_count: int = 0
    expiring_profiles: list[tuple[str, ExpiryWords]] = field(default_factory=list)

    @property
    def stale_unlisted(self) -> int:
        return self.stale_count - len(self.stale)


def read_account_page(account: Account) -> AccountPage:
    row = account_row(account.pk)
    if row is None:
        raise Account.DoesNotExist
    stale = list(stale_streams(account.pk, limit=STALE_SHOWN))
    count = len(stale)
    if count == STALE_SHOWN:
        count = Stream.objects.filter(account_id=account.pk, is_stale=True).count()
    info = account.provider_info if isinstance(account.provider_info, dict) else {}
    return AccountPage(
        row=row,
        report=read_report(account.last_report),
        info=_info(info),
        is_trial=bool(info.get("is_trial")),
        expires=account.exp_date,
        guides=shown_guides(account),
        can_take_guides=can_take_guides(),
        stale=stale,
        stale_count=count,
        runs=recent_runs(account.pk),
        capacity=capacity(account),
        filter_count=account.filters.filter(enabled=True).count(),
        expiring_profiles=_expiring_profiles(account),
    )


def read_report(stored: Any) -> ReportShown | None:
    """The stored report in words; None when there has been no refresh. Reports of other versions lose what is unknown."""
    if not isinstance(stored, Mapping) or not stored:
        return None
    counts = [
        (words, stored[key])
        for key, words in COUNT_WORDS
        if isinstance(stored.get(key), int) and (stored[key] or key in ALWAYS_SHOWN)
    ]
    dropped = stored.get("dropped")
    samples = stored.get("samples")
    notes = stored.get("notes")
    seconds = stored.get("seconds")
    return ReportShown(
        counts=counts,
        dropped=_dropped(dropped if isinstance(dropped, Mapping) else {}, samples if isinstance(samples, Mapping) else {}),
        notes=[mask_text(text_of(note)) for note in notes] if isinstance(notes, list) else [],
        renamed=_renamed(stored.get("groups_renamed")),
        seconds=seconds if isinstance(seconds, int | float) else None,
    )


def _expiring_profiles(account: Account) -> list[tuple[str, ExpiryWords]]:
    dated = account.profiles.filter(is_active=True).exclude(exp_date=None).order_by("exp_date").values_list("name", "exp_date")
    return [(name, words) for name, date in dated if (words := expiry_words(date)) is not None]


def _dropped(counts: Mapping[str, Any], samples: Mapping[str, Any]) -> list[Dropped]:
    found = []
    for reason, count in counts.items():
        if not isinstance(count, int) or not count:
            continue
        lines = samples.get(reason)
        shown = [_sample(line) for line in lines] if isinstance(lines, list) else []
        found.append(Dropped(DROP_REASONS.get(reason, reason.replace("_", " ")), count, shown))
    return sorted(found, key=lambda part: -part.count)


def _renamed(stored: Any) -> list[tuple[str, str]]:
    pairs = stored[:RENAMED_SHOWN] if isinstance(stored, list) else []
    return [(text_of(pair[0]), text_of(pair[1])) for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2]


def _sample(stored: Any) -> tuple[int, str]:
    line, text = stored if isinstance(stored, list | tuple) and len(stored) == 2 else (0, stored)
    return (line if isinstance(line, int) else 0, mask_text(text_of(text)))


def _info(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(words, mask_text(text_of(info.get(key)))) for key, words in INFO_WORDS if text_of(info.get(key))]
