"""Channel profiles and stream profiles for programs (10 §17, §21.2)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address, only_filters
from channels_app.api.values import object_list, whole_id, wrong
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelProfile, StreamProfile
from channels_app.profiles.edit_profiles import create_profile, delete_profile, rename_profile
from channels_app.profiles.queries import profile_rows, stream_profile_rows
from channels_app.profiles.set_memberships import set_memberships
from channels_app.profiles.stream_profiles import create_stream_profile, delete_stream_profile, update_stream_profile
from channels_app.row_journal import members_of
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_CHANNELS = 50_000


def _profiles(request: HttpRequest) -> HttpResponse:
    """All profiles with the number of their channels; one of them tells which."""
    only_filters(request)
    rows = profile_rows()
    return JsonResponse(
        [
            {"id": row.profile.pk, "name": row.profile.name, "channel_count": row.enabled, "is_default": row.is_default}
            for row in rows
        ],
        safe=False,
    )


def _create(request: HttpRequest) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, {"name"})
    try:
        profile, _ = create_profile(sent.get("name"))
    except EditRefused as error:
        raise _unusable(error) from None
    return JsonResponse(_shape(profile), status=201)


def _show(_request: HttpRequest, profile_id: int) -> HttpResponse:
    return JsonResponse(_shape(_profile(profile_id)))


def _change(request: HttpRequest, profile_id: int) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, {"name"})
    _profile(profile_id)
    try:
        rename_profile(profile_id, sent.get("name"))
    except NotThere as error:
        raise Refused(404, str(error)) from None
    except EditRefused as error:
        raise _unusable(error) from None
    return JsonResponse(_shape(_profile(profile_id)))


def _delete(_request: HttpRequest, profile_id: int) -> HttpResponse:
    _profile(profile_id)
    delete_profile(profile_id)
    return JsonResponse({"status": "deleted"})


def _set_many(request: HttpRequest, profile_id: int) -> HttpResponse:
    """``{"channels": [{"channel_id": 1, "enabled": true}, …]}`` as one operation; the last word about a channel counts."""
    sent = body_of(request)
    only_known(sent, {"channels"})
    wanted: dict[int, bool] = {}
    for place, item in enumerate(object_list(sent, "channels", most=MOST_CHANNELS)):
        only_known(item, {"channel_id", "enabled"})
        channel_id = whole_id(item.get("channel_id"), f"channels.{place}.channel_id")
        wanted[channel_id] = _flag(item.get("enabled"), f"channels.{place}.enabled")
    return JsonResponse(_set(_profile(profile_id), wanted))


def _set_one(request: HttpRequest, profile_id: int, channel_id: int) -> HttpResponse:
    """``{"enabled": true}``."""
    sent = body_of(request)
    only_known(sent, {"enabled"})
    profile = _profile(profile_id)
    if not Channel.objects.filter(pk=channel_id).exists():
        raise Refused(404, "There is no such channel.")
    return JsonResponse(_set(profile, {channel_id: _flag(sent.get("enabled"), "enabled")}))


def _set(profile: ChannelProfile, wanted: dict[int, bool]) -> dict[str, Any]:
    on = [pk for pk, enabled in wanted.items() if enabled]
    off = [pk for pk, enabled in wanted.items() if not enabled]
    enabled = set_memberships(on, enable=[profile.pk])
    disabled = set_memberships(off, disable=[profile.pk], batch_id=enabled.batch_id)
    return {
        "enabled": enabled.enabled,
        "disabled": disabled.disabled,
        "not_found": [*enabled.vanished, *disabled.vanished],
        "batch_id": enabled.batch_id,
    }


def _stream_profiles(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    return JsonResponse([_stream_shape(row.profile, row.used) for row in stream_profile_rows()], safe=False)


def _create_stream_profile(request: HttpRequest) -> HttpResponse:
    try:
        profile, _ = create_stream_profile(body_of(request))
    except EditRefused as error:
        raise _unusable(error) from None
    return JsonResponse(_stream_shape(profile, 0), status=201)


def _show_stream_profile(_request: HttpRequest, profile_id: int) -> HttpResponse:
    profile = _stream_profile(profile_id)
    return JsonResponse(_stream_shape(profile, _used(profile)))


def _change_stream_profile(request: HttpRequest, profile_id: int) -> HttpResponse:
    _refuse_locked(_stream_profile(profile_id))
    try:
        update_stream_profile(profile_id, body_of(request))
    except EditRefused as error:
        raise _unusable(error) from None
    profile = _stream_profile(profile_id)
    return JsonResponse(_stream_shape(profile, _used(profile)))


def _delete_stream_profile(_request: HttpRequest, profile_id: int) -> HttpResponse:
    _refuse_locked(_stream_profile(profile_id))
    outcome = delete_stream_profile(profile_id)
    return JsonResponse({"status": "deleted", "channels": len(outcome.channel_ids), "batch_id": outcome.batch_id})


def _shape(profile: ChannelProfile) -> dict[str, Any]:
    return {"id": profile.pk, "name": profile.name, "channels": members_of(profile.pk)}


def _stream_shape(profile: StreamProfile, used: int) -> dict[str, Any]:
    return {
        "id": profile.pk,
        "name": profile.name,
        "command": profile.command,
        "parameters": profile.parameters,
        "is_active": profile.is_active,
        "locked": profile.locked,
        "channel_count": used,
    }


def _used(profile: StreamProfile) -> int:
    return Channel.objects.filter(stream_profile=profile).count()


def _profile(profile_id: int) -> ChannelProfile:
    profile = ChannelProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise Refused(404, "There is no such channel profile.")
    return profile


def _stream_profile(profile_id: int) -> StreamProfile:
    profile = StreamProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise Refused(404, "There is no such stream profile.")
    return profile


def _refuse_locked(profile: StreamProfile) -> None:
    if profile.locked:
        raise Refused(409, "This stream profile is locked: it belongs to the server and cannot be changed here.")


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(name, f"{name} must be true or false.")
    return value


def _unusable(error: EditRefused) -> Refused:
    return Refused(422, str(error), errors={name: [sentence] for name, sentence in error.problems.items()})


profiles = address(GET=_profiles, POST=_create)
profile = address(GET=_show, PATCH=_change, DELETE=_delete)
members = address(PATCH=_set_many, POST=_set_many)
member = address(PATCH=_set_one)
stream_profiles = address(GET=_stream_profiles, POST=_create_stream_profile)
stream_profile = address(GET=_show_stream_profile, PATCH=_change_stream_profile, DELETE=_delete_stream_profile)
