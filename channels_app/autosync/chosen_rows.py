"""What settings point to – channel group, guide source, logo, stream profile, channel profiles – as far as it still exists."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from django.db.models import Model

from channels_app.autosync.settings import SyncSettings
from channels_app.chunks import chunked
from channels_app.models import ChannelGroup, ChannelProfile, Logo, StreamProfile
from channels_app.profiles.set_memberships import default_profile_ids
from epg_app.models import GuideSource

_IDS_AT_ONCE = 5_000


@dataclass(frozen=True)
class ChosenRows:
    """Names by id of what exists; ``logos`` are (name, address). ``new_channels``: the profiles that new channels join."""

    groups: dict[int, str] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    logos: dict[int, tuple[str, str]] = field(default_factory=dict)
    stream_profiles: dict[int, str] = field(default_factory=dict)
    profiles: dict[int, str] = field(default_factory=dict)
    new_channels: tuple[int, ...] = ()

    def logo_url(self, settings: SyncSettings) -> str:
        return self.logos[settings.logo_id][1] if settings.logo_id in self.logos else ""

    def joins(self, settings: SyncSettings) -> tuple[int, ...]:
        """The channel profiles of new channels: the chosen ones, else those that every new channel joins."""
        if settings.profile_ids is None:
            return self.new_channels
        return tuple(pk for pk in settings.profile_ids if pk in self.profiles)

    def usable(self, settings: SyncSettings) -> SyncSettings:
        """The settings without what no longer exists. What was chosen and is gone is no choice; it never widens to all."""
        return replace(
            settings,
            group_id=_known(settings.group_id, self.groups),
            guide_source_id=_known(settings.guide_source_id, self.sources),
            logo_id=_known(settings.logo_id, self.logos),
            stream_profile_id=_known(settings.stream_profile_id, self.stream_profiles),
            profile_ids=None if settings.profile_ids is None else self.joins(settings),
        )

    def missing(self, settings: SyncSettings) -> tuple[str, ...]:
        """A sentence for each choice that no longer exists, saying what happens instead."""
        told = []
        if settings.group_id is not None and settings.group_id not in self.groups:
            told.append("The chosen channel group no longer exists: channels go where they would without it.")
        if settings.guide_source_id is not None and settings.guide_source_id not in self.sources:
            told.append("The chosen guide source no longer exists: every source is used.")
        if settings.logo_id is not None and settings.logo_id not in self.logos:
            told.append("The chosen logo no longer exists: channels have that of their stream.")
        if settings.stream_profile_id is not None and settings.stream_profile_id not in self.stream_profiles:
            told.append("The chosen stream profile no longer exists: channels keep what they have.")
        gone = [pk for pk in settings.profile_ids or () if pk not in self.profiles]
        if gone:
            told.append(_missing_profiles(len(gone), len(settings.profile_ids or ())))
        return tuple(told)


def read_chosen(settings: Iterable[SyncSettings]) -> ChosenRows:
    """What these settings point to. At most seven queries, however many settings there are."""
    every = list(settings)
    groups = _names(ChannelGroup, (item.group_id for item in every))
    sources = _names(GuideSource, (item.guide_source_id for item in every))
    stream_profiles = _names(StreamProfile, (item.stream_profile_id for item in every))
    wanted = {item.logo_id for item in every if item.logo_id is not None}
    logos: dict[int, tuple[str, str]] = {}
    for ids in chunked(sorted(wanted), _IDS_AT_ONCE):
        rows = Logo.objects.filter(pk__in=ids).values_list("pk", "name", "url")
        logos.update({pk: (name, url) for pk, name, url in rows})
    profiles = dict(ChannelProfile.objects.order_by("name", "pk").values_list("pk", "name"))
    return ChosenRows(groups, sources, logos, stream_profiles, profiles, _of_new_channels(profiles))


def _of_new_channels(profiles: dict[int, str]) -> tuple[int, ...]:
    """Those of the setting (10 §1.3); where it names none, all of them (20 §4.2)."""
    return tuple(default_profile_ids() or profiles)


def _names(model: type[Model], ids: Iterable[int | None]) -> dict[int, str]:
    wanted = sorted({pk for pk in ids if pk is not None})
    found: dict[int, str] = {}
    for portion in chunked(wanted, _IDS_AT_ONCE):
        found.update(model._default_manager.filter(pk__in=portion).values_list("pk", "name"))
    return found


def _known(pk: int | None, rows: Collection[int]) -> int | None:
    return pk if pk in rows else None


def _missing_profiles(gone: int, chosen: int) -> str:
    if gone < chosen:
        return f"{gone:,} of {chosen:,} chosen channel profiles no longer exist{'s' if gone == 1 else ''}."
    word = "The chosen channel profile no longer exists" if chosen == 1 else "The chosen channel profiles no longer exist"
    return f"{word}: channels are in none."
