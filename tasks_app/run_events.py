"""What others may hear about runs: notifications, alerts, metrics. Receivers are told, never asked.

``run_started``     a worker (or a command) has begun with a run; also sent for a run inside another one
``run_progressed``  where it stands, at most every :data:`PROGRESS_EVERY_SECONDS`; sent in a thread of its own, only while
                    somebody listens, with a copy of the run that costs no query
``run_finished``    a run that had begun is over, whatever its end (T-22); sent once, also when a killed run is closed later

All carry ``run=`` (a :class:`~tasks_app.models.TaskRun` that must not be saved) and ``inside=``, the id of the run during
which this happens, None for a run of its own. A receiver that raises is logged and costs neither the run nor the others
anything. Receivers must be quick, and wrap what they write in ``transaction.atomic()``: the run may be in a transaction.
"""

from django.dispatch import Signal

from tasks_app.models import TaskRun
from tasks_app.run_log import current_run_id

PROGRESS_EVERY_SECONDS = 2.0

run_started = Signal()
run_progressed = Signal()
run_finished = Signal()


def tell_started(run: TaskRun) -> None:
    _tell(run_started, run)


def tell_progressed(run: TaskRun) -> None:
    _tell(run_progressed, run)


def tell_finished(run: TaskRun) -> None:
    _tell(run_finished, run)


def _tell(signal: Signal, run: TaskRun) -> None:
    outer = current_run_id()
    signal.send_robust(sender=TaskRun, run=run, inside=outer if outer != run.pk else None)  # logs what receivers raise
