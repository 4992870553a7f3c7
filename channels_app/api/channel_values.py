"""Reads a channel out of a JSON body: names and kinds are checked here, meanings by the use cases (10 §7.1, §7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels_app.api.shapes import INSIDE
from channels_app.api.values import LARGEST_ID
from channels_app.arrange_streams import MOST_STREAMS
from channels_app.models import ChannelProfile, Logo
from m3u_app.models import Stream
from tasks_app.views.api.answers import Refused, only_known

_IDS = {"channel_group_id", "epg_data_id", "stream_profile_id", "logo_id"}
_TEXTS = {"name", "tvg_id", "tvc_guide_stationid", "logo_url"}
_FLAGS = {"is_hidden", "epg_locked", "no_epg", "normalize"}
_LISTS = {"streams", "channel_profile_ids"}
CHANGEABLE = {*INSIDE, "logo_id", "streams"}
CREATABLE = {*CHANGEABLE, "normalize", "channel_profile_ids"}


@dataclass
class SentChannel:
    """``fields`` by our names. ``streams`` and ``profiles`` None: nothing was sent about them."""

    fields: dict[str, object] = field(default_factory=dict)
    streams: tuple[int, ...] | None = None
    profiles: tuple[int, ...] | None = None
    normalize: bool = False


def read_channel(sent: Mapping[str, Any], known: set[str]) -> SentChannel:
    """Raises :class:`Refused` (422) naming every field that is unknown, of the wrong kind, or leads to nothing.

    Three queries at most.
    """
    only_known(sent, known)
    errors: dict[str, list[str]] = {}
    for name, value in sent.items():
        if sentence := _wrong_kind(name, value):
            errors[name] = [sentence]
    if "logo_id" in sent and "logo_url" in sent:
        errors["logo_id"] = ["Send logo_id or logo_url, not both."]
    _refuse(errors)
    found = SentChannel({INSIDE[name]: value for name, value in sent.items() if name in INSIDE})
    found.normalize = bool(sent.get("normalize"))
    if "logo_id" in sent:
        logo_id = sent["logo_id"]
        address = "" if logo_id is None else Logo.objects.filter(pk=logo_id).values_list("url", flat=True).first()
        if address is None:
            errors["logo_id"] = [f"There is no logo {logo_id}."]
        found.fields["logo_url"] = address
    if "streams" in sent:
        found.streams = tuple(sent["streams"])
        _missing("streams", "stream", sent["streams"], set(_existing(Stream, sent["streams"])), errors)
    if sent.get("channel_profile_ids") is not None:
        found.profiles = tuple(sent["channel_profile_ids"])
        known_profiles = set(_existing(ChannelProfile, sent["channel_profile_ids"]))
        _missing("channel_profile_ids", "channel profile", sent["channel_profile_ids"], known_profiles, errors)
    _refuse(errors)
    return found


def _wrong_kind(name: str, value: object) -> str:
    if name in _IDS and value is not None and not _is_id(value):
        return f"{name} must be an id, a whole number, or null."
    if name in _TEXTS and not (isinstance(value, str) or (value is None and name != "name")):
        return f"{name} must be a text{'' if name == 'name' else ' or null'}."
    if name in _FLAGS and not isinstance(value, bool):
        return f"{name} must be true or false."
    if name == "channel_number" and (isinstance(value, bool) or not isinstance(value, int | float | str | None)):
        return "channel_number must be a number or null."
    if name in _LISTS:
        if name == "channel_profile_ids" and value is None:
            return ""
        if not isinstance(value, list) or not all(_is_id(item) for item in value):
            return f"{name} must be a list of ids."
        if len(value) > MOST_STREAMS:
            return f"{name} may hold {MOST_STREAMS:,} ids at most; it has {len(value):,}."
        if len(set(value)) < len(value):
            return f"{name} names something twice."
    return ""


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value <= LARGEST_ID


def _existing(model: type[Stream] | type[ChannelProfile], ids: list[int]) -> list[int]:
    return list(model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)) if ids else []


def _missing(name: str, what: str, ids: list[int], known: set[int], errors: dict[str, list[str]]) -> None:
    missing = [str(pk) for pk in ids if pk not in known]
    if missing:
        errors[name] = [f"There is no {what} {', '.join(missing[:20])}."]


def _refuse(errors: dict[str, list[str]]) -> None:
    if errors:
        raise Refused(422, " ".join(text for texts in errors.values() for text in texts), errors=errors)
