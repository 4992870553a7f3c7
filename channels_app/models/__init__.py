"""All tables of the lineup, by what they are about."""

from channels_app.models.drafts import Draft, DraftChange, DraftProblem, DraftState, DraftStep, LineupTouch
from channels_app.models.lineup import (
    AccountSync,
    Channel,
    ChannelGroup,
    ChannelStream,
    HiddenGroup,
    LeftoverChoice,
)
from channels_app.models.logos import Logo
from channels_app.models.output import OutputToken
from channels_app.models.profiles import ChannelProfile, ProfileMembership, StreamProfile
from channels_app.models.screens import SavedView, ViewPreference

__all__ = [
    "AccountSync",
    "Channel",
    "ChannelGroup",
    "ChannelProfile",
    "ChannelStream",
    "Draft",
    "DraftChange",
    "DraftProblem",
    "DraftState",
    "DraftStep",
    "HiddenGroup",
    "LeftoverChoice",
    "LineupTouch",
    "Logo",
    "OutputToken",
    "ProfileMembership",
    "SavedView",
    "StreamProfile",
    "ViewPreference",
]
