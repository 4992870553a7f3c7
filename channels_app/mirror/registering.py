"""Makes the kinds of the lineup known; called once at start-up."""

from channels_app.mirror.channel_profiles import ChannelProfileKind
from channels_app.mirror.channels import ChannelKind
from channels_app.mirror.create_channels import perhaps_created
from channels_app.mirror.groups import GroupKind
from channels_app.mirror.logos import LogoKind
from channels_app.mirror.stream_profiles import StreamProfileKind
from tasks_app.mirror.after_going_back import register_suspicion
from tasks_app.mirror.kinds import register_kind


def register() -> None:
    for kind in (GroupKind(), LogoKind(), StreamProfileKind(), ChannelProfileKind(), ChannelKind()):
        register_kind(kind)
    register_suspicion(ChannelKind.name, perhaps_created)
