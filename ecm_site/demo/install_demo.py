"""Use cases: put the demo in, look how it is doing, take it out again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils import timezone

from ecm_site.demo import files
from epg_app.models import GuideSource, SourceType
from m3u_app.account_values import AccountRefused, AccountValues
from m3u_app.create_account import create_account
from m3u_app.delete_account import request_deletion
from m3u_app.models import Account
from m3u_app.request_refresh import lock_key, request_refresh
from tasks_app import engine, journal
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

GUIDE_NAME = "Demo guide"
GUIDE_TASK = "epg_refresh"


class DemoRefused(Exception):
    """The demo cannot be put in now; the message says why."""


@dataclass(frozen=True)
class DemoState:
    """``runs`` are the imports of the demo that wait or work right now."""

    account_ids: list[int]
    source_ids: list[int]
    runs: list[TaskRun]

    @property
    def is_installed(self) -> bool:
        return bool(self.account_ids or self.source_ids)


def demo_state() -> DemoState:
    """Found by the files that the demo works with, so that accounts may be renamed."""
    paths = [str(path) for path in files.playlist_paths().values()]
    accounts = list(Account.objects.filter(file_path__in=paths).values_list("pk", flat=True))
    sources = list(GuideSource.objects.filter(file_path=str(files.guide_path())).values_list("pk", flat=True))
    keys = [lock_key(pk) for pk in accounts] + [_guide_lock_key(pk) for pk in sources]
    return DemoState(accounts, sources, sorted(active_runs(keys).values(), key=lambda run: run.pk))


def install_demo() -> DemoState:
    """Write the demo's files, add its accounts and its guide, and start importing them. Repeating it does no harm.

    Raises :class:`DemoRefused` when a name is taken by something else.
    """
    _refuse_taken_names()
    files.write_files(timezone.now().date())
    for name, path in files.playlist_paths().items():
        account = Account.objects.filter(file_path=str(path)).first() or _create_account(name, str(path))
        _start(partial(request_refresh, account.pk))
    source = GuideSource.objects.filter(file_path=str(files.guide_path())).first() or _create_source()
    _start(partial(engine.start_run, GUIDE_TASK, {"source_ids": [source.pk]}))
    logger.info("[MAIN] Installed the demo")
    return demo_state()


def remove_demo() -> None:
    """Delete the demo's accounts, streams, guide and files. Channels made from it stay, without its streams."""
    state = demo_state()
    for account_id in state.account_ids:
        request_deletion(account_id)
    for source_id in state.source_ids:
        GuideSource.objects.filter(pk=source_id).delete()
    files.delete_files()
    logger.info("[MAIN] Removed the demo")


def keep_guide_current(now: datetime) -> None:
    """Due check of the worker: a demo that is older than its three days would show an empty guide."""
    if files.renew_guide(now):
        logger.info("[MAIN] Wrote a new guide for the demo")


def _refuse_taken_names() -> None:
    """All names are looked at before anything is made, so that no half of a demo stays behind."""
    for name, path in files.playlist_paths().items():
        if Account.objects.filter(name__iexact=name).exclude(file_path=str(path)).exists():
            raise DemoRefused(f"There is another account named “{name}”. Rename it first.")
    if GuideSource.objects.filter(name__iexact=GUIDE_NAME).exclude(file_path=str(files.guide_path())).exists():
        raise DemoRefused(f"There is another guide named “{GUIDE_NAME}”. Rename it first.")


def _create_account(name: str, path: str) -> Account:
    try:
        return create_account(AccountValues(name=name, upload_path=path))
    except AccountRefused as refusal:
        raise DemoRefused(f"{name}: {refusal}") from None


def _create_source() -> GuideSource:
    source = GuideSource.objects.create(
        name=GUIDE_NAME, source_type=SourceType.XMLTV_FILE, file_path=str(files.guide_path()), keep_unmapped=True
    )
    journal.log_entry(
        "epg",
        "create",
        entity_type="epg_source",
        entity_id=source.pk,
        entity_name=source.name,
        description=f"Added the guide {source.name}",
    )
    return source


def _start(start: Callable[[], TaskRun]) -> None:
    try:
        start()
    except engine.AlreadyRunning as running:
        logger.info("[MAIN] %s", running)


def _guide_lock_key(source_id: int) -> str:
    return f"epg:{source_id}"
