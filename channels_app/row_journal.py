"""Journal entries about rows beside channels and groups: logos, profiles, memberships, hidden groups (10 §21.1).

An entry holds the whole row before and after. Undo restores it only while what the entry wrote is still there, and brings
deleted rows back under their own id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from channels_app.chunks import chunked
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    Channel,
    ChannelProfile,
    HiddenGroup,
    Logo,
    ProfileMembership,
    StreamProfile,
)
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

Image = dict[str, Any]
"""Column values of a row as JSON holds them, times as ISO texts. Channel profiles have "channel_ids" too: who is enabled."""

MEMBERS = "channel_ids"


@dataclass(frozen=True)
class RowKind:
    """How rows of one table are told in the journal. ``fields`` are set by people; the other columns keep the books."""

    entity_type: str
    model: type[models.Model]
    label: str
    fields: dict[str, str]
    unique: tuple[str, ...] = ()
    title: str = "name"


KINDS: dict[str, RowKind] = {
    kind.entity_type: kind
    for kind in (
        RowKind("logo", Logo, "logo", {"name": "name", "url": "address", "stored_name": "file"}, ("url",)),
        RowKind("channel_profile", ChannelProfile, "channel profile", {"name": "name"}, ("name",)),
        RowKind(
            "profile_membership", ProfileMembership, "channel of a profile", {"profile_id": "profile", "channel_id": "channel"}
        ),
        RowKind(
            "stream_profile",
            StreamProfile,
            "stream profile",
            {"name": "name", "command": "command", "parameters": "parameters", "is_active": "active", "locked": "locked"},
            ("name",),
        ),
        RowKind("hidden_group", HiddenGroup, "hidden group", {"group_id": "group", "name": "name"}, ("group_id",)),
    )
}
_BY_MODEL = {kind.model: kind for kind in KINDS.values()}


def register_handlers() -> None:
    """Called once at start-up."""
    for entity_type in KINDS:
        register_undo(entity_type, undo_row)


def row_image(instance: models.Model) -> Image:
    """Every column of the row by its name, as the journal keeps it."""
    values = {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def members_of(profile_id: int) -> list[int]:
    """Ids of the channels that are enabled in a profile."""
    rows = ProfileMembership.objects.filter(profile_id=profile_id).order_by("channel_id")
    return list(rows.values_list("channel_id", flat=True))


def row_entry(
    category: str,
    action_type: str,
    *,
    instance_before: models.Model | None,
    instance_after: models.Model | None,
    description: str,
    batch_id: str = "",
) -> JournalEntry:
    """An unsaved, undoable entry about one row of :data:`KINDS`; None before = created, None after = deleted.

    Build the entry of a deletion while the row is still there: a channel profile takes its enabled channels along.
    """
    instance = instance_after or instance_before
    if instance is None:
        raise ValueError("An entry needs the row before or after the change.")
    before = row_image(instance_before) if instance_before is not None else None
    after = row_image(instance_after) if instance_after is not None else None
    if isinstance(instance_before, ChannelProfile) and before is not None and after is None:
        before[MEMBERS] = members_of(instance_before.pk)
    return image_entry(
        category, action_type, _BY_MODEL[type(instance)], before=before, after=after, description=description, batch_id=batch_id
    )


def image_entry(
    category: str,
    action_type: str,
    kind: RowKind,
    *,
    before: Image | None,
    after: Image | None,
    description: str,
    batch_id: str = "",
) -> JournalEntry:
    """Like :func:`row_entry` for images that are at hand."""
    image = after or before or {}
    return journal.build_entry(
        category,
        action_type,
        entity_type=kind.entity_type,
        entity_id=image.get("id"),
        entity_name=str(image.get(kind.title) or kind.label),
        description=description,
        before=before,
        after=after,
        batch_id=batch_id,
        undoable=True,
    )


def undo_row(entry: JournalEntry) -> None:
    """Take back one entry made here. Raises :class:`UndoConflict` without having written anything."""
    kind = KINDS[entry.entity_type]
    before, after = entry.before_value, entry.after_value
    if isinstance(after, dict) and not isinstance(before, dict):
        _take_back_creation(kind, entry, after)
    elif isinstance(before, dict) and not isinstance(after, dict):
        _bring_back(kind, entry, before)
    elif isinstance(before, dict) and isinstance(after, dict):
        _restore_fields(kind, entry, before, after)
    lineup_changed(guide=False)


def _take_back_creation(kind: RowKind, entry: JournalEntry, created: Image) -> None:
    row = _row(kind, entry)
    if row is None:
        return  # deleted since: there is nothing left to take back
    changed = _changed_since(kind, row, created, kind.fields)
    if changed:
        raise UndoConflict(_sentence(kind, entry, row, changed))
    in_use = _in_use(row, created)
    if in_use:
        raise UndoConflict(in_use)
    row.delete()


def _bring_back(kind: RowKind, entry: JournalEntry, image: Image) -> None:
    if kind.model._default_manager.filter(pk=image["id"]).exists():
        raise UndoConflict(f"The {kind.label} “{shortened(entry.entity_name)}” is there again already.")
    _refuse_taken(kind, image, except_id=None)
    if kind.model is ProfileMembership:
        _refuse_half_membership(image)
    values = {field.attname: field.to_python(image.get(field.attname)) for field in kind.model._meta.concrete_fields}
    kind.model._default_manager.bulk_create([kind.model(**values)])
    members = [int(pk) for pk in image.get(MEMBERS) or ()]
    _enable(int(image["id"]), members)


def _restore_fields(kind: RowKind, entry: JournalEntry, before: Image, after: Image) -> None:
    row = _row(kind, entry)
    if row is None:
        raise UndoConflict(f"The {kind.label} “{shortened(entry.entity_name)}” was deleted since.")
    written = [name for name in after if name != MEMBERS and before.get(name) != after[name]]
    changed = _changed_since(kind, row, after, [name for name in written if name in kind.fields])
    if changed:
        raise UndoConflict(_sentence(kind, entry, row, changed))
    _refuse_taken(kind, {name: before[name] for name in written if name in before}, except_id=row.pk)
    restored = {
        field.attname: field.to_python(before.get(field.attname))
        for field in kind.model._meta.concrete_fields
        if field.attname in written
    }
    if restored:
        kind.model._default_manager.filter(pk=row.pk).update(**restored)


def _row(kind: RowKind, entry: JournalEntry) -> models.Model | None:
    if entry.entity_id is None:
        raise UndoConflict("This entry does not say what it was about.")
    return kind.model._default_manager.filter(pk=entry.entity_id).first()


def _changed_since(kind: RowKind, row: models.Model, written: Image, names: Iterable[str]) -> list[str]:
    now = row_image(row)
    return [name for name in names if name in written and now[name] != written[name]]


def _in_use(row: models.Model, created: Image) -> str:
    """Why a row that was created cannot go again: somebody uses it since."""
    if isinstance(row, ChannelProfile):
        others = len(set(members_of(row.pk)) - set(created.get(MEMBERS) or ()))
        return f"The channel profile “{shortened(row.name)}” has {counted(others, 'channel')} now." if others else ""
    if isinstance(row, StreamProfile):
        count = Channel.objects.filter(stream_profile_id=row.pk).count()
        verb = "uses" if count == 1 else "use"
        return f"{counted(count, 'channel')} {verb} the stream profile “{shortened(row.name)}” now." if count else ""
    return ""


def _refuse_taken(kind: RowKind, image: Image, *, except_id: int | None) -> None:
    for name in kind.unique:
        if name not in image:
            continue
        lookup = f"{name}__iexact" if name == "name" else name
        if kind.model._default_manager.filter(**{lookup: image[name]}).exclude(pk=except_id).exists():
            shown = shortened(str(image.get(kind.title) or image[name]))
            raise UndoConflict(f"Another {kind.label} has the {kind.fields[name]} of “{shown}” now.")


def _refuse_half_membership(image: Image) -> None:
    if not ChannelProfile.objects.filter(pk=image["profile_id"]).exists():
        raise UndoConflict("The profile was deleted since, so the channel cannot be enabled in it again.")
    if not Channel.objects.filter(pk=image["channel_id"]).exists():
        raise UndoConflict("The channel was deleted since, so it cannot be enabled in the profile again.")
    if ProfileMembership.objects.filter(profile_id=image["profile_id"], channel_id=image["channel_id"]).exists():
        raise UndoConflict("The channel is enabled in the profile again already.")


def _enable(profile_id: int, channel_ids: Sequence[int]) -> None:
    """Enable those of the channels that still exist."""
    for portion in chunked(channel_ids):
        there = Channel.objects.filter(pk__in=portion).values_list("pk", flat=True)
        ProfileMembership.objects.bulk_create(ProfileMembership(profile_id=profile_id, channel_id=pk) for pk in there)


def _sentence(kind: RowKind, entry: JournalEntry, row: models.Model, names: Sequence[str]) -> str:
    told = []
    for name in names:
        value = getattr(row, name)
        told.append(f"{kind.fields[name]} is {'empty' if value in (None, '') else f'“{shortened(str(value))}”'} now")
    return f"The {kind.label} “{shortened(entry.entity_name)}” was changed since: {'; '.join(told)}."
