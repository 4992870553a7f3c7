"""Streams that belong to no provider (10 §9.2): an operator names them and their addresses. No refresh ever touches them."""

import hashlib
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from ecm_site.masking import mask_text
from ecm_site.refusals import ValuesRefused
from ecm_site.wording import shortened
from m3u_app.models import Stream
from m3u_app.stream_users import StreamUse, announce_removal, stream_uses
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

ENTITY = "custom_stream"
CATEGORY = "m3u"
SCHEMES = ("http", "https", "rtmp", "rtmps", "rtsp", "rtp", "udp")
LONGEST_NAME, LONGEST_URL, LONGEST_ID, LONGEST_GROUP = 512, 4000, 255, 255
GROUP_KEY = "group"
"""Where ``Stream.extras`` keeps the group of a custom stream: groups with rows of their own belong to providers."""
_AT_SIGN = re.compile(r"^(\w+://)@+")


class CustomStreamRefused(ValuesRefused):
    """The stream cannot be so; nothing was changed."""


@dataclass(frozen=True)
class CustomStream:
    """What an operator says about a stream of their own. ``group`` is a name for telling them apart."""

    name: str
    url: str
    logo_url: str = ""
    tvg_id: str = ""
    group: str = ""


def without_at_sign(url: str) -> str:
    """``udp://@239.0.0.1:1234`` is ``udp://239.0.0.1:1234``: only some players want the at sign, and publishing puts it back.

    The server has such addresses without it, so one that kept it here would not be found again there.
    """
    return _AT_SIGN.sub(r"\1", url)


def group_of(stream: Stream) -> str:
    """The group of a custom stream."""
    group = stream.extras.get(GROUP_KEY) if isinstance(stream.extras, dict) else None
    return group if isinstance(group, str) else ""


def values_of(stream: Stream) -> CustomStream:
    return CustomStream(stream.name, stream.url, stream.logo_url, stream.tvg_id, group_of(stream))


def find_custom_stream(stream_id: int) -> Stream:
    """Raises ``Stream.DoesNotExist`` for streams of providers, too."""
    return Stream.objects.get(pk=stream_id, is_custom=True)


def create_custom_stream(values: CustomStream) -> tuple[Stream, int | None]:
    """Store a new stream, journalled and undoable; returns it and the journal entry. Raises :class:`CustomStreamRefused`."""
    values = _checked(values)
    with transaction.atomic():
        _refuse_twice(values.url, except_id=None)
        stream = Stream(is_custom=True, stream_hash=new_identity())
        _set(stream, values)
        stream.save()
        entry = _log("create", stream, f"Created custom stream “{shortened(stream.name)}”", None, values)
    logger.info("[M3U] Created custom stream id=%s name=%s", stream.pk, shortened(stream.name))
    return stream, entry


def update_custom_stream(stream_id: int, values: CustomStream) -> tuple[Stream, int | None]:
    """Change a stream; channels that use it play the new address from then on. Nothing is journalled without a change.

    Raises :class:`CustomStreamRefused` and ``Stream.DoesNotExist``.
    """
    values = _checked(values)
    with transaction.atomic():
        stream = find_custom_stream(stream_id)
        before = values_of(stream)
        if before == values:
            return stream, None
        _refuse_twice(values.url, except_id=stream.pk)
        _set(stream, values)
        stream.save()
        old, new = _difference(before, values)
        told = f"Changed custom stream “{shortened(before.name)}”: {', '.join(_LABELS[name] for name in new)}"
        entry = _log("update", stream, told, old, new)
    logger.info("[M3U] Changed custom stream id=%s fields=%s", stream.pk, sorted(new))
    return stream, entry


def delete_custom_stream(stream_id: int) -> tuple[str, int | None]:
    """Delete a stream and take it off the channels that use it; returns its name. Raises ``Stream.DoesNotExist``."""
    with transaction.atomic():
        stream = find_custom_stream(stream_id)
        values = values_of(stream)
        batch_id = journal.new_batch_id() if stream_uses([stream.pk]) else ""
        announce_removal([stream.pk], "the custom stream was deleted", batch_id)
        entry = _log("delete", stream, f"Deleted custom stream “{shortened(stream.name)}”", values, None, batch_id=batch_id)
        stream.delete()
    logger.info("[M3U] Deleted custom stream id=%s", stream_id)
    return values.name, entry


def uses_of(stream_id: int) -> list[StreamUse]:
    """The channels that would lose it."""
    return stream_uses([stream_id]).get(stream_id, [])


def register() -> None:
    """Called when the app starts."""
    register_undo(ENTITY, undo_custom_stream)


def undo_custom_stream(entry: JournalEntry) -> None:
    """Take one entry back. Raises :class:`UndoConflict` without having written anything."""
    stream = Stream.objects.filter(pk=entry.entity_id or 0, is_custom=True).first()
    before, after = entry.before_value, entry.after_value
    if after is None and before is not None:
        if Stream.objects.filter(pk=entry.entity_id or 0).exists():
            raise UndoConflict("it exists again")
        restored = Stream(pk=entry.entity_id, is_custom=True, stream_hash=new_identity())
        _set(restored, CustomStream(**before))
        restored.save(force_insert=True)
        return
    if stream is None:
        raise UndoConflict("it has been deleted since")
    now = asdict(values_of(stream))
    changed = [_LABELS[name] for name, value in (after or {}).items() if now.get(name) != value]
    if changed:
        raise UndoConflict(f"{', '.join(changed)} changed since")
    if before is None:
        if stream_uses([stream.pk]):
            raise UndoConflict("channels use it now")
        stream.delete()
        return
    _set(stream, replace(values_of(stream), **before))
    stream.save()


_LABELS = {"name": "name", "url": "address", "logo_url": "logo", "tvg_id": "TVG-ID", "group": "group"}


def _checked(values: CustomStream) -> CustomStream:
    """Trimmed values. Raises :class:`CustomStreamRefused` naming everything that is wrong."""
    cleaned = CustomStream(**{name: " ".join(text.replace("\x00", "").split()) for name, text in asdict(values).items()})
    cleaned = replace(cleaned, url=without_at_sign(cleaned.url))
    errors: dict[str, str] = {}
    longest = {"name": LONGEST_NAME, "url": LONGEST_URL, "logo_url": LONGEST_URL, "tvg_id": LONGEST_ID, "group": LONGEST_GROUP}
    for name, most in longest.items():
        if len(getattr(cleaned, name)) > most:
            errors[name] = f"This is too long: use at most {most} characters."
    if not cleaned.name:
        errors["name"] = "Give the stream a name."
    if not cleaned.url:
        errors["url"] = "Say where the stream is."
    elif not _has_host(cleaned.url, SCHEMES):
        errors["url"] = f"Use a whole address that begins with {', '.join(f'{scheme}://' for scheme in SCHEMES)}."
    if cleaned.logo_url and not _has_host(cleaned.logo_url, ("http", "https")):
        errors["logo_url"] = "Use an address that begins with http:// or https://, or leave it empty."
    if errors:
        raise CustomStreamRefused(errors)
    return cleaned


def _has_host(address: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(address)
        return (
            " " not in address and parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False


def _refuse_twice(url: str, *, except_id: int | None) -> None:
    written = (url, url.replace("://", "://@", 1))  # rows of earlier versions kept the at sign
    other = Stream.objects.filter(account=None, is_custom=True, url__in=written).exclude(pk=except_id or 0).first()
    if other is not None:
        raise CustomStreamRefused({"url": f"The custom stream “{shortened(other.name)}” has this address already."})


def _set(stream: Stream, values: CustomStream) -> None:
    stream.name, stream.url, stream.logo_url, stream.tvg_id = values.name, values.url, values.logo_url, values.tvg_id
    extras = dict(stream.extras) if isinstance(stream.extras, dict) else {}
    extras.pop(GROUP_KEY, None)
    stream.extras = {**extras, GROUP_KEY: values.group} if values.group else extras


def new_identity() -> bytes:
    """Identities of custom streams stand for nothing but themselves."""
    return hashlib.sha256(b"custom:" + secrets.token_bytes(32)).digest()


def _difference(before: CustomStream, after: CustomStream) -> tuple[dict[str, str], dict[str, str]]:
    old, new = asdict(before), asdict(after)
    names = [name for name in new if new[name] != old[name]]
    return {name: old[name] for name in names}, {name: new[name] for name in names}


def _log(
    action: str,
    stream: Stream,
    description: str,
    before: CustomStream | dict[str, str] | None,
    after: CustomStream | dict[str, str] | None,
    *,
    batch_id: str = "",
) -> int | None:
    entry = journal.log_entry(
        CATEGORY,
        action,
        entity_type=ENTITY,
        entity_id=stream.pk,
        entity_name=stream.name,
        description=mask_text(description),
        before=_plain(before),
        after=_plain(after),
        batch_id=batch_id,
        undoable=True,
    )
    return entry.pk if entry else None


def _plain(values: CustomStream | dict[str, str] | None) -> dict[str, Any] | None:
    return asdict(values) if isinstance(values, CustomStream) else values
