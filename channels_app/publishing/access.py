"""Who may fetch what is published (30 §16.4)."""

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import cast

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from channels_app.publishing.base_address import base_address
from channels_app.publishing.output_tokens import is_valid
from ecm_site.client_address import client_address, is_behind_trusted_proxy
from ecm_site.conf import get_settings
from ecm_site.middleware import public
from tasks_app import journal
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

DENIED_ONCE_PER = timedelta(hours=1)
DENIED_PER_HOUR = 200  # in the journal, from all clients together: a scan must not bury everything else
DOWNLOAD_ONCE_PER = 5  # seconds; players fetch twice in a row
_LAN = [
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10",
    )
]  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """An admitted request. ``base`` is the address to build links with, output token included."""

    client: str
    base: str


class Denied(Exception):
    """This client may not have it; the text says why, for the client and the journal."""


FeedView = Callable[..., HttpResponseBase]


def feed(*, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[FeedView], Callable[..., HttpResponseBase]]:
    """Decorator of published views: no sign-in, but the access rule. The view gets a :class:`Visit` as second argument."""

    def decorate(view: FeedView) -> Callable[..., HttpResponseBase]:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, token: str = "", **kwargs: object) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            try:
                visit = admit(request, token)
            except Denied as denied:
                return HttpResponse(f"{denied}\n", status=403, content_type="text/plain; charset=utf-8")
            return view(request, visit, *args, **kwargs)

        return public(cast(Callable[..., HttpResponse], guarded))

    return decorate


def admit(request: HttpRequest, path_token: str = "") -> Visit:
    """Let the request in, or raise :class:`Denied`. A signed-in operator may always look."""
    access = get_settings().output_access
    client = client_address(request)
    base = base_address(request)
    text = path_token or request.GET.get("token", "")
    valid = bool(text) and is_valid(text)
    reason = ""
    if access == "token" and not valid:
        reason = "no valid output token was given. Use the address shown on ECM's Publishing page"
    elif access == "lan" and not (_is_lan(client) and _is_lan_all_the_way(request)):
        reason = "only devices in the local network may fetch the lineup. ECM's Publishing page can change that"
    if reason and not request.user.is_authenticated:
        raise _denied(client, reason)
    return Visit(client, f"{base}/t/{text}" if valid else base)


def note_download(visit: Visit, what: str) -> None:
    """Log a download, once per client every few seconds."""
    if cache.add(f"output-download:{visit.client}:{what.replace(' ', '-')}", 1, DOWNLOAD_ONCE_PER):
        logger.info("[PUBLISH] %s fetched the %s", visit.client or "a local client", what)


def _is_lan(address: str) -> bool:
    if not address:
        return True  # a Unix socket: the server in front of us is on this machine
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return any(parsed in network for network in _LAN)


def _is_lan_all_the_way(request: HttpRequest) -> bool:
    """False when a proxy we do not trust says it forwards somebody from outside.

    Its word is not enough to let anybody in, but a proxy on this machine would else make the whole world look local.
    """
    if is_behind_trusted_proxy(request):
        return True  # client_address looked behind it
    for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(","):
        try:
            if entry.strip() and not _is_lan(entry.strip()):
                return False
        except ValueError:
            return False
    return True


def _denied(client: str, reason: str) -> Denied:
    name = client or "unknown client"
    if cache.add(f"output-denied:{client}", 1, int(DENIED_ONCE_PER.total_seconds())):
        _journal(name, reason)
    return Denied(f"Not allowed: {reason}.")


def _journal(name: str, reason: str) -> None:
    recent = JournalEntry.objects.filter(
        category="output", action_type="denied", timestamp__gte=timezone.now() - DENIED_ONCE_PER
    )
    if recent.filter(entity_name=name).exists():  # written by another web process
        return
    if recent.count() >= DENIED_PER_HOUR:
        logger.warning("[PUBLISH] Refused %s; not in the journal, there are many already", name)
        return
    journal.log_entry("output", "denied", entity_name=name, description=f"Refused the published lineup to {name}: {reason}.")
