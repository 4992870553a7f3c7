"""The kind "guide_source": sources that both this house and the server can change (30 §2, §3.2)."""

import logging
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from ecm_site.crypto import SecretUnreadable
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, NotFound, Rejected, ServerFault
from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from epg_app.find_source import find_source
from epg_app.mirror.remove_sources import remove_sources
from epg_app.mirror.server_values import BOOK_COLUMNS, NAME_LENGTH, body_of, book_columns, books_of, values_of
from epg_app.models import GuideEntry, GuideSource, SourceType
from epg_app.source_journal import CATEGORY
from epg_app.source_values import UPLOAD_BYTES_MAX
from m3u_app.store_upload import display_name, is_upload
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    MirroredKind,
    Outcome,
    Postponed,
    Refused,
    Values,
    Watched,
    name_stand_in,
)
from tasks_app.mirror.readable import readable, with_ids
from tasks_app.mirror.state import quietly

logger = logging.getLogger(__name__)

KIND: Final = "guide_source"
ONE_BY_ONE: Final = 3  # more rows than these are read with all the others, in one request

_NAME_IS_THERE: Final = "Dispatcharr has another guide of this name. Give one of the two another name."
_AS_UPLOADED: Final[Values] = {
    "url": "",
    "username": "",
    "password": "",
    "is_active": False,
    "priority": 0,
    "refresh_interval": 0,
    "cron_expression": "",
    "custom_properties": {},
}
"""What the server makes of an upload, whatever it is told (recorded)."""
_FIELDS: Final = {
    "name": "name",
    "source_type": "kind",
    "url": "address",
    "username": "user name",
    "password": "password",
    "is_active": "switched on",
    "priority": "priority",
    "refresh_interval": "hours between refreshes",
    "cron_expression": "refresh times (cron)",
    "custom_properties": "further properties",
}


class GuideSourceKind(MirroredKind):
    """See :mod:`epg_app.mirror.server_values` for how values are translated."""

    name = KIND
    label = "guide"
    position = 50
    fields = _FIELDS
    secrets: ClassVar[frozenset[str]] = frozenset({"url", "password"})
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("epg_app_guidesource", columns=(*_FIELDS, "file_path", "deleting_since"), name="name"),
    )
    natural_key = "name"
    asks_from = 1  # with one guide go all its programmes, and what channels use of them
    category = CATEGORY

    # Here.
    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        """A source that is being deleted is gone already, as far as the server is concerned."""
        chosen = GuideSource.objects.filter(deleting_since=None)
        if ids is not None:
            chosen = chosen.filter(pk__in=ids)
        try:
            sources = list(chosen)
        except SecretUnreadable:
            sources = [find_source(pk) for pk in chosen.values_list("pk", flat=True)]
        return {source.pk: {field: getattr(source, field) for field in _FIELDS} for source in sources}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        names = _Names()
        made: dict[int, int] = {}
        for remote_id, values in rows.items():
            known = books.get(remote_id, {})
            source = GuideSource(**values | {"name": names.free(str(values["name"]))}, **book_columns(known))
            source.save(force_insert=True)
            made[remote_id] = source.pk
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        renamed = [pk for pk, values in rows.items() if "name" in values]
        names = _Names(without=renamed)
        for pk in renamed:  # two that swap their names
            GuideSource.objects.filter(pk=pk).update(name=f"{pk} is being renamed")
        for pk, values in rows.items():
            columns = dict(values)
            if "name" in columns:
                columns["name"] = names.free(str(columns["name"]))
            if columns:
                GuideSource.objects.filter(pk=pk).update(**columns)

    def remove(self, ids: Collection[int]) -> None:
        remove_sources(ids)

    def bring_back(self, values: Values) -> int | None:
        """Only a generated guide is whole without the secrets that the journal does not hold."""
        if values.get("source_type") != SourceType.DUMMY or GuideSource.objects.filter(name=values.get("name")).exists():
            return None
        known = {field: value for field, value in values.items() if field in _FIELDS and field not in self.secrets}
        return int(GuideSource.objects.create(**known).pk)

    def comes_back(self, values: Values) -> bool:
        return values.get("source_type") == SourceType.DUMMY and super().comes_back(values)

    def keep_books(self, books: Mapping[int, Values]) -> None:
        wanted = {pk: book_columns(known) for pk, known in books.items()}
        present = GuideSource.objects.filter(pk__in=wanted).values("pk", *BOOK_COLUMNS)
        for row in present:
            differing = {name: value for name, value in wanted[row["pk"]].items() if row[name] != value}
            if differing:
                GuideSource.objects.filter(pk=row["pk"]).update(**differing)

    # There.
    def stand_in(self, value: Any, remote_id: int) -> str:
        return name_stand_in(value, remote_id, longest=NAME_LENGTH)

    def as_made(self, values: Values) -> Values:
        return values | _AS_UPLOADED if values["source_type"] == SourceType.XMLTV_FILE else values

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = with_ids(KIND, links, _server_rows(client, ids))
        yield from readable(KIND, links, rows, lambda row: (row["id"], values_of(row), books_of(row)))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        """Names are unique on the server, and what is there under ours was adopted before: one that is there now is another.

        Entries of one that was lost there have ids that are nobody's by now, or other entries'.
        """
        GuideEntry.objects.filter(source__in=list(rows)).exclude(remote_id=None).update(remote_id=None)
        for local_id, values in rows.items():
            problem = _problem(values)
            yield Refused(local_id, problem) if problem else _created(client, local_id, values)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        again: list[Change] = []
        for change in changes:
            outcome = _updated(client, change)
            if outcome is None:
                again.append(change)
            else:
                yield outcome
        for change in again:  # the name may have become free by one of the others
            yield _updated(client, change, last_try=True) or Refused(change.local_id, _NAME_IS_THERE)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for local_id, remote_id in rows.items():
            try:
                client.guide.delete_source(remote_id)
            except NotFound:
                logger.info("[EPG] Guide source %s was gone on the server already", remote_id)
            except (Rejected, ServerFault) as error:
                yield _refusal(local_id, error)
                continue
            yield Delivered(local_id, remote_id, {})


class _Names:
    """Gives the server's names out here, where each may be there once."""

    def __init__(self, without: Collection[int] = ()) -> None:
        self._taken = set(GuideSource.objects.exclude(pk__in=without).values_list("name", flat=True))

    def free(self, name: str) -> str:
        wanted, number = name or "(no name)", 2
        while wanted in self._taken:
            wanted = f"{name[: NAME_LENGTH - 8]} ({number})"
            number += 1
        self._taken.add(wanted)
        return wanted


def _server_rows(client: Dispatcharr, ids: Collection[int] | None) -> Iterator[ServerSource]:
    if ids is not None and len(ids) <= ONE_BY_ONE:
        for remote_id in ids:
            try:
                yield client.guide.source(remote_id)
            except NotFound:
                continue
        return
    wanted = None if ids is None else set(ids)
    yield from (row for row in client.guide.sources() if wanted is None or row.get("id") in wanted)


def _problem(values: Values) -> str:
    """Why the server could do nothing with the values; empty when it can."""
    if values["source_type"] == SourceType.XMLTV and not values["url"]:
        return "It has no address. Edit the guide and enter one."
    return ""


def _created(client: Dispatcharr, local_id: int, values: Values) -> Outcome:
    try:
        if values["source_type"] == SourceType.XMLTV_FILE:
            return _uploaded(client, local_id, values)
        row = client.guide.create_source(body_of(values))
    except Rejected as error:
        return Refused(local_id, _NAME_IS_THERE) if _is_about_name(error) else _refusal(local_id, error)
    except ServerFault as error:
        return _refusal(local_id, error)
    return Delivered(local_id, row["id"], values_of(row))


def _is_about_name(error: Rejected) -> bool:
    return "exists" in error.fields.get("name", "")


def _uploaded(client: Dispatcharr, local_id: int, values: Values) -> Outcome:
    """Two requests: what differs from what the server makes of an upload is set afterwards."""
    stored = GuideSource.objects.filter(pk=local_id).values_list("file_path", flat=True).first() or ""
    path = Path(stored)
    if not is_upload(stored):
        return Refused(
            local_id, "Dispatcharr cannot read a file in ECM's data folder. Add the guide again and upload the file."
        )
    if not path.is_file():
        return Refused(local_id, "The uploaded file is no longer there. Delete the guide here and upload it again.")
    if path.stat().st_size > UPLOAD_BYTES_MAX:
        size = UPLOAD_BYTES_MAX // 1_048_576
        return Refused(local_id, f"The file is larger than {size} MB. Give Dispatcharr an address that it can read instead.")
    fields = {"name": str(values["name"]), "source_type": SourceType.XMLTV.value}
    row = client.guide.upload_source(fields, display_name(stored), path.read_bytes())
    there = values_of(row)
    differing = {field: value for field, value in values.items() if field != "source_type" and there[field] != value}
    if differing:
        row = client.guide.update_source(row["id"], body_of(differing))
    return Delivered(local_id, row["id"], values_of(row))


def _updated(client: Dispatcharr, change: Change, *, last_try: bool = False) -> Outcome | None:
    """None = the name is taken, which another change of the same batch may mend."""
    if "source_type" in change.values:
        return Refused(change.local_id, "The kind of a guide cannot be changed. Delete it and add another one.")
    if "url" in change.values and (problem := _problem(change.whole)):
        return Refused(change.local_id, problem)
    try:
        row = client.guide.update_source(change.remote_id, body_of(change.values))
    except NotFound:
        return Postponed(change.local_id, "The server does not have it any more; the next comparison tells.")
    except Rejected as error:
        if _is_about_name(error):
            return Refused(change.local_id, _NAME_IS_THERE) if last_try else None
        return _refusal(change.local_id, error)
    except ServerFault as error:
        return _refusal(change.local_id, error)
    return Delivered(change.local_id, row["id"], values_of(row))


def _refusal(local_id: int, error: DispatcharrError) -> Refused:
    """The server's no to this row. Outages are nobody's fault and go on upwards."""
    if error.temporary:
        raise error
    return Refused(local_id, str(error))


def note_books(client: Dispatcharr, links: LinkBook, remote_ids: Collection[int]) -> list[ServerSource]:
    """Read sources again and note their status here; returns them."""
    rows = list(_server_rows(client, remote_ids))
    local = links.locals_of(KIND, [row["id"] for row in rows])
    with quietly():
        GuideSourceKind().keep_books({local[row["id"]]: books_of(row) for row in rows if row["id"] in local})
    return rows
