"""Clean-up of what nobody needs any more (50 §10): steps that apps register, each with its own result.

:mod:`.steps` is the registry, :mod:`.turns` deletes without keeping others waiting, :mod:`.run_steps` goes through them,
:mod:`.task` is the task ``cleanup``. What this app itself removes is in the modules named after it.
"""

from tasks_app.cleanup import (  # noqa: F401 - importing registers steps and task
    compaction,
    health_checks,
    old_alerts,
    old_journal,
    old_notifications,
    old_runs,
    sign_ins,
    task,
    temporary_files,
)
