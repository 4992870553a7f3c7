"""What a refresh is alerted as: one event per failed account, with its id, so that source filters work (50 A-4)."""

from collections.abc import Iterable

from m3u_app.models import Account
from m3u_app.request_refresh import REFRESH_TASK
from tasks_app.alerts.entities import register_alert_entities
from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.run_alerts import register_run_events, run_event
from tasks_app.alerts.source_filter import M3U
from tasks_app.models import TaskRun


def register() -> None:
    """Called when the app is ready."""
    register_alert_entities(M3U, accounts)
    register_run_events(REFRESH_TASK, refresh_events)


def accounts() -> Iterable[tuple[int, str]]:
    """All accounts by name, for the source filter."""
    return Account.objects.filter(deleting_since=None).order_by("name").values_list("pk", "name")


def refresh_events(run: TaskRun) -> list[AlertEvent]:
    """A run over several accounts tells each that failed, with the severity of the whole; else itself."""
    ids = run.parameters.get("account_ids") or []
    if len(ids) == 1:
        return [run_event(run, category=M3U, entity_id=int(ids[0]))]
    failed = run.details.get("failed_accounts") or []
    if not failed:
        return [run_event(run, category=M3U)]
    whole = f"{run.success_count:,} of {run.success_count + run.failed_count:,} accounts were refreshed."
    return [
        run_event(
            run,
            title=f"M3U refresh of {account['name']} failed",
            message=f"{account['message']}\n{whole}",
            category=M3U,
            entity_id=account["id"],
            counts={},
            failed_items=[],
        )
        for account in failed
    ]
