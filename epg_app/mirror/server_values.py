"""How a guide source looks on the server, and how it is kept here (30 §3.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from ecm_site.masking import mask_text
from epg_app.models import SourceStatus, SourceType
from m3u_app.providers.loose_values import count_of, text_of
from tasks_app.mirror.kinds import Values
from tasks_app.mirror.readable import needed_text

NAME_LENGTH: Final = 255
MESSAGE_LENGTH: Final = 2_000
_TYPES: Final = {kind.value for kind in SourceType}
_STATUSES: Final = {status.value for status in SourceStatus}

BOOK_COLUMNS: Final = ("status", "last_message", "entry_count", "last_success_at")
"""Columns that only the server decides, as :func:`books_of` names them."""


def values_of(row: ServerSource) -> Values:
    """The fields of a server's row in our terms. The password is never told, so it always reads as empty: one that is
    entered here differs until it is delivered, and is forgotten here afterwards."""
    custom = row.get("custom_properties")
    return {
        "name": needed_text(row, "name")[:NAME_LENGTH],
        "source_type": type_of(row),
        "url": text_of(row.get("url")),
        "username": text_of(row.get("username"))[:255],
        "password": "",
        "is_active": bool(row.get("is_active")),
        "priority": count_of(row.get("priority")),
        "refresh_interval": count_of(row.get("refresh_interval")),
        "cron_expression": text_of(row.get("cron_expression"))[:255],
        "custom_properties": dict(custom) if isinstance(custom, Mapping) else {},
    }


def type_of(row: ServerSource) -> str:
    """Ours of the server's: what it read from an upload has no address."""
    kind = text_of(row.get("source_type"))
    if kind == SourceType.XMLTV and not row.get("url") and row.get("file_path"):
        return SourceType.XMLTV_FILE.value
    return kind if kind in _TYPES else SourceType.XMLTV.value


def books_of(row: ServerSource) -> Values:
    """What the server knows about a source and nobody edits."""
    status = text_of(row.get("status"))
    updated = text_of(row.get("updated_at"))
    return {
        "status": status if status in _STATUSES else SourceStatus.IDLE.value,
        "last_message": mask_text(text_of(row.get("last_message"))[:MESSAGE_LENGTH]),
        "entry_count": count_of(row.get("epg_data_count")),
        "last_success_at": updated or None,
    }


def book_columns(books: Mapping[str, Any]) -> dict[str, Any]:
    """Books as the columns of a row here."""
    columns = {name: books[name] for name in BOOK_COLUMNS if name in books}
    if "last_success_at" in columns:
        columns["last_success_at"] = moment(columns["last_success_at"])
    return columns


def moment(text: object) -> datetime | None:
    """A time of the server; None for none and for what is no time."""
    try:
        return parse_datetime(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent for ``values``, or for a part of them. An empty password says "leave it as it is"."""
    body = dict(values)
    if "source_type" in body and body["source_type"] == SourceType.XMLTV_FILE:
        body["source_type"] = SourceType.XMLTV.value
    if not body.get("password"):
        body.pop("password", None)
    for name in ("url", "username"):
        if name in body and not body[name]:
            body[name] = None
    return body
