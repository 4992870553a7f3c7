"""What the settings say about the server was changed: whatever it was that did not work is tried again at once."""

from tasks_app.engine import request_run_soon
from tasks_app.mirror.state import SYNC_TASK
from tasks_app.models import MirrorState

ACCESS = ("dispatcharr_url", "dispatcharr_auth", "dispatcharr_user", "dispatcharr_password", "dispatcharr_api_key")


def ask_again_after(names: tuple[str, ...]) -> bool:
    """Of ``names`` of changed settings those of the way in count; only an outage is ended early by them."""
    if not set(names) & set(ACCESS):
        return False
    if not MirrorState.objects.filter(pk=1, connected=True).exclude(trouble="").update(retry_at=None):
        return False
    request_run_soon(SYNC_TASK, delay_seconds=0)
    return True
