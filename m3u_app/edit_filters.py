"""Adds, changes, removes and orders the filters of an account (20 §5). Every change is journalled and can be undone.

A change takes effect with the next import; the account remembers that it waits for one.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from ecm_site.masking import mask_text
from ecm_site.refusals import ValuesRefused
from ecm_site.regex import PatternRefused, compile_pattern
from ecm_site.wording import shortened
from m3u_app.account_journal import CATEGORY
from m3u_app.account_values import AccountLocked
from m3u_app.mirror.patterns_there import NotForTheServer, pattern_for_server
from m3u_app.models import Account, FilterTarget, StreamFilter
from tasks_app.journal import build_entry, log_entries
from tasks_app.mirror.state import is_connected
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

FILTER_ENTITY = "stream_filter"
ORDER_ENTITY = "filter_order"
MAX_FILTERS = 500  # an account; one pass over a text looks for all of them
EVERYTHING = ".*"


class FilterRefused(ValuesRefused):
    """The filter cannot be so."""


class FiltersMoved(Exception):
    """The list is not what the operator saw any more; nothing was changed."""


@dataclass(frozen=True)
class FilterValues:
    """What can be said about a filter."""

    filter_type: str = FilterTarget.GROUP.value
    regex_pattern: str = ""
    exclude: bool = True
    case_sensitive: bool = True
    enabled: bool = True


VALUE_FIELDS = tuple(field.name for field in fields(FilterValues))
JOURNALLED = ("account_id", *VALUE_FIELDS, "position")


def add_filter(account_id: int, values: FilterValues) -> tuple[StreamFilter, int | None]:
    """Put a filter at the end. Returns it and the journal entry's id.

    Raises :class:`FilterRefused`, ``AccountLocked`` and ``Account.DoesNotExist``; so do the others.
    """
    check(values)
    with _changing(account_id) as account:
        if account.filters.count() >= MAX_FILTERS:
            raise FilterRefused({"regex_pattern": f"An account can have {MAX_FILTERS} filters. Put some into one: a|b|c."})
        last = account.filters.aggregate(last=Max("position"))["last"] or 0
        made = StreamFilter.objects.create(account=account, position=last + 1, **_values(values))
        entry = _entry(account, made, "create", f"Added filter: {words(made)}", after=shown(made))
        return made, _logged(account, entry)


def change_filter(account_id: int, filter_id: int, values: FilterValues) -> tuple[StreamFilter, int | None]:
    """Save what differs. The entry's id is None when nothing does. Raises ``StreamFilter.DoesNotExist`` too."""
    check(values)
    with _changing(account_id) as account:
        stored = account.filters.get(pk=filter_id)
        before = shown(stored)
        changed = [name for name, value in _values(values).items() if getattr(stored, name) != value]
        if not changed:
            return stored, None
        for name in changed:
            setattr(stored, name, getattr(values, name))
        stored.save(update_fields=changed)
        after = shown(stored)
        entry = _entry(
            account,
            stored,
            "update",
            f"Changed filter: {words(stored)}",
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
        return stored, _logged(account, entry)


def switch_filter(account_id: int, filter_id: int, *, enabled: bool) -> tuple[StreamFilter, int | None]:
    """Switch one filter on or off."""
    stored = StreamFilter.objects.get(account_id=account_id, pk=filter_id)
    values = {name: getattr(stored, name) for name in VALUE_FIELDS}
    return change_filter(account_id, filter_id, FilterValues(**{**values, "enabled": enabled}))


def remove_filter(account_id: int, filter_id: int) -> tuple[str, int | None]:
    """Delete one; returns it in words and the journal entry's id."""
    with _changing(account_id) as account:
        stored = account.filters.get(pk=filter_id)
        entry = _entry(account, stored, "delete", f"Deleted filter: {words(stored)}", before=shown(stored))
        stored.delete()
        return words(stored), _logged(account, entry)


def order_filters(account_id: int, order: Sequence[int]) -> int | None:
    """Put the filters into ``order``, which names each once. Returns the journal entry's id, None if it was so already.

    Raises :class:`FiltersMoved` when filters came or went since the operator looked.
    """
    with _changing(account_id) as account:
        before = list(account.filters.order_by("position", "pk").values_list("pk", flat=True))
        if sorted(before) != sorted(order):
            raise FiltersMoved("The filters have changed since this page was loaded. Look again.")
        if before == list(order):
            return None
        write_order(order)
        entry = build_entry(
            CATEGORY,
            "update",
            entity_type=ORDER_ENTITY,
            entity_id=account.pk,
            entity_name=account.name,
            description=f"Changed the order of the filters of “{shortened(account.name)}”",
            before={"order": before},
            after={"order": list(order)},
            undoable=True,
        )
        return _logged(account, entry)


def step_filter(account_id: int, filter_id: int, *, up: bool) -> int | None:
    """Exchange a filter with its neighbour; nothing happens at the end of the list."""
    order = list(StreamFilter.objects.filter(account_id=account_id).order_by("position", "pk").values_list("pk", flat=True))
    if filter_id not in order:
        raise StreamFilter.DoesNotExist
    at = order.index(filter_id)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(order):
        return None
    order[at], order[other] = order[other], order[at]
    return order_filters(account_id, order)


def drop_the_rest(account_id: int) -> tuple[StreamFilter, int | None]:
    """Add a last filter that drops whatever no other one decides about. The entry's id is None when there is one."""
    last = StreamFilter.objects.filter(account_id=account_id, enabled=True).order_by("position", "pk").last()
    if last is not None and drops_everything(last):
        return last, None
    return add_filter(account_id, FilterValues(FilterTarget.NAME, EVERYTHING, exclude=True))


def drops_everything(stored: StreamFilter) -> bool:
    return stored.exclude and stored.regex_pattern == EVERYTHING


def check(values: FilterValues) -> None:
    """Raise :class:`FilterRefused` with a sentence per wrong field."""
    errors = {}
    if values.filter_type not in FilterTarget.values:
        errors["filter_type"] = "Choose what the filter looks at."
    try:
        compile_pattern(values.regex_pattern, ignore_case=not values.case_sensitive, max_length=StreamFilter.PATTERN_LIMIT)
        if is_connected():
            pattern_for_server(values.regex_pattern, case_sensitive=values.case_sensitive)
    except (PatternRefused, NotForTheServer) as refusal:
        errors["regex_pattern"] = str(refusal)
    if errors:
        raise FilterRefused(errors)


def words(stored: StreamFilter) -> str:
    """'drop where the name matches “news”'."""
    target = {FilterTarget.GROUP: "group", FilterTarget.NAME: "name", FilterTarget.URL: "address"}
    what = "drop" if stored.exclude else "keep"
    return f"{what} where the {target[FilterTarget(stored.filter_type)]} matches “{shortened(mask_text(stored.regex_pattern))}”"


def shown(stored: Any) -> dict[str, Any]:
    """All journalled columns."""
    return {name: getattr(stored, name) for name in JOURNALLED}


def write_order(order: Sequence[int]) -> None:
    """Number the filters 1, 2, 3 … in this order."""
    rows = [StreamFilter(pk=pk, position=number) for number, pk in enumerate(order, start=1)]
    StreamFilter.objects.bulk_update(rows, ["position"])


def mark_changed(account_id: int) -> None:
    """Remember that what is stored does not obey the filters yet."""
    Account.objects.filter(pk=account_id).update(filters_changed_at=timezone.now())


@contextmanager
def _changing(account_id: int) -> Iterator[Account]:
    """One transaction for a change and everything that goes with it."""
    with transaction.atomic():
        account = Account.objects.only("name", "locked", "deleting_since").get(pk=account_id)
        if account.locked or account.deleting_since is not None:
            raise AccountLocked(account)
        yield account


def _values(values: FilterValues) -> dict[str, Any]:
    return {name: getattr(values, name) for name in VALUE_FIELDS}


def _entry(
    account: Account,
    stored: StreamFilter,
    action: str,
    description: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> JournalEntry:
    return build_entry(
        CATEGORY,
        action,
        entity_type=FILTER_ENTITY,
        entity_id=stored.pk,
        entity_name=account.name,
        description=f"{description} (account “{shortened(account.name)}”)",
        before=before,
        after=after,
        undoable=True,
    )


def _logged(account: Account, entry: JournalEntry) -> int | None:
    mark_changed(account.pk)
    logger.info("[M3U] Filters of account id=%s changed: %s", account.pk, entry.action_type)
    written = log_entries([entry])
    return written[0].pk if written else None
