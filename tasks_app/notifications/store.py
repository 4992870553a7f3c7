"""How rows of notifications are written: clean values, and a revision that grows with every change."""

import logging
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Max
from django.utils.http import url_has_allowed_host_and_scheme

from ecm_site.masking import mask_text
from tasks_app.clean_values import plain
from tasks_app.models import Notification, NotificationKind

logger = logging.getLogger(__name__)

MAX_MESSAGE = 4000
TOAST = "toast"
"""Key of ``metadata``: true makes a new notification also pop up on the pages that are open (N-5)."""


def next_revision() -> int:
    """The number of the next change. Call inside ``transaction.atomic()``: writers come one after the other there."""
    newest: int | None = Notification.objects.aggregate(newest=Max("revision"))["newest"]
    return (newest or 0) + 1


def clean_kind(kind: str) -> NotificationKind:
    """Anything unknown is information (50 §3.1)."""
    return NotificationKind(kind) if kind in NotificationKind.values else NotificationKind.INFO


def is_own_path(url: str) -> bool:
    """True for a path of this site; addresses of others, however spelt, are not followed from a notification."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def clean_values(
    *,
    kind: str,
    message: str,
    title: str = "",
    source: str = "",
    source_id: object = "",
    action_label: str = "",
    action_url: str = "",
    metadata: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Column values: secrets masked, lengths kept, an address that is not of this site dropped with its label."""
    if action_url and (not is_own_path(action_url) or len(action_url) > 500):
        logger.warning("[NOTIFY] The action of a notification by %s leads elsewhere and is left out", source or "?")
        action_label = action_url = ""
    return {
        "kind": clean_kind(kind),
        "title": line(title, 255),
        "message": _clean(message)[:MAX_MESSAGE] or "(no text)",
        "source": source[:50],
        "source_id": str(source_id)[:100],
        "action_label": line(action_label or ("Open" if action_url else ""), 50),
        "action_url": action_url,
        "metadata": plain(metadata or {}, mask=True),
        "expires_at": expires_at,
    }


def line(text: str, longest: int) -> str:
    """``text`` on one line of at most ``longest`` characters."""
    whole = " ".join(_clean(text).split())
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"


def _clean(text: str) -> str:
    return mask_text(str(text).replace("\x00", "")).strip()


def deserves_a_word(kind: str, metadata: dict[str, Any]) -> bool:
    """Whether a page that is open says something when this appears: errors are read out, wishes pop up."""
    return kind == NotificationKind.ERROR or bool(metadata.get(TOAST))


def touch(rows: models.QuerySet[Notification], **changes: Any) -> int:
    """Change rows under a new revision; return how many there were."""
    with transaction.atomic():
        return rows.update(**changes, revision=next_revision())


def repeat(
    earlier: Notification, values: dict[str, Any], now: datetime, *, count: int | None = None, **more: Any
) -> Notification:
    """The same has happened again (N-4): the text is the newest, the counter grows, the line moves up."""
    revision = next_revision()
    worse = values["kind"] == NotificationKind.ERROR and earlier.kind != NotificationKind.ERROR
    changes = {
        **values,
        **more,
        "metadata": {**earlier.metadata, **values["metadata"]},
        "count": F("count") + 1 if count is None else count,
        "last_at": now,
        "revision": revision,
        "news": revision if worse else earlier.news,
    }
    Notification.objects.filter(pk=earlier.pk).update(**changes)
    earlier.refresh_from_db()
    return earlier
