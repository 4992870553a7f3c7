"""The lineup's part in switching between standalone and connected."""

from django.db import models
from django.db.models import Q

from channels_app.drafts.lives import UNFINISHED
from channels_app.lineup_changed import lineup_changed
from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    Draft,
    HiddenGroup,
    Logo,
    ProfileMembership,
    StreamProfile,
)
from ecm_site.conf import save_settings
from ecm_site.wording import counted
from m3u_app.write_turns import WriteTurns
from tasks_app.backup.blockers import register_blocker
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
        return [_stock("hidden group", HiddenGroup, "name")]

    def held(self) -> dict[str, int]:
        return {"channels": Channel.objects.count(), "streams on channels": ChannelStream.objects.count()}

    def missing_there(self) -> list[str]:
        """Streams that the provider has no more, or whose group is switched off, are not fetched by a server."""
        unfetched = Q(stream__is_stale=True) | Q(stream__group__enabled=False) | Q(stream__account__is_active=False)
        lost = ChannelStream.objects.filter(unfetched, stream__is_custom=False).count()
        if not lost:
            return []
        return [
            f"{counted(lost, 'stream')} on channels will not be there: the provider has them no more, or their group or account"
            " is switched off."
        ]

    def clear(self, progress: Progress) -> None:
        """The files of uploaded logos stay: going back to the snapshot needs them."""
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
        save_settings(default_channel_profile_ids=())
        lineup_changed()


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


def _stock(noun: str, model: type[models.Model], *order: str) -> Stock:
    rows = model._default_manager.order_by(*order, "pk")
    count = rows.count()
    return Stock(noun, count, tuple(rows.values_list("name", flat=True)[:SAMPLES]) if count else ())
