"""Listens to refreshes of providers and guides."""

from typing import Any

from channels_app.autosync.sync_account import has_synced_groups
from channels_app.autosync.tasks import request_sync
from channels_app.lineup_changed import lineup_changed
from channels_app.link_guide import link_waiting_channels
from channels_app.models import ChannelStream
from epg_app.signals import source_refreshed
from m3u_app.signals import account_refreshed
from tasks_app.mirror.state import is_connected


def connect() -> None:
    """Called once at start-up."""
    account_refreshed.connect(publish_after_account, dispatch_uid="channels_app.publish_after_account")
    account_refreshed.connect(sync_after_account, dispatch_uid="channels_app.sync_after_account")
    source_refreshed.connect(link_after_source, dispatch_uid="channels_app.link_after_source")


def publish_after_account(sender: Any, *, account_id: int, **_: Any) -> None:
    """Publish again when a channel uses a stream of the refreshed account: its address may be new."""
    if ChannelStream.objects.filter(stream__account_id=account_id).exists():
        lineup_changed(guide=False)


def sync_after_account(sender: Any, *, account_id: int, **_: Any) -> None:
    """Bring the channels of auto-synced groups in step with what the refresh brought (20 §2.2 step 8)."""
    if has_synced_groups(account_id):
        request_sync(account_id)


def link_after_source(sender: Any, **_: Any) -> None:
    """Link channels that were waiting for a guide entry with their TVG-ID, and publish the new programmes.

    A mirrored server links channels itself, or was told not to: there nobody asked us.
    """
    if not is_connected():
        link_waiting_channels()
    lineup_changed(guide=False)
