"""Finds streams that could take the place of one that a provider has taken away (20 §23 replacement hints)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from channels_app.arrange_streams import stream_ids_of
from channels_app.bulk_options import options_from_settings
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel
from channels_app.naming import CleanName, CleanOptions, CountryChoice, clean
from ecm_site.conf import get_settings
from ecm_site.wording import shortened
from m3u_app.models import Stream
from m3u_app.search import matching_streams

LOOKED_AT = 400
"""Streams with a fitting name that are compared; a name that more have in it says too little."""
SHOWN = 20


@dataclass(frozen=True)
class Candidate:
    """``same_id``: it has the guide id of the channel or of the lost stream."""

    stream: Stream
    same_id: bool
    same_quality: bool

    @property
    def reason(self) -> str:
        """Why it fits, in words."""
        parts = ["same guide id" if self.same_id else "same name"]
        if self.same_quality:
            parts.append("same quality")
        return ", ".join(parts)


def find_replacements(channel_id: int, lost_name: str, *, lost_id: int = 0) -> list[Candidate]:
    """Return streams that carry the same channel as the lost one, best first, at most SHOWN.

    Same channel means: the same name once country and quality are set aside, and no other country. Before come the same
    guide id, the same quality, accounts of higher priority. Streams on the channel and missing ones are left out.
    Raises :class:`NotThere`.
    """
    channel = Channel.objects.filter(pk=channel_id).only("name", "tvg_id").first()
    if channel is None:
        raise NotThere("This channel no longer exists. Reload the page.")
    lost = Stream.objects.filter(pk=lost_id).only("tvg_id").first() if lost_id else None
    guide_ids = {text.lower() for text in (channel.tvg_id, lost.tvg_id if lost else "") if text}
    options = _options()
    wanted = clean(lost_name or channel.name, options)
    taken = {*stream_ids_of(channel_id), lost_id}
    found = [
        Candidate(
            stream,
            same_id=stream.tvg_id.lower() in guide_ids,
            same_quality=clean(stream.name, options).priority == wanted.priority,
        )
        for stream in _named_like(wanted.name, taken)
        if _same_channel(clean(stream.name, options), wanted)
    ]
    return sorted(found, key=lambda candidate: _rank(candidate, wanted, options))[:SHOWN]


def best_of(candidates: Sequence[Candidate], lost_name: str) -> int:
    """Return the id of the best candidate; raises :class:`EditRefused` when there is none."""
    if not candidates:
        raise EditRefused(f"No other stream carries “{shortened(lost_name)}”. Add one by hand in the channel manager.")
    return candidates[0].stream.pk


def _rank(candidate: Candidate, wanted: CleanName, options: CleanOptions) -> tuple[object, ...]:
    stream = candidate.stream
    quality = clean(stream.name, options).priority
    priority = stream.account.priority if stream.account else 0
    return (not candidate.same_id, abs(quality - wanted.priority), quality, -priority, stream.pk)


def _same_channel(found: CleanName, wanted: CleanName) -> bool:
    countries = {found.country, wanted.country} - {""}
    return found.bare_key == wanted.bare_key and len(countries) < 2


def _named_like(name: str, taken: Collection[int]) -> list[Stream]:
    streams = Stream.objects.filter(is_stale=False).select_related("account", "group")
    streams = streams.exclude(account__is_active=False).exclude(group__enabled=False)
    hits = matching_streams(streams, name).order_by("pk")[: LOOKED_AT + len(taken)]
    return [stream for stream in hits if stream.pk not in taken]


def _options() -> CleanOptions:
    cleaning = options_from_settings(get_settings()).cleaning
    return CleanOptions(
        country=CountryChoice.STRIP,
        network_prefix=cleaning.network_prefix,
        network_suffix=cleaning.network_suffix,
        custom_prefixes=cleaning.custom_prefixes,
        custom_suffixes=cleaning.custom_suffixes,
    )
