"""Import from a playlist named on the command line: find or make its account, then refresh it here."""

import re
from dataclasses import dataclass
from pathlib import Path

from m3u_app.account_values import AccountLocked, AccountRefused, AccountValues
from m3u_app.create_account import COPIED_FIELDS, create_account
from m3u_app.edit_account import edit_account
from m3u_app.find_account import find_account
from m3u_app.models import Account, AccountType
from m3u_app.request_refresh import REFRESH_TASK
from tasks_app.engine import run_here
from tasks_app.mirror.state import is_connected
from tasks_app.models import TaskRun

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class SourceRefused(Exception):
    """The named source or account cannot be used. Text: a sentence for the operator."""


@dataclass(frozen=True)
class ChosenAccount:
    """``is_new``: it was made just now. ``source_changed``: it existed and now reads another source."""

    account_id: int
    is_new: bool
    source_changed: bool


def choose_account(source: str, name: str) -> ChosenAccount:
    """Return the playlist account called ``name``, reading from ``source`` (an address or a path on this machine).

    A missing account is made. An existing one that reads from elsewhere is switched to ``source``, as an edit on its
    page would: the streams that both sources share keep their rows. Raises :class:`SourceRefused`.
    """
    address, path = (source, "") if _ADDRESS.match(source) else ("", str(Path(source).resolve()))
    if path and is_connected():
        raise SourceRefused(
            "Playlists are read by a Dispatcharr server, which cannot read a file on this machine. Upload it on the page M3U"
            " Manager."
        )
    existing = Account.objects.filter(name=name).values_list("pk", flat=True).first()
    try:
        if existing is None:
            account = create_account(AccountValues(name=name, server_url=address, file_path=path))
            return ChosenAccount(account.pk, is_new=True, source_changed=False)
        return _pointed_at(existing, address, path)
    except AccountRefused as refusal:
        raise SourceRefused(" ".join(refusal.errors.values())) from refusal
    except AccountLocked as locked:
        raise SourceRefused(str(locked)) from locked


def refresh_here(account_id: int, *, accept_shrunken: bool, from_copy: bool = False) -> TaskRun:
    """Refresh the account in this process and return its finished run. Raises ``engine.AlreadyRunning``.

    ``from_copy`` reads the last playlist again instead of downloading.
    """
    parameters: dict[str, object] = {"account_ids": [account_id], "accept_shrunken": accept_shrunken}
    return run_here(REFRESH_TASK, parameters | ({"from_copy": True} if from_copy else {}))


def _pointed_at(account_id: int, address: str, path: str) -> ChosenAccount:
    account = find_account(account_id)
    if account.account_type != AccountType.STANDARD:
        raise SourceRefused(f"“{account.name}” is no playlist account. Choose another name.")
    if (account.server_url, account.file_path) == (address, path):
        return ChosenAccount(account_id, is_new=False, source_changed=False)
    values = {field: getattr(account, field) for field in COPIED_FIELDS}
    edit = edit_account(account_id, AccountValues(**{**values, "server_url": address, "file_path": path}))
    return ChosenAccount(account_id, is_new=False, source_changed=edit.source_changed)
