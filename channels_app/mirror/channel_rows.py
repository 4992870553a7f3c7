"""Channels with their streams and profiles in this house, as the mirror reads and writes them: many at once, set-wise."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.utils import timezone

from channels_app.chunks import chunked
from channels_app.mirror.channel_values import number_here
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, ProfileMembership, StreamProfile
from epg_app.models import GuideEntry
from epg_app.raw_sql import fetch_all, id_list, insert_rows, plain_columns, stored_time
from m3u_app.models import Account, Stream
from tasks_app.mirror.kinds import Values

COLUMNS = {
    "name": "name",
    "number": "number",
    "group": "group_id",
    "tvg_id": "tvg_id",
    "gracenote_id": "gracenote_id",
    "logo_url": "logo_url",
    "guide_entry": "guide_entry_id",
    "stream_profile": "stream_profile_id",
    "is_hidden": "is_hidden",
}
"""Our field of the mirror → column."""
_REFERENCES: dict[str, type[models.Model]] = {
    "group": ChannelGroup,
    "guide_entry": GuideEntry,
    "stream_profile": StreamProfile,
}
_CHANNELS = Channel._meta.db_table
_REST: dict[str, Any] = {"epg_locked": False, "no_epg": False}
"""Columns of this house alone, as they are on a channel that comes from the server."""
_ID_LIST = "(SELECT value FROM json_each(%s))"


def read_channels(ids: Collection[int] | None = None) -> dict[int, Values]:
    """Channels by id, in three queries whatever their number. Raw: this is what most of a pull's time would go to."""
    chosen = "" if ids is None else f" WHERE id IN {_ID_LIST}"
    columns = plain_columns(COLUMNS.values())
    sql = f"SELECT id, {columns} FROM {_CHANNELS}{chosen}"  # noqa: S608 - names of our own
    found: dict[int, Values] = {}
    for pk, *stored in fetch_all(sql, () if ids is None else [id_list(ids)]):
        values = dict(zip(COLUMNS, stored, strict=True))
        values["number"] = number_here(values["number"])
        values["is_hidden"] = bool(values["is_hidden"])
        values["stream_ids"] = []
        values["profile_ids"] = []
        found[pk] = values
    for channel_id, stream_id in _links("stream_id", ChannelStream, "position, id", ids):
        if channel_id in found:
            found[channel_id]["stream_ids"].append(stream_id)
    for channel_id, profile_id in _links("profile_id", ProfileMembership, "profile_id", ids):
        if channel_id in found:
            found[channel_id]["profile_ids"].append(profile_id)
    return found


def store_channels(rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
    """Make channels (id there → values) and return their ids here. Inside a transaction."""
    known = _Known(rows.values(), books.values())
    taken = _taken_uuids(book["uuid"] for book in books.values() if "uuid" in book)
    moment = stored_time(timezone.now())
    uuids: dict[int, str] = {}
    stored: list[tuple[Any, ...]] = []
    for remote_id, values in rows.items():
        book = books.get(remote_id, {})
        uuid = UUID(book["uuid"]) if "uuid" in book else uuid4()
        uuids[remote_id] = (uuid if uuid not in taken else uuid4()).hex
        columns = (_stored(name, known.kept(name, values[name])) for name in COLUMNS)
        auto_created, account = bool(book.get("auto_created")), known.account(book.get("auto_created_by"))
        pinned = json.dumps(_pinned(book, []))
        stored.append((*columns, uuids[remote_id], auto_created, account, pinned, moment, moment, *_REST.values()))
    names = [
        *COLUMNS.values(),
        "uuid",
        "auto_created",
        "auto_created_by_id",
        "pinned_fields",
        "created_at",
        "updated_at",
        *_REST,
    ]
    insert_rows(_CHANNELS, names, stored)
    made = fetch_all(f"SELECT uuid, id FROM {_CHANNELS} WHERE uuid IN {_ID_LIST}", [json.dumps(list(uuids.values()))])  # noqa: S608
    by_uuid = dict(made)
    ids = {remote_id: int(by_uuid[uuid]) for remote_id, uuid in uuids.items()}
    _insert_streams(
        (ids[remote_id], stream_id, place)
        for remote_id, values in rows.items()
        for place, stream_id in enumerate(known.streams(values["stream_ids"]), 1)
    )
    _insert_members(
        (profile_id, ids[remote_id])
        for remote_id, values in rows.items()
        for profile_id in known.profiles(values["profile_ids"])
    )
    return ids


def change_channels(rows: Mapping[int, Values]) -> None:
    """Set the given fields of channels by id. Inside a transaction."""
    known = _Known(rows.values(), ())
    there = {pk for (pk,) in _fetch_ids(Channel, rows)}
    by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for pk, values in rows.items():
        names = tuple(name for name in COLUMNS if name in values)
        if names and pk in there:
            row = tuple(_stored(name, known.kept(name, values[name])) for name in names)
            by_columns.setdefault(names, []).append((*row, pk))
    for names, stored in by_columns.items():
        update_columns([COLUMNS[name] for name in names], stored)
    _replace_streams(
        {pk: known.streams(values["stream_ids"]) for pk, values in rows.items() if "stream_ids" in values and pk in there}
    )
    _replace_members(
        {pk: known.profiles(values["profile_ids"]) for pk, values in rows.items() if "profile_ids" in values and pk in there}
    )


def remove_channels(ids: Collection[int]) -> None:
    """Delete channels with their streams and memberships. Inside a transaction."""
    for portion in chunked(list(ids)):
        Channel.objects.filter(pk__in=portion).delete()


def keep_channel_books(books: Mapping[int, Values]) -> bool:
    """Take over uuid, origin and account of channels by id, where they differ; whether any did. Inside a transaction."""
    known = _Known((), books.values())
    names = ("pk", "uuid", "auto_created", "auto_created_by_id", "pinned_fields")
    now = Channel.objects.filter(pk__in=_chosen(books)).values_list(*names)
    different: dict[int, tuple[UUID, bool, int | None, list[str]]] = {}
    for pk, uuid, auto_created, account_id, pinned in now:
        book = books[pk]
        new = (
            UUID(book["uuid"]) if "uuid" in book else uuid,
            bool(book.get("auto_created", auto_created)),
            known.account(book.get("auto_created_by", account_id)),
            _pinned(book, pinned),
        )
        if new != (uuid, auto_created, account_id, pinned):
            different[pk] = new
    if not different:
        return False
    taken = _taken_uuids(str(uuid) for uuid, *_ in different.values())
    rows = [
        (uuid.hex if taken.get(uuid, pk) == pk else uuid4().hex, auto_created, account_id, json.dumps(pinned), pk)
        for pk, (uuid, auto_created, account_id, pinned) in different.items()
    ]
    update_columns(["uuid", "auto_created", "auto_created_by_id", "pinned_fields"], rows)
    return True


def _pinned(book: Values, now: list[str]) -> list[str]:
    """Fields set by hand: the server's overrides, and those of ours that it does not know."""
    if "pinned" not in book:
        return now
    ours = set(now) - set(COLUMNS.values())
    return sorted(ours | {COLUMNS[name] for name in book["pinned"]})


def update_columns(columns: Collection[str], rows: list[tuple[Any, ...]]) -> None:
    """Rows are values in the order of ``columns`` and the channel's id."""
    quote = connection.ops.quote_name
    stamp = connection.ops.adapt_datetimefield_value(timezone.now())
    settings = ", ".join(f"{quote(column)} = %s" for column in columns)
    table = quote(Channel._meta.db_table)
    statement = f"UPDATE {table} SET {settings}, updated_at = %s WHERE id = %s"  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(*row[:-1], stamp, row[-1]) for row in rows])


class _Known:
    """Which of the rows that values refer to exist: what is gone by now is left out, for a transaction must not fail on it."""

    def __init__(self, rows: Collection[Values], books: Collection[Values]) -> None:
        self._ids = {name: _existing(model, (values.get(name) for values in rows)) for name, model in _REFERENCES.items()}
        self._accounts = _existing(Account, (book.get("auto_created_by") for book in books))
        self._streams = _existing(Stream, (pk for values in rows for pk in values.get("stream_ids", ())))
        self._profiles = _existing(ChannelProfile, (pk for values in rows for pk in values.get("profile_ids", ())))

    def kept(self, name: str, value: Any) -> Any:
        return value if name not in self._ids or value in self._ids[name] else None

    def account(self, pk: int | None) -> int | None:
        return pk if pk in self._accounts else None

    def streams(self, ids: Iterable[int]) -> list[int]:
        return [pk for pk in dict.fromkeys(ids) if pk in self._streams]

    def profiles(self, ids: Iterable[int]) -> list[int]:
        return [pk for pk in dict.fromkeys(ids) if pk in self._profiles]


def _replace_streams(lists: Mapping[int, list[int]]) -> None:
    """Bring the stream lists of channels into line; rows that stay keep their ids."""
    now: dict[int, list[tuple[int, int, int]]] = {}
    table = ChannelStream._meta.db_table
    sql = f"SELECT channel_id, id, stream_id, position FROM {table} WHERE channel_id IN {_ID_LIST}"  # noqa: S608
    for channel_id, pk, stream_id, position in fetch_all(sql, [id_list(lists)]):
        now.setdefault(channel_id, []).append((pk, stream_id, position))
    gone: list[tuple[int]] = []
    moved: list[tuple[int, int]] = []
    new: list[tuple[int, int, int]] = []
    for channel_id, wanted in lists.items():
        places = {stream_id: place for place, stream_id in enumerate(wanted, 1)}
        for pk, stream_id, position in now.get(channel_id, ()):
            place = places.pop(stream_id, None)
            if place is None:
                gone.append((pk,))
            elif place != position:
                moved.append((place, pk))
        new += [(channel_id, stream_id, place) for stream_id, place in places.items()]
    with connection.cursor() as cursor:
        cursor.executemany(f"DELETE FROM {table} WHERE id = %s", gone)  # noqa: S608
        cursor.executemany(f"UPDATE {table} SET position = %s WHERE id = %s", moved)  # noqa: S608
    _insert_streams(new)


def _replace_members(lists: Mapping[int, list[int]]) -> None:
    """Bring the profiles of channels into line."""
    table = ProfileMembership._meta.db_table
    sql = f"SELECT profile_id, channel_id FROM {table} WHERE channel_id IN {_ID_LIST}"  # noqa: S608
    now = {(profile_id, channel_id) for profile_id, channel_id in fetch_all(sql, [id_list(lists)])}
    wanted = {(profile_id, channel_id) for channel_id, ids in lists.items() for profile_id in ids}
    with connection.cursor() as cursor:
        cursor.executemany(
            f"DELETE FROM {table} WHERE profile_id = %s AND channel_id = %s",  # noqa: S608
            sorted(now - wanted),
        )
    _insert_members(sorted(wanted - now))


def _links(column: str, model: type[models.Model], order: str, ids: Collection[int] | None) -> list[tuple[int, int]]:
    chosen = "" if ids is None else f" WHERE channel_id IN {_ID_LIST}"
    sql = f"SELECT channel_id, {column} FROM {model._meta.db_table}{chosen} ORDER BY channel_id, {order}"  # noqa: S608
    rows = fetch_all(sql, () if ids is None else [id_list(ids)])
    return [(channel_id, other) for channel_id, other in rows]


def _existing(model: type[models.Model], ids: Iterable[int | None]) -> set[int | None]:
    wanted = {pk for pk in ids if pk is not None}
    return {pk for (pk,) in _fetch_ids(model, wanted)} if wanted else set()


def _fetch_ids(model: type[models.Model], ids: Iterable[int]) -> list[tuple[int]]:
    return [(row[0],) for row in fetch_all(f"SELECT id FROM {model._meta.db_table} WHERE id IN {_ID_LIST}", [id_list(ids)])]  # noqa: S608


def _taken_uuids(uuids: Iterable[str]) -> dict[UUID, int]:
    """Channels that have one of the uuids already."""
    wanted = json.dumps([UUID(text).hex for text in uuids])
    table = Channel._meta.db_table
    rows = fetch_all(f"SELECT uuid, id FROM {table} WHERE uuid IN {_ID_LIST}", [wanted])  # noqa: S608
    return {UUID(uuid): pk for uuid, pk in rows}


def _stored(name: str, value: Any) -> Any:
    return str(value) if name == "number" and value is not None else value


def _insert_streams(links: Iterable[tuple[int, int, int]]) -> None:
    insert_rows(ChannelStream._meta.db_table, ("channel_id", "stream_id", "position"), list(links))


def _insert_members(pairs: Iterable[tuple[int, int]]) -> None:
    insert_rows(ProfileMembership._meta.db_table, ("profile_id", "channel_id"), list(pairs))


def _chosen(ids: Iterable[int]) -> RawSQL:
    """Any number of ids as one parameter of an ORM query."""
    return RawSQL("SELECT value FROM json_each(%s)", [id_list(ids)])
