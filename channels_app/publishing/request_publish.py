"""Asks for the published files to be made again."""

from tasks_app import engine

TASK_ID = "publish_lineup"


def request_publish() -> None:
    """Publish soon; a burst of edits makes one run."""
    engine.request_run_soon(TASK_ID)
