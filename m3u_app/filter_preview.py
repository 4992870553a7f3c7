"""Says what filters do before they do it (20 §5): counted on the last playlist, or on what is stored where none is kept."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ecm_site.masking import mask_text
from m3u_app.edit_filters import FilterValues, check
from m3u_app.importing.filtering import FilterChain, Rule
from m3u_app.models import Account, FilterTarget, StreamFilter
from m3u_app.providers.registry import ProviderError, reopen
from m3u_app.raw_sql import read_rows
from m3u_app.stream_users import used_streams
from tasks_app.mirror.state import is_connected

logger = logging.getLogger(__name__)

SAMPLES = 10
TIME_BUDGET = 2.0  # seconds that somebody waits for; a larger playlist is counted as far as this goes
_LOOK_EVERY = 500  # entries between two looks at the clock, unless a pattern may be slow
USE_BUDGET = 1.0
_IN_USE_SAMPLES = 5
_IDS = 500  # as many as may be asked about at a time
_STORED = (
    "SELECT g.name, s.name, s.url, s.id FROM m3u_app_stream s JOIN m3u_app_streamgroup g ON g.id = s.group_id"
    " WHERE s.account_id = %s AND s.is_custom = 0"
)

Texts = tuple[str, str, str]
"""Group, name and address of an entry."""


@dataclass(frozen=True)
class Sample:
    """One entry that a filter decides about; ``address`` is masked and empty unless the filter looks at it."""

    name: str
    group: str
    address: str = ""


@dataclass
class Counted:
    """What filters do to the entries that were looked at. ``decided`` counts by number of the rule."""

    total: int = 0
    dropped: int = 0
    decided: dict[int, int] = field(default_factory=dict)
    is_complete: bool = True
    """False when time ran out; ``total`` then is how far it got."""
    from_copy: bool = True
    """False when stored streams were counted: what filters dropped before is not among them."""
    in_use: int = 0
    """Stored streams that would be dropped although channels use them."""
    in_use_is_all: bool = True
    """False when time ran out: there may be more."""
    in_use_samples: list[str] = field(default_factory=list)

    @property
    def kept(self) -> int:
        return self.total - self.dropped


@dataclass
class FilterPreview(Counted):
    """What one filter, saved or not, would do in its place among the others."""

    decides: int = 0
    matches: int = 0
    """Entries that its pattern matches, those about which an earlier filter decides included."""
    exclude: bool = True
    is_linear: bool = True
    samples: list[Sample] = field(default_factory=list)

    @property
    def decided_earlier(self) -> int:
        return self.matches - self.decides


def count_filters(account: Account, *, budget: float = TIME_BUDGET) -> tuple[Counted, dict[int, int]]:
    """Count what the switched-on filters do. Returns the counts, and by filter id how many entries each decides about."""
    rules = _rules(account.pk)
    chain = FilterChain(rules)
    counted = Counted()
    for texts in _entries(account, counted, budget, chain):
        _count(counted, chain, chain.decide(*texts))
    _count_in_use(account, counted, chain.drops)
    by_id = {rule.id: counted.decided.get(number, 0) for number, rule in enumerate(rules) if rule.id is not None}
    return counted, by_id


def preview_filter(
    account: Account, values: FilterValues, *, filter_id: int | None = None, budget: float = TIME_BUDGET
) -> FilterPreview:
    """Count what a filter would do with these values in the place of ``filter_id``, or at the end when it is new.

    Raises ``FilterRefused`` with a sentence per wrong field.
    """
    check(values)
    draft = Rule(values.filter_type, values.regex_pattern, values.exclude, values.case_sensitive, filter_id)
    rules = _rules(account.pk, keep=filter_id)
    place = next((number for number, rule in enumerate(rules) if filter_id is not None and rule.id == filter_id), len(rules))
    rules[place : place + 1] = [draft]
    chain, alone = FilterChain(rules), FilterChain([draft])
    preview = FilterPreview(exclude=values.exclude, is_linear=not alone.has_slow_rules)
    for texts in _entries(account, preview, budget, chain):
        decided = chain.decide(*texts)
        _count(preview, chain, decided)
        if decided == place:
            preview.decides += 1
            preview.matches += 1
            if len(preview.samples) < SAMPLES:
                preview.samples.append(_sample(texts, values.filter_type))
        elif decided is not None and decided < place and alone.decide(*texts) is not None:
            preview.matches += 1
    if values.exclude:
        _count_in_use(account, preview, lambda *texts: chain.decide(*texts) == place)
    return preview


def _count_in_use(account: Account, counted: Counted, drops: Callable[[str, str, str], bool]) -> None:
    """Find the stored streams that go although something uses them, as far as the time allows."""
    deadline = time.monotonic() + USE_BUDGET
    waiting: dict[int, str] = {}
    for number, (group, name, url, pk) in enumerate(read_rows(_STORED, [account.pk]), start=1):
        if drops(group, name, url):
            waiting[pk] = name
        if len(waiting) >= _IDS:
            _note_in_use(counted, waiting)
            waiting = {}
        if number % _LOOK_EVERY == 0 and time.monotonic() > deadline:
            counted.in_use_is_all = False
            break
    _note_in_use(counted, waiting)


def _note_in_use(counted: Counted, names: dict[int, str]) -> None:
    used = sorted(used_streams(list(names))) if names else []
    counted.in_use += len(used)
    counted.in_use_samples += [names[pk] for pk in used[: _IN_USE_SAMPLES - len(counted.in_use_samples)]]


def _count(counted: Counted, chain: FilterChain, decided: int | None) -> None:
    counted.total += 1
    if decided is not None:
        counted.decided[decided] = counted.decided.get(decided, 0) + 1
        counted.dropped += chain.rules[decided].exclude


def _entries(account: Account, counted: Counted, budget: float, chain: FilterChain) -> Iterator[Texts]:
    """Entries of the kept playlist, else stored streams; ends when the time is up and says so in ``counted``."""
    deadline = time.monotonic() + budget
    every = 1 if chain.has_slow_rules else _LOOK_EVERY
    try:
        for number, texts in enumerate(_of_copy(account, counted), start=1):
            yield texts
            if number % every == 0 and time.monotonic() > deadline:
                counted.is_complete = False
                return
    except ProviderError as error:  # the copy is damaged; what was counted so far stands
        logger.warning("[M3U] Preview of account id=%s stopped: %s", account.pk, error)
        counted.is_complete = False


def _of_copy(account: Account, counted: Counted) -> Iterator[Texts]:
    source = None if is_connected() else reopen(account)  # a copy from before the server read for us is old
    if source is None:
        counted.from_copy = False
        yield from ((group, name, url) for group, name, url, _ in read_rows(_STORED, [account.pk]))
        return
    with source:
        for batch in source.batches(b""):
            for _, raw in batch:
                entry = source.parse(raw)
                if entry is not None:
                    yield entry.group, entry.name, entry.url


def _rules(account_id: int, keep: int | None = None) -> list[Rule]:
    """The switched-on filters in order, and the one called ``keep`` even when it is off."""
    found = StreamFilter.objects.filter(account_id=account_id).order_by("position", "pk")
    return [
        Rule(row.filter_type, row.regex_pattern, row.exclude, row.case_sensitive, row.pk)
        for row in found
        if row.enabled or row.pk == keep
    ]


def _sample(texts: Texts, target: str) -> Sample:
    group, name, url = texts
    return Sample(name, group, mask_text(url) if target == FilterTarget.URL else "")
