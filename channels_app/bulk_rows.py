"""Inserts many channels and their streams with prepared statements; ``bulk_create`` takes ten times as long on SQLite."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field, Max, Model

from channels_app.models import Channel, ChannelStream


def channel_rows(channels: Sequence[Channel]) -> list[list[Any]]:
    """Database values of unsaved channels. Most of the work of storing them; needs no lock."""
    fields = _stored_fields()
    return [[field.get_db_prep_save(field.pre_save(item, add=True), connection) for field in fields] for item in channels]


def insert_channels(channels: Sequence[Channel], rows: Sequence[Sequence[Any]]) -> None:
    """Store ``rows`` made of ``channels``, and give these their ids. Call inside a transaction: ids are read back from it."""
    before = Channel.objects.aggregate(highest=Max("pk"))["highest"] or 0
    _insert(Channel, _stored_fields(), rows)
    ids: dict[UUID, int] = dict(Channel.objects.filter(pk__gt=before).values_list("uuid", "pk"))
    for channel in channels:
        channel.pk = ids[channel.uuid]


def insert_streams(links: Iterable[tuple[int, int, int]]) -> None:
    """Store (channel id, stream id, position)."""
    columns = {field.name: field for field in ChannelStream._meta.concrete_fields}
    fields = [columns[name] for name in ("channel", "stream", "position")]
    _insert(ChannelStream, fields, links)


def _stored_fields() -> "list[Field[Any, Any]]":
    return [field for field in Channel._meta.concrete_fields if not field.primary_key]


def _insert(model: type[Model], fields: "Sequence[Field[Any, Any]]", rows: Iterable[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join("%s" for _ in fields)
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))
