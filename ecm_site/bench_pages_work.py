"""The steps of ``bench pages``, each in a process of its own that works in the scratch folder."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from channels_app.drafts.lives import open_draft
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, Logo
from ecm_site.dispatcharr.client import get_client
from ecm_site.dispatcharr.errors import DispatcharrError
from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app.models import MirrorState, OutboxEntry, OutboxState
from tasks_app.progress import NoProgress
from tasks_app.switching.work import bring_everything_over, deliver_everything

SELECTED = 200
"""Channels that dialogs about a selection are opened with."""
_QUESTIONS = 50
_PAUSE_SECONDS = 0.5


def furnish(waiting: str, in_draft: str) -> dict[str, Any]:
    """What an operator's house has besides a mirrored lineup: an administrator, changes that wait, questions among them."""
    user = get_user_model().objects.create_superuser("bench")
    ids = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        for pk in ids[: int(waiting)]:
            Channel.objects.filter(pk=pk).update(name=f"Waits {pk}")
    entries = list(OutboxEntry.objects.order_by("pk").values_list("pk", flat=True)[: 2 * _QUESTIONS])
    fields = {"name": {"base": "Before", "mine": "Waits", "theirs": "Theirs"}}
    OutboxEntry.objects.filter(pk__in=entries[:_QUESTIONS]).update(state=OutboxState.CONFLICT, conflict=fields)
    OutboxEntry.objects.filter(pk__in=entries[_QUESTIONS:]).update(state=OutboxState.PARKED, reason="The server refused it.")
    if int(in_draft):
        open_draft(user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    step = max(1, len(ids) // SELECTED)
    chosen = ids[::step][:SELECTED]
    return {
        "cookie": f"{settings.SESSION_COOKIE_NAME}={_session_of(user)}",
        "selection": "channel=" + ",".join(map(str, chosen)),
        "channels": chosen,
        "facts": f"{len(ids):,} channels in {ChannelGroup.objects.count():,} groups with {ChannelStream.objects.count():,}"
        f" streams, {Stream.objects.count():,} streams, {GuideEntry.objects.count():,} guide entries,"
        f" {ChannelProfile.objects.count()} profiles, {Logo.objects.count():,} logos; {OutboxEntry.objects.count():,} changes"
        f" wait, of which {len(entries):,} ask or are parked; dialogs with {len(chosen)} channels selected",
    }


def _session_of(user: AbstractBaseUser) -> str:
    """The key of a new session in which ``user`` is signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return str(store.session_key)


def pull() -> dict[str, Any]:
    """Pull, and again when the server's silence has ended it, until somebody ends this process."""
    return _for_ever(lambda: bring_everything_over(get_client(), NoProgress()))


def deliver() -> dict[str, Any]:
    """As :func:`pull`, delivering."""
    return _for_ever(lambda: deliver_everything(get_client(), NoProgress()))


def _for_ever(work: Callable[[], None]) -> dict[str, Any]:
    while True:
        try:
            work()
        except DispatcharrError as error:
            print(error, flush=True)
        time.sleep(_PAUSE_SECONDS)


def still_hanging() -> dict[str, Any]:
    """What this house says about the server in the end. Raises ``RuntimeError`` when nothing was waiting any more."""
    if not OutboxEntry.objects.exists():
        raise RuntimeError("Everything was delivered: the server did not hang.")
    return {"said": MirrorState.objects.get().trouble or "nothing yet, requests are still open"}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "furnish": furnish,
    "pull": pull,
    "deliver": deliver,
    "still-hanging": still_hanging,
}
