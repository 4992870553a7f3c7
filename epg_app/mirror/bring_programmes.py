"""Brings the mirrored server's programmes over now, because channels use other guide channels than before."""

from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.wording import counted
from epg_app.mirror.programmes import pull_all_programmes
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.progress import Progress
from tasks_app.registry import TaskResult


def bring_programmes(progress: Progress) -> TaskResult:
    """Raises ``Cancelled``. A server that does not answer is no failure of anybody's: the next sync brings them."""

    def should_stop() -> bool:
        progress.raise_if_cancelled()
        return False

    try:
        with stopping_when(should_stop):
            counts = pull_all_programmes(mirrored_client(), StoredLinks(), progress)
    except DispatcharrError as error:
        return TaskResult(success=True, message=f"The programmes come with the next sync: {error}", skipped_count=1)
    message = f"Brought over {counted(counts.created, 'programme')}." if counts.created else "The server has nothing new."
    return TaskResult(success=True, message=" ".join([message, *counts.notes]), success_count=counts.created)
