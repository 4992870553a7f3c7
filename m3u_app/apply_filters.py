"""Lets changed filters take effect: the last playlist is read again, without a download where it was kept (20 §5)."""

from m3u_app.models import Account
from m3u_app.providers.registry import has_copy
from m3u_app.request_refresh import request_refresh
from tasks_app.mirror.state import is_connected
from tasks_app.models import TaskRun


def can_apply_without_download(account: Account) -> bool:
    """Whether the account's last playlist is kept here. A mirrored server reads playlists itself."""
    return not is_connected() and has_copy(account)


def apply_filters(account: Account) -> TaskRun:
    """Queue the import that makes the account obey its filters.

    Raises what :func:`~m3u_app.request_refresh.request_refresh` raises.
    """
    return request_refresh(account.pk, from_copy=can_apply_without_download(account))
