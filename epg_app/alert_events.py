"""What a refresh is alerted as: one event per failed guide, with its id, so that source filters work (50 A-4)."""

from collections.abc import Iterable

from epg_app.models import GuideSource
from epg_app.request_refresh import REFRESH_TASK
from tasks_app.alerts.entities import register_alert_entities
from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.run_alerts import register_run_events, run_event
from tasks_app.alerts.source_filter import EPG
from tasks_app.models import TaskRun


def register() -> None:
    """Called when the app is ready."""
    register_alert_entities(EPG, guides)
    register_run_events(REFRESH_TASK, refresh_events)


def guides() -> Iterable[tuple[int, str]]:
    """All guides by name, for the source filter."""
    return GuideSource.objects.filter(deleting_since=None).order_by("name").values_list("pk", "name")


def refresh_events(run: TaskRun) -> list[AlertEvent]:
    """A run over several guides tells each that failed, with the severity of the whole; else itself."""
    ids = run.parameters.get("source_ids") or []
    if len(ids) == 1:
        return [run_event(run, category=EPG, entity_id=int(ids[0]))]
    failed = run.details.get("failed_sources") or []
    if not failed:
        return [run_event(run, category=EPG)]
    return [
        run_event(
            run,
            title=f"Guide refresh of {guide['name']} failed",
            message=guide["message"],
            category=EPG,
            entity_id=guide["id"],
            counts={},
            failed_items=[],
        )
        for guide in failed
    ]
