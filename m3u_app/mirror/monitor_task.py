"""The task "M3U Change Monitor": notices refreshes that the server made by itself, and brings over what changed (20 §2.3)."""

from django.forms import Field

from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.wording import counted
from m3u_app.account_names import account_names
from m3u_app.mirror.accounts_there import holds_custom_streams
from m3u_app.mirror.pull_streams import last_seen_refreshes
from m3u_app.mirror.run_when_free import GaveWay, bring_over
from m3u_app.models import Account
from tasks_app.mirror.mirror_tasks import STANDALONE
from tasks_app.mirror.state import is_connected, mirror_state
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.models import MirrorLink, RunStatus
from tasks_app.parameter_fields import NamesField
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class M3uChangeMonitor(TaskScheduler):
    """Compares when the server last refreshed its accounts with what is here; ``account_ids`` empty = all."""

    task_id = "m3u_change_monitor"
    name = "M3U Change Monitor"
    description = "Looks whether the mirrored server has refreshed an account, and brings over what changed."
    default_parameters = {"account_ids": []}
    quiet = True

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        return {
            "account_ids": NamesField(names=account_names, all_words="All accounts, also those added later", label="Accounts")
        }

    @classmethod
    def rests(cls) -> bool:
        return not is_connected()

    def execute(self) -> TaskResult:
        if not is_connected():
            return TaskResult(success=True, message=STANDALONE)
        trouble = mirror_state().trouble
        if trouble:
            return TaskResult(success=True, message=f"Not looked: {trouble}")
        try:
            changed, watched = self._changed()
        except DispatcharrError as error:  # the mirror itself tells when that lasts
            return TaskResult(success=True, message=f"The server could not be asked: {error}")
        if not changed:
            return TaskResult(success=True, message=f"Nothing new in {counted(watched, 'account')}.", skipped_count=watched)
        try:
            run = bring_over(self.progress)
        except GaveWay as gave_way:
            return TaskResult(success=True, message=f"Not looked: {gave_way}")
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        if run.status != RunStatus.COMPLETED or not run.success:
            return TaskResult(success=False, message=f"{names} changed, and could not be read: {run.message}", failed_count=1)
        return TaskResult(success=True, message=f"The server had refreshed {names}. {run.message}", success_count=len(changed))

    def _changed(self) -> tuple[list[str], int]:
        """Names of accounts that were refreshed there since, and how many were looked at."""

        def should_stop() -> bool:
            self.progress.raise_if_cancelled()
            return False

        with stopping_when(should_stop):
            there = [row for row in mirrored_client().accounts.all() if row["is_active"] and not holds_custom_streams(row)]
        wanted = {int(value) for value in self.parameters.get("account_ids") or []}
        links = dict(MirrorLink.objects.filter(kind="account").values_list("remote_id", "local_id"))
        here = set(Account.objects.filter(deleting_since=None).values_list("pk", flat=True))
        seen = last_seen_refreshes()
        watched: dict[str, bool] = {}
        for row in there:
            local_id = links.get(row["id"])
            if local_id in here and (not wanted or local_id in wanted):
                watched[row["name"]] = row["updated_at"] is not None and seen.get(row["id"]) != row["updated_at"]
        return [name for name, is_new in watched.items() if is_new], len(watched)
