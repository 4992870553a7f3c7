"""The ways out: one module per kind of alert method, found by its id (50 §4.1)."""

from tasks_app.alerts.channel import Channel, ChannelError, Field, InvalidMethod
from tasks_app.alerts.channels.apprise_family import AppriseFamily
from tasks_app.alerts.channels.discord import Discord
from tasks_app.alerts.channels.mail import Mail
from tasks_app.alerts.channels.telegram import Telegram

__all__ = ["CHANNELS", "Channel", "ChannelError", "Field", "InvalidMethod", "find_channel"]

CHANNELS: dict[str, Channel] = {channel.type: channel for channel in (Discord(), Telegram(), Mail(), AppriseFamily())}


def find_channel(method_type: str) -> Channel:
    """The channel of this type. Raises :class:`InvalidMethod` for an unknown one."""
    channel = CHANNELS.get(method_type)
    if channel is None:
        raise InvalidMethod("method_type", f"There is no kind “{method_type[:40]}”. There are: {', '.join(CHANNELS)}.")
    return channel
