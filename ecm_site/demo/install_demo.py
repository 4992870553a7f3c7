"""Use cases: put the demo in, look how it is doing, take it out again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils import timezone

from ecm_site.demo import files
from epg_app import request_refresh as epg_requests
from epg_app.create_source import create_source
from epg_app.delete_source import request_deletion as request_source_deletion
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import SourceRefused, SourceValues
from m3u_app import request_refresh as m3u_requests
from m3u_app.account_values import AccountRefused, AccountValues
from m3u_app.create_account import create_account
from m3u_app.delete_account import request_deletion
from m3u_app.models import Account
from tasks_app import engine
from tasks_app.mirror.state import is_connected
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

GUIDE_NAME = "Demo guide"


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
    keys = [m3u_requests.lock_key(pk) for pk in accounts] + [epg_requests.lock_key(pk) for pk in sources]
    return DemoState(accounts, sources, sorted(active_runs(keys).values(), key=lambda run: run.pk))


def install_demo() -> DemoState:
    """Write the demo's files, add its accounts and its guide, and start importing them. Repeating it does no harm.

    Raises :class:`DemoRefused` when a name is taken by something else, and while a server is mirrored.
    """
    if is_connected():
        raise DemoRefused("ECM mirrors a Dispatcharr server now: the demo would be created there. It is for trying ECM alone.")
    _refuse_taken_names()
    files.write_files(timezone.now().date())
    for name, path in files.playlist_paths().items():
        account = Account.objects.filter(file_path=str(path)).first() or _create_account(name, str(path))
        _start(partial(m3u_requests.request_refresh, account.pk))
    source = GuideSource.objects.filter(file_path=str(files.guide_path())).first() or _create_source()
    _start(partial(epg_requests.request_refresh, source.pk))
    logger.info("[MAIN] Installed the demo")
    return demo_state()


def remove_demo() -> None:
    """Delete the demo's accounts, streams, guide and files. Channels made from it stay, without its streams."""
    state = demo_state()
    for account_id in state.account_ids:
        request_deletion(account_id)
    for source_id in state.source_ids:
        request_source_deletion(source_id)
    files.delete_files()
    logger.info("[MAIN] Removed the demo")


def keep_guide_current(now: datetime) -> None:
    """Due check of the worker: a demo that is older than its three days would show an empty guide.

    Adopting a server takes the demo away and leaves its files for the backup of before: then nobody reads the guide, until
    somebody goes back.
    """
    if files.is_guide_old(now) and GuideSource.objects.filter(file_path=str(files.guide_path())).exists():
        files.write_guide(now)
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
    try:
        return create_source(
            SourceValues(
                name=GUIDE_NAME,
                source_type=SourceType.XMLTV_FILE.value,
                file_path=str(files.guide_path()),
                keep_unmapped=True,  # there is something to see before the first channel is made
            )
        )
    except SourceRefused as refusal:
        raise DemoRefused(f"{GUIDE_NAME}: {refusal}") from None


def _start(start: Callable[[], TaskRun]) -> None:
    try:
        start()
    except engine.AlreadyRunning as running:
        logger.info("[MAIN] %s", running)
