"""Changes as refreshes leave them, written directly, for tests of the digest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from m3u_app.changes.models import Change, ChangeBatch
from m3u_app.changes.search_index import index_changes_after, newest_change
from m3u_app.digest.edit_digest import change_digest
from m3u_app.models import Account


def account(name: str = "Acme") -> Account:
    return Account.objects.get_or_create(name=name)[0]


def batch(of: Account, at: datetime | None = None, *, summarised: bool = True) -> ChangeBatch:
    return ChangeBatch.objects.create(account=of, at=at or timezone.now(), summarised=summarised)


def change(in_batch: ChangeBatch, kind: str, group: str, count: int = 1, names: Sequence[str] = (), **values: Any) -> Change:
    newest = newest_change()
    made = Change.objects.create(
        batch=in_batch,
        account=in_batch.account,
        at=in_batch.at,
        change_type=kind,
        group_name=group,
        count=count,
        names="\n".join(names),
        **values,
    )
    index_changes_after(newest)
    return made


def added(group: str, *names: str, of: Account | None = None, at: datetime | None = None) -> Change:
    """A refresh that brought these streams."""
    return change(batch(of or account(), at), "streams_added", group, len(names), names)


def switch_on(**values: Any) -> None:
    change_digest({"enabled": True, "email_recipients": ["op@example.org"], **values})
