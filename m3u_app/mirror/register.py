"""Makes what this app mirrors known."""

from m3u_app.mirror.account_kind import AccountKind
from m3u_app.mirror.custom_stream_kind import CustomStreamKind
from m3u_app.mirror.filter_kind import FilterKind
from m3u_app.mirror.group_kind import GroupKind
from m3u_app.mirror.profile_kind import ProfileKind
from m3u_app.mirror.pull_streams import STREAMS
from m3u_app.mirror.server_group_kind import ServerGroupKind
from tasks_app.mirror.bulk_mirrors import register_bulk_mirror
from tasks_app.mirror.kinds import register_kind


def register() -> None:
    """Called when the app starts."""
    for kind in (ServerGroupKind(), AccountKind(), GroupKind(), FilterKind(), ProfileKind(), CustomStreamKind()):
        register_kind(kind)
    register_bulk_mirror(STREAMS)
