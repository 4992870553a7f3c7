"""The providers' part in switching between standalone and connected."""

import logging
import time
from pathlib import Path

from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.wording import counted
from m3u_app.changes.models import StreamChange
from m3u_app.delete_account import delete_account
from m3u_app.mirror.not_for_server import not_for_server
from m3u_app.mirror.own_identity import own_identity
from m3u_app.mirror.wait_for_refresh import MayStillRun, RefreshFailedThere, Wait
from m3u_app.models import (
    BUSY_STATUSES,
    Account,
    AccountProfile,
    AccountStatus,
    AccountType,
    LinkGroup,
    ServerGroup,
    Stream,
    StreamFilter,
    StreamGroup,
)
from m3u_app.store_upload import display_name, is_upload
from m3u_app.stream_users import announce_removal
from m3u_app.write_turns import WriteTurns
from tasks_app.journal import new_batch_id
from tasks_app.models import MirrorLink
from tasks_app.progress import Progress
from tasks_app.switching.left_behind import first_names
from tasks_app.switching.rooms import SAMPLES, Room, Stock, register_room

logger = logging.getLogger(__name__)

CHUNK = 500
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.5


class ProvidersRoom(Room):
    position = 30

    def stock(self) -> list[Stock]:
        names = tuple(Account.objects.values_list("name", flat=True)[:SAMPLES])
        custom = Stream.objects.filter(is_custom=True)
        uploads = [display_name(path) for path in Account.objects.values_list("file_path", flat=True) if is_upload(path)]
        return [
            Stock("account", Account.objects.count(), names),
            Stock("uploaded playlist", len(uploads), tuple(uploads[:SAMPLES])),
            Stock("account profile", AccountProfile.objects.count()),
            Stock("filter", StreamFilter.objects.count()),
            Stock("provider’s group", StreamGroup.objects.count()),
            Stock("stream", Stream.objects.filter(is_custom=False).count()),
            Stock("custom stream", custom.count(), tuple(custom.order_by("pk").values_list("name", flat=True)[:SAMPLES])),
            Stock(
                "server group", ServerGroup.objects.count(), tuple(ServerGroup.objects.values_list("name", flat=True)[:SAMPLES])
            ),
            Stock("link between accounts", LinkGroup.objects.count(), plural="links between accounts"),
        ]

    def server_bound(self) -> list[Stock]:
        return [Stock("recorded change", StreamChange.objects.count())]

    def asleep_alone(self) -> list[str]:
        """Whom ECM cannot fetch from by itself, and whom nobody tells it to."""
        accounts = list(Account.objects.filter(is_active=True).order_by("name", "pk"))
        no_file = [one.name for one in accounts if one.file_path and not Path(one.file_path).is_file()]
        no_password = [
            one.name for one in accounts if one.account_type == AccountType.XTREAM and not (one.username and one.password)
        ]
        by_hand = [one.name for one in accounts if not one.refresh_interval and not one.cron_expression]
        by_its_times = [one.name for one in accounts if not one.refresh_interval and one.cron_expression]
        return [
            f"{counted(len(names), 'account')} {words} ({first_names(names)})."
            for names, words in (
                (no_file, "cannot be refreshed until you choose the playlist file again, which only the server has"),
                (no_password, "cannot be refreshed until you enter user and password, which the server has not told"),
                (by_hand, "will be refreshed by hand only, as the interval is 0"),
                (
                    by_its_times,
                    "will be refreshed by hand only: Dispatcharr's own times do not hold here, and the interval is 0",
                ),
            )
            if names
        ]

    def missing_there(self) -> list[str]:
        return not_for_server()

    def clear(self, progress: Progress) -> None:
        """Accounts take their streams, groups and recorded changes along. Uploads stay while the backup names them."""
        now = timezone.now()
        Account.objects.filter(deleting_since=None).update(deleting_since=now, is_active=False)  # nothing refreshes any more
        for account in Account.objects.order_by("pk"):
            progress.report(phase=f"Removing {account.name}")
            delete_account(account.pk, progress=progress)
        _remove_custom_streams(progress)
        ServerGroup.objects.all().delete()
        LinkGroup.objects.all().delete()

    def leave(self, progress: Progress) -> None:
        """Streams keep their rows and get the identity that our own refreshes will know them by."""
        Account.objects.filter(status__in=BUSY_STATUSES).update(status=AccountStatus.IDLE)
        for account in Account.objects.order_by("pk"):
            progress.report(phase=f"Taking over {account.name}")
            progress.raise_if_cancelled()
            own_identity(account)

    def settle_there(self, client: Dispatcharr, progress: Progress) -> None:
        """A new account has its groups once the server has downloaded the playlist; that goes on after the creation."""
        deadline = time.monotonic() + SETTLE_SECONDS
        waiting = list(_there())
        while waiting and time.monotonic() < deadline:
            progress.report(phase="The server reads the playlists")
            progress.raise_if_cancelled()
            time.sleep(LOOK_SECONDS)
            waiting = [remote_id for remote_id in waiting if _is_settling(client.accounts.get(remote_id))]

    def refresh_there(self, client: Dispatcharr, progress: Progress) -> None:
        """One account after another; what fails is told on its row and leaves its streams out."""
        for remote_id in _there():
            try:
                Wait(client, remote_id, progress, lambda row: None).refresh()
            except (RefreshFailedThere, MayStillRun) as problem:
                logger.warning("[M3U] The server could not read its account %s: %s", remote_id, problem)


def _there() -> list[int]:
    """Ids on the server of the accounts that are switched on."""
    active = Account.objects.filter(is_active=True).values_list("pk", flat=True)
    links = MirrorLink.objects.filter(kind="account", local_id__in=list(active))
    return list(links.order_by("local_id").values_list("remote_id", flat=True))


def _is_settling(row: Row) -> bool:
    return row["status"] in BUSY_STATUSES or (row["status"] == AccountStatus.IDLE and not row["channel_groups"])


def _remove_custom_streams(progress: Progress) -> None:
    turns, batch_id = WriteTurns(), new_batch_id()
    rows = Stream.objects.filter(account=None).order_by("pk")
    while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
        progress.raise_if_cancelled()
        with turns.turn(len(ids)):
            announce_removal(ids, "another lineup took its place", batch_id)
            Stream.objects.filter(pk__in=ids).delete()


def register() -> None:
    register_room("providers", ProvidersRoom())
