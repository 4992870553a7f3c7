"""The lineup's part in switching between standalone and connected."""

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from channels_app.drafts.lives import UNFINISHED
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    AccountSync,
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    Draft,
    HiddenGroup,
    LeftoverChoice,
    Logo,
    ProfileMembership,
    StreamProfile,
)
from channels_app.profiles.set_memberships import default_profile_ids
from ecm_site.conf import save_settings
from ecm_site.wording import counted
from epg_app.mirror.not_for_server import sources_not_sent
from m3u_app.mirror.not_for_server import accounts_not_sent
from m3u_app.models import StreamGroup
from m3u_app.write_turns import WriteTurns
from tasks_app.backup.blockers import register_blocker
from tasks_app.backup.row_settings import register_row_setting
from tasks_app.progress import Progress
from tasks_app.switching.rooms import SAMPLES, Room, Stock, register_room

CHUNK = 2000
_GOING: tuple[type[models.Model], ...] = (
    ChannelStream,
    ProfileMembership,
    Channel,
    HiddenGroup,
    ChannelGroup,
    ChannelProfile,
    StreamProfile,
    Logo,
)
"""What points to others goes before them."""
_JOINED = "default_channel_profile_ids"


class LineupRoom(Room):
    position = 10

    def stock(self) -> list[Stock]:
        return [
            _stock("channel", Channel, "number", "name"),
            _stock("group", ChannelGroup, "name"),
            _stock("channel profile", ChannelProfile, "name"),
            _stock("stream profile", StreamProfile, "name"),
            _stock("logo", Logo, "name"),
        ]

    def server_bound(self) -> list[Stock]:
        joined = len(default_profile_ids())
        return [
            _stock("hidden group", HiddenGroup, "name"),
            Stock("default profile for new channels", joined, plural="default profiles for new channels"),
        ]

    def held(self) -> dict[str, int]:
        return {"channels": Channel.objects.count(), "streams on channels": ChannelStream.objects.count()}

    def make_ready(self, progress: Progress) -> None:
        """The server would make the channels of these groups once more, beside ours."""
        _synced_with_channels().update(auto_channel_sync=False)

    def missing_there(self) -> list[str]:
        return [*_missing_streams(), *_waiting_channels(), *_resting_auto_sync(), *_only_here()]

    def clear(self, progress: Progress) -> None:
        """The files of uploaded logos stay, and the snapshot has the setting: going back brings both."""
        turns = WriteTurns()
        for model in _GOING:
            total, done = model._default_manager.count(), 0
            progress.report(phase=f"Removing {model._meta.verbose_name_plural}", current=0, total=total)
            while ids := list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
                progress.raise_if_cancelled()
                with turns.turn(len(ids)):
                    model._default_manager.filter(pk__in=ids)._raw_delete("default")
                done += len(ids)
                progress.report(current=done, total=max(total, done))
        save_settings(**{_JOINED: ()})
        lineup_changed()


def _missing_streams() -> list[str]:
    """Streams that the provider has no more, or whose group is switched off, are not fetched by a server."""
    unfetched = Q(stream__is_stale=True) | Q(stream__group__enabled=False) | Q(stream__account__is_active=False)
    lost = ChannelStream.objects.filter(unfetched, stream__is_custom=False).count()
    if not lost:
        return []
    return [
        f"{counted(lost, 'stream')} on channels will not be there: the provider has them no more, or their group or account"
        " is switched off."
    ]


def _synced_with_channels() -> QuerySet[StreamGroup]:
    made = ChannelStream.objects.filter(stream__group=OuterRef("pk"), channel__auto_created=True)
    return StreamGroup.objects.filter(Exists(made), auto_channel_sync=True)


def _resting_auto_sync() -> list[str]:
    groups = _synced_with_channels().count()
    if not groups:
        return []
    return [
        f"Auto-sync of {counted(groups, 'group')} is switched off: the channels that it made go there as ordinary ones, with"
        " all that you have set. Switched on there, it would make them once more: delete these first."
    ]


def _waiting_channels() -> list[str]:
    """A channel is created once the server has all that it refers to; it reads nothing that is switched off."""
    unread = Q(stream__account_id__in=accounts_not_sent()) | Q(stream__account__is_active=False)
    of_streams = Q(pk__in=ChannelStream.objects.filter(unread).values("channel_id"))
    of_guide = Q(guide_entry__source_id__in=sources_not_sent()) | Q(guide_entry__source__is_active=False)
    sentences = []
    for chosen, what in (
        (of_streams, "streams of an account that will not be there or is switched off"),
        (of_guide & ~of_streams, "the guide entry of a source that will not be there or is switched off"),
    ):
        count = Channel.objects.filter(chosen).count()
        if count:
            wait = "waits here, as it has" if count == 1 else "wait here, as they have"
            sentences.append(f"{counted(count, 'channel')} {wait} {what}.")
    return sentences


def _only_here() -> list[str]:
    """What ECM keeps beside the lineup and a server has no place for."""
    hidden, ordered = HiddenGroup.objects.count(), ChannelGroup.objects.exclude(position=None).count()
    locked = Channel.objects.filter(epg_locked=True).count()
    guideless = Channel.objects.filter(no_epg=True).count()
    leftovers = AccountSync.objects.exclude(leftovers=LeftoverChoice.ALWAYS).count()
    sentences = []
    if hidden:
        sentences.append(f"{counted(hidden, 'hidden group')} {'is' if hidden == 1 else 'are'} hidden here only.")
    if ordered:
        sentences.append(f"The order of {counted(ordered, 'group')} stays here only.")
    if locked:
        sentences.append(
            f"{counted(locked, 'channel')} {'is' if locked == 1 else 'are'} locked against automatic guide matching here only."
        )
    if guideless:
        sentences.append(
            f"{counted(guideless, 'channel')} {'is' if guideless == 1 else 'are'} marked to have no guide here only."
        )
    if leftovers:
        sentences.append(
            "What auto-sync does with channels whose streams are gone, which you chose for"
            f" {counted(leftovers, 'account')}, stays here only."
        )
    return sentences


def open_drafts() -> list[str]:
    """A draft is a copy of the lineup as it was: an exchanged one would leave it without ground."""
    owners = sorted(Draft.objects.filter(state__in=UNFINISHED).values_list("owner__username", flat=True))
    if not owners:
        return []
    names = ", ".join(owners[:SAMPLES])
    return [f"{counted(len(owners), 'draft')} with edits that are not applied: {names}. Apply or discard first."]


def register() -> None:
    register_room("lineup", LineupRoom())
    register_blocker(open_drafts)
    register_row_setting(_JOINED)


def _stock(noun: str, model: type[models.Model], *order: str) -> Stock:
    rows = model._default_manager.order_by(*order, "pk")
    count = rows.count()
    return Stock(noun, count, tuple(rows.values_list("name", flat=True)[:SAMPLES]) if count else ())
