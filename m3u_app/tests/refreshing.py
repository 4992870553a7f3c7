"""Helpers for tests that refresh accounts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from m3u_app.entries import Entry, GroupHint, ItemSource
from m3u_app.importing.import_report import RefreshReport
from m3u_app.models import Account, Stream
from m3u_app.providers import registry
from m3u_app.refresh_account import refresh_account
from m3u_app.stream_users import StreamUse
from tasks_app.progress import Cancelled, NoProgress, Progress


def playlist_of(*entries: str, group: str = "G", header: str = "#EXTM3U") -> str:
    """A playlist with one well-formed entry per name; "name@group" puts it into another group."""
    lines = [header]
    for text in entries:
        name, _, where = text.partition("@")
        lines += [f'#EXTINF:-1 tvg-id="{name}.id" group-title="{where or group}",{name}', f"http://h/live/{name}.ts"]
    return "\n".join(lines) + "\n"


class FileAccount:
    """An account that reads a file which the test rewrites."""

    def __init__(self, folder: Path, name: str = "Acme", **values: Any) -> None:
        self.path = folder / f"{name}.m3u"
        self.account = Account.objects.create(name=name, file_path=str(self.path), **values)

    def refresh(
        self, playlist: str | bytes | None = None, *, progress: Progress | None = None, accept_shrunken: bool = False
    ) -> RefreshReport:
        if playlist is not None:
            self.path.write_bytes(playlist.encode() if isinstance(playlist, str) else playlist)
        return refresh_account(self.account.pk, progress=progress or NoProgress(), accept_shrunken=accept_shrunken)

    def now(self) -> Account:
        self.account.refresh_from_db()
        return self.account

    def names(self, **filters: Any) -> list[str]:
        return list(Stream.objects.filter(account=self.account, **filters).order_by("pk").values_list("name", flat=True))

    def set(self, **values: Any) -> None:
        Account.objects.filter(pk=self.account.pk).update(**values)


def assert_adds_up(report: RefreshReport) -> None:
    """Every entry of the source has exactly one fate."""
    fates = (
        report.created
        + report.updated
        + report.unchanged
        + report.filtered
        + report.disabled
        + report.duplicate
        + report.bad
        + report.no_url
    )
    assert report.entries == fates, report.counts()


def rows_changed() -> int:
    """How many rows this connection has changed so far, as SQLite counts."""
    connection.ensure_connection()
    return int(connection.connection.total_changes)


@dataclass
class CancelAt(NoProgress):
    """Cancels when ``phase`` is reported, or at the ``look``-th question."""

    phase: str = ""
    look: int = 0
    looks: int = 0
    is_due: bool = False

    def report(self, **values: object) -> None:
        if self.phase and values.get("phase") == self.phase:
            self.is_due = True

    def raise_if_cancelled(self) -> None:
        self.looks += 1
        if self.is_due or self.looks == self.look:
            raise Cancelled("cancelled")


@dataclass
class FakeProvider:
    """A provider of any type whose answers the test writes: items are keyword arguments of an Entry."""

    account_type: str = "XC"
    items: list[dict[str, Any]] = field(default_factory=list)
    groups: list[GroupHint] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    salt: str = ""

    def test(self, account: Account) -> registry.TestReport:
        return registry.TestReport(ok=True, message="")

    def fetch(self, account: Account, progress: Progress) -> ItemSource:
        if self.error is not None:
            raise self.error
        return ItemSource(
            self.items,
            lambda item, report: Entry(**item),
            salt=self.salt,
            size=len(self.items),
            groups=self.groups,
            account_changes=self.changes,
        )


class Users:
    """Something that uses streams, as channels do."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self.ids = set(ids)
        self.told: list[tuple[set[int], str, str]] = []

    def used(self, stream_ids: Collection[int]) -> set[int]:
        return self.ids & set(stream_ids)

    def uses(self, stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
        return {pk: [StreamUse(pk, f"Channel {pk}", 1)] for pk in self.used(stream_ids)}

    def known(self, keys: Collection[int]) -> dict[int, StreamUse]:
        return {key: StreamUse(key, f"Channel {key}") for key in keys}

    def before_removal(self, stream_ids: Collection[int], reason: str, batch_id: str) -> None:
        assert connection.in_atomic_block
        self.told.append((set(stream_ids), reason, batch_id))
