"""Makes a channel of one stream: what a drop of a single stream onto a group does (10 §6)."""

from decimal import Decimal

from channels_app.bulk_options import options_from_settings
from channels_app.channel_fields import NAME_LENGTH, clean_logo
from channels_app.commands import CreateChannel
from channels_app.edit_channels import create_channel, next_number_in_group
from channels_app.errors import NotThere
from channels_app.models import Channel
from channels_app.naming import CountryChoice, clean, compose_name
from channels_app.numbering import format_number
from channels_app.outcomes import Outcome
from ecm_site.conf import get_settings
from m3u_app.models import Stream


def channel_fields_of(stream: Stream, number: Decimal | None) -> dict[str, object]:
    """The fields of a channel for this stream: its name cleaned as bulk creation would, its ids and its logo."""
    options = options_from_settings(get_settings())
    cleaned = clean(stream.name, options.cleaning)
    name = compose_name(
        cleaned.name,
        country=cleaned.country if options.country is CountryChoice.KEEP else "",
        country_separator=options.country_separator,
        number=format_number(number) if options.number_in_name else "",
        number_separator=options.number_separator,
        country_first=options.country_first,
    )
    return {
        "name": name[:NAME_LENGTH],
        "number": number,
        "tvg_id": stream.tvg_id,
        "gracenote_id": stream.station_id,
        "logo_url": usable_logo(stream.logo_url),
    }


class NumberTaken(Exception):
    """The number that the new channel would get belongs to another channel: the operator should choose."""


def create_channel_from_stream(stream_id: int, group_id: int | None) -> Outcome:
    """Create a channel holding one stream, behind the highest number of the group.

    Raises :class:`NumberTaken` when another channel has that number, :class:`NotThere` when the stream or the group is
    gone, :class:`EditRefused` as creating a channel does.
    """
    stream = Stream.objects.filter(pk=stream_id).first()
    if stream is None:
        raise NotThere("This stream no longer exists. Search again.")
    number = next_number_in_group(group_id)
    if Channel.objects.filter(number=number).exists():
        raise NumberTaken(format_number(number))
    fields = {**channel_fields_of(stream, number), "group_id": group_id}
    return create_channel(CreateChannel(fields, (stream.pk,)))


def usable_logo(address: str) -> str:
    """A provider's logo address if a browser could load it, else nothing."""
    try:
        return clean_logo(address)
    except ValueError:
        return ""
