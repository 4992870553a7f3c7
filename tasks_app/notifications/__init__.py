"""The bell: one live line per run, results, problems, and what to do about them (50 §3)."""


def connect() -> None:
    """Listen to runs, and look for forgotten lines once a minute. Called when the app is ready."""
    from tasks_app.notifications import run_notices
    from tasks_app.run_events import run_finished, run_started
    from tasks_app.ticks import register_due_check

    run_started.connect(run_notices.on_run_started, dispatch_uid="notifications")
    run_finished.connect(run_notices.on_run_finished, dispatch_uid="notifications")
    register_due_check(run_notices.close_orphans)
