"""Use cases: create, change and delete alert methods, journalled without their secrets (50 §4.1)."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import transaction
from django.utils import timezone

from tasks_app import journal
from tasks_app.alerts.addresses import read_recipients
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.channels import find_channel
from tasks_app.alerts.clean_text import one_line
from tasks_app.alerts.method_values import checked_values, put_values, stored_values
from tasks_app.alerts.source_filter import filter_problem, read_filter
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, PendingAlert
from tasks_app.models.alerts import OPEN_DELIVERIES

logger = logging.getLogger(__name__)

ENTITY_TYPE = "alert_method"
SWITCHES = (
    "enabled",
    "notify_info",
    "notify_success",
    "notify_warning",
    "notify_error",
    "errors_skip_window",
    "errors_pass_quiet",
)
TIMES = ("quiet_from", "quiet_until")
MOST_METHODS = 50


@dataclass(frozen=True)
class Saved:
    """The stored method, how many recipients were left out because they were there twice (50 §4.5), and the journal entry
    that takes the change back, if one does.
    """

    method: AlertMethod
    duplicates: int = 0
    entry_id: int | None = None


def create_method(method_type: str, values: Mapping[str, Any], *, is_recipient_list: bool = False) -> Saved:
    """Store a new method. ``values`` hold ``name``, ``config`` and any of the switches, quiet times and ``alert_sources``.

    Raises :class:`InvalidMethod` naming the field; then nothing is stored.
    """
    channel = find_channel(method_type)
    method = AlertMethod(method_type=channel.type, is_recipient_list=is_recipient_list)
    if "name" not in values:
        raise InvalidMethod("name", "Give the method a name.")
    duplicates = _take(method, values, {})
    with transaction.atomic():
        if AlertMethod.objects.count() >= MOST_METHODS:
            raise InvalidMethod("name", f"There are {MOST_METHODS} methods already; delete one first.")
        method.save()
        sentence = f"Added alert method “{method.name}” ({channel.label})."
        entry_id = _journal("create", method, None, described(method), sentence, undoable=True)
    logger.info("[ALERTS] Added method id=%s type=%s", method.pk, method.method_type)
    return Saved(method, duplicates, entry_id)


def update_method(method_id: int, values: Mapping[str, Any]) -> Saved:
    """Change what ``values`` hold and leave everything else. Raises :class:`InvalidMethod`, ``AlertMethod.DoesNotExist``."""
    method = AlertMethod.objects.get(pk=method_id)
    before, old_secrets = described(method), stored_values(method)
    duplicates = _take(method, values, old_secrets)
    after = described(method)
    if stored_values(method) != old_secrets and after["config"] == before["config"]:
        after["secrets"] = "changed"
    if before == after:
        return Saved(method, duplicates)
    with transaction.atomic():
        method.save()
        if not method.enabled:
            drop_waiting(method, "The method was switched off.")
        changed = [name for name in after if before.get(name) != after[name]]
        entry_id = _journal(
            "update",
            method,
            {name: before.get(name) for name in changed},
            {name: after[name] for name in changed},
            f"Changed alert method “{method.name}”: {', '.join(name.replace('_', ' ') for name in changed)}.",
            undoable="secrets" not in changed,  # what is not kept cannot be put back
        )
    logger.info("[ALERTS] Changed method id=%s", method.pk)
    return Saved(method, duplicates, entry_id if "secrets" not in changed else None)


def delete_method(method_id: int) -> str:
    """Delete a method and what waits for it; the log stays. Returns its name. Raises ``AlertMethod.DoesNotExist``."""
    method = AlertMethod.objects.get(pk=method_id)
    with transaction.atomic():
        drop_waiting(method, "The method was deleted.")
        _journal("delete", method, described(method), None, f"Deleted alert method “{method.name}”.")
        AlertMethod.objects.filter(pk=method.pk).delete()
    logger.info("[ALERTS] Deleted method id=%s", method_id)
    return method.name


def drop_waiting(method: AlertMethod, why: str) -> None:
    """Give up everything that waits for ``method``."""
    AlertDelivery.objects.filter(method=method, status__in=OPEN_DELIVERIES).update(
        status=DeliveryStatus.FAILED, finished_at=timezone.now(), note=why
    )
    PendingAlert.objects.filter(method=method).delete()


def _take(method: AlertMethod, values: Mapping[str, Any], stored: Mapping[str, Any]) -> int:
    """Check ``values`` and set them on ``method``; returns the number of repeated recipients."""
    channel = find_channel(method.method_type)
    if "name" in values:
        method.name = _name(values["name"])
    duplicates = 0
    config = values.get("config", {} if not stored else None)
    if config is not None:
        if not isinstance(config, Mapping):
            raise InvalidMethod("config", "The configuration is an object.")
        checked = checked_values(channel, config, stored)
        if "to_emails" in config:
            duplicates = read_recipients(config["to_emails"]).duplicates
        put_values(method, channel, checked)
    for name in SWITCHES:
        if name in values:
            if not isinstance(values[name], bool):
                raise InvalidMethod(name, f"{name} is true or false.")
            setattr(method, name, values[name])
    for name in TIMES:
        if name in values:
            setattr(method, name, _time(name, values[name]))
    if (method.quiet_from is None) != (method.quiet_until is None):
        raise InvalidMethod("quiet_until" if method.quiet_until is None else "quiet_from", "Quiet hours need both times.")
    if "alert_sources" in values:
        method.alert_sources = _filter_text(values["alert_sources"])
    return duplicates


def _name(value: object) -> str:
    name = one_line(value, 101) if isinstance(value, str) else ""
    if not name:
        raise InvalidMethod("name", "Give the method a name.")
    if len(name) > 100:
        raise InvalidMethod("name", "The name may have at most 100 characters.")
    return name


def _time(name: str, value: object) -> time | None:
    if value in (None, ""):
        return None
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0, tzinfo=None)
    try:
        return time.fromisoformat(str(value)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise InvalidMethod(name, "Write a time as 22:30.") from None


def _filter_text(value: object) -> str:
    """The stored form of a source filter: from an object, from JSON text, or nothing."""
    if value in (None, "", {}):
        return ""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidMethod("alert_sources", "The source filter is not readable JSON.") from None
    problem = filter_problem(value)
    if problem:
        raise InvalidMethod("alert_sources", problem)
    return read_filter(json.dumps(value)).as_text()


def described(method: AlertMethod) -> dict[str, Any]:
    """What the journal may know: no secrets."""
    return {
        "name": method.name,
        "config": dict(method.config),
        "alert_sources": method.alert_sources,
        **{name: getattr(method, name) for name in SWITCHES},
        **{name: f"{value:%H:%M}" if (value := getattr(method, name)) else "" for name in TIMES},
    }


def _journal(
    action: str,
    method: AlertMethod,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    sentence: str,
    *,
    undoable: bool = False,
) -> int | None:
    entry = journal.log_entry(
        "settings",
        action,
        entity_type=ENTITY_TYPE,
        entity_id=method.pk,
        entity_name=method.name,
        description=sentence,
        before=before,
        after=after,
        undoable=undoable,
    )
    return entry.pk if entry is not None else None
