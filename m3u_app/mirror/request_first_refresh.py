"""A new account on the server only lists its groups; its streams come with the first refresh, which we ask for (20 §1.5)."""

from m3u_app.request_refresh import REFRESH_TASK, lock_key
from tasks_app import engine
from tasks_app.queries import active_runs

SETTLE_SECONDS = 5
"""Until the creation is noted here and the server has read the groups."""


def request_first_refresh(account_id: int) -> None:
    """Unless a refresh of it is waiting or running already: that one has the account made and goes on."""
    if active_runs([lock_key(account_id)]):
        return
    engine.request_run_soon(REFRESH_TASK, {"account_ids": [account_id]}, delay_seconds=SETTLE_SECONDS)
