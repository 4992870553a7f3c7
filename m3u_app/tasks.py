"""The background task "M3U Refresh": one account in this run, or several with a run of their own each (20 §2.1)."""

from typing import Any

from django.forms import BooleanField, Field
from django.urls import reverse
from django.utils import timezone

from m3u_app import alert_events
from m3u_app.account_names import account_names
from m3u_app.account_values import RESERVED_NAME
from m3u_app.due_refreshes import queue_due_refreshes
from m3u_app.mirror import monitor_task  # noqa: F401 - registers its task
from m3u_app.mirror.refresh_task import refresh_through_server
from m3u_app.models import Account
from m3u_app.pass_cancel_on import pass_cancel_on
from m3u_app.refresh_account import RefreshFailed, mend_unfinished, refresh_account
from m3u_app.request_refresh import REFRESH_TASK, lock_key
from tasks_app import engine
from tasks_app.mirror.state import is_connected
from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.parameter_fields import NamesField
from tasks_app.registry import TaskResult, TaskScheduler, register_task
from tasks_app.scheduling.parameters import NOTHING
from tasks_app.ticks import register_due_check


@register_task
class M3uRefresh(TaskScheduler):
    """Refreshes accounts: those of ``account_ids`` (empty = all), without those that are off unless ``skip_inactive`` is.

    For one run of one account ECM itself also gives ``accept_shrunken`` and ``from_copy``.
    """

    task_id = REFRESH_TASK
    name = "M3U Refresh"
    description = "Downloads the playlists of your providers and brings groups and streams up to date."
    default_parameters = {"account_ids": [], "skip_inactive": True, "accept_shrunken": False, "from_copy": False}
    internal_parameters = frozenset({"accept_shrunken", "from_copy"})

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        ids = parameters.get("account_ids") or []
        return lock_key(int(ids[0])) if len(ids) == 1 else cls.task_id

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        ids = parameters.get("account_ids") or []
        if len(ids) != 1:
            return f"{cls.name} – {f'{len(ids)} accounts' if ids else 'all accounts'}"
        name = Account.objects.filter(pk=ids[0]).values_list("name", flat=True).first()
        return f"{cls.name} – {name}" if name else cls.name

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        words = "All accounts, also those added later"
        return {
            "account_ids": NamesField(names=account_names, all_words=words, label="Accounts"),
            "skip_inactive": BooleanField(
                required=False, label="Skip accounts that are off", help_text="Otherwise they are refreshed too, and stay off."
            ),
        }

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        """The account, or the question whether a much smaller playlist is right."""
        ids = parameters.get("account_ids") or []
        account = Account.objects.only("held_back").filter(pk=ids[0]).first() if len(ids) == 1 else None
        if account is None:
            return "Open accounts", reverse("m3u:accounts")
        if account.held_back and not succeeded:
            return "Review", reverse("m3u:held_back", args=[account.pk])
        return "Open account", reverse("m3u:account", args=[account.pk])

    def execute(self) -> TaskResult:
        ids = [int(value) for value in self.parameters.get("account_ids") or []]
        if ids == [NOTHING]:
            return TaskResult(success=True, message="None of the chosen accounts exists any more: nothing was refreshed.")
        return self._refresh_one(ids[0]) if len(ids) == 1 else self._refresh_many(ids)

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        """Accounts of a killed run must not look busy for ever. Runs over several accounts have a run per account."""
        ids = [int(value) for value in parameters.get("account_ids") or []]
        if len(ids) == 1:
            mend_unfinished(ids)

    def _refresh_one(self, account_id: int) -> TaskResult:
        skips_off = bool(self.parameters.get("skip_inactive", True))
        if skips_off and not self.user_initiated and Account.objects.filter(pk=account_id, is_active=False).exists():
            return TaskResult(success=True, message="The account is switched off and was skipped.", skipped_count=1)
        if is_connected():
            return refresh_through_server(account_id, self.progress, only_accept=bool(self.parameters.get("accept_shrunken")))
        try:
            report = refresh_account(
                account_id,
                progress=self.progress,
                accept_shrunken=bool(self.parameters.get("accept_shrunken")),
                from_copy=bool(self.parameters.get("from_copy")),
                even_if_off=not skips_off,
            )
        except Account.DoesNotExist:
            return TaskResult(success=False, message="The account does not exist any more.", error="CONFIG_INVALID")
        except RefreshFailed as failure:
            return TaskResult(success=False, message=str(failure), failed_count=1)
        return TaskResult(
            success=True,
            message=report.sentence(),
            success_count=report.streams_total,
            failed_count=0,
            skipped_count=report.bad + report.no_url + report.duplicate,
            details=report.counts(),
        )

    def _refresh_many(self, ids: list[int]) -> TaskResult:
        """One after the other: two big imports at once would only wait for each other's write lock."""
        accounts = Account.objects.filter(locked=False, deleting_since=None)
        if self.parameters.get("skip_inactive", True):
            accounts = accounts.filter(is_active=True)
        accounts = accounts.exclude(name__iexact=RESERVED_NAME).order_by("-priority", "pk")
        chosen = list((accounts.filter(pk__in=ids) if ids else accounts).values_list("pk", "name"))
        done: list[str] = []
        failed: dict[str, str] = {}
        unsure: dict[str, str] = {}
        failed_accounts: list[dict[str, Any]] = []
        skipped = max(0, len(ids) - len(chosen))
        began, connected = timezone.now(), is_connected()
        for number, (account_id, name) in enumerate(chosen):
            self.progress.raise_if_cancelled()
            problems = len(failed) + len(unsure)
            self.progress.report(current=number, total=len(chosen), item=name, succeeded=len(done), failed=problems)
            # The times of a mirrored account are those of the server's clock.
            if not connected and Account.objects.filter(pk=account_id, updated_at__gt=began).exists():
                skipped += 1  # its own interval, or somebody, was quicker
                continue
            try:
                run = self._run_account(account_id)
            except engine.AlreadyRunning:
                skipped += 1
                continue
            if run.status == RunStatus.COMPLETED and run.failed_count:
                unsure[name] = run.message  # it went on without a word that it is done
            elif run.status == RunStatus.COMPLETED:
                done.append(name)
            else:
                failed[name] = run.message
                failed_accounts.append({"id": account_id, "name": name, "message": run.message})
        message = f"{len(done):,} of {len(chosen):,} accounts refreshed."
        if failed or unsure:
            message += " " + " ".join(f"{name}: {text}" for name, text in (failed | unsure).items())
        return TaskResult(
            success=bool(done) or not failed,
            message=message,
            success_count=len(done),
            failed_count=len(failed) + len(unsure),
            skipped_count=skipped,
            details={"refreshed": done, "failed": failed, "unsure": unsure, "failed_accounts": failed_accounts},
        )

    def _run_account(self, account_id: int) -> TaskRun:
        trigger = Trigger.MANUAL if self.user_initiated else Trigger.SCHEDULED
        with pass_cancel_on(self.progress, lock_key(account_id)):
            return engine.run_here(
                REFRESH_TASK,
                {
                    "account_ids": [account_id],
                    "skip_inactive": bool(self.parameters.get("skip_inactive", True)),
                    "accept_shrunken": bool(self.parameters.get("accept_shrunken")),
                },
                triggered_by=trigger,
            )


register_due_check(queue_due_refreshes)
alert_events.register()
