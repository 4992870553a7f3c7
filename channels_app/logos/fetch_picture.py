"""Fetches pictures from wherever a provider put them, through the guarded client and within narrow limits."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.core.cache import cache

from channels_app.logos.pictures import LARGEST_FILE
from ecm_site.conf import get_settings
from ecm_site.fetching.errors import FetchError
from ecm_site.http import FetchPolicy, fetch_head
from epg_app.models import GuideSource
from m3u_app.models import Account
from tasks_app.mirror.state import is_connected

_HOSTS_KEY = "logos-private-hosts"
_HOSTS_SECONDS = 60


def fetch_picture(
    address: str, *, seconds: float, hosts: frozenset[str] | None = None, should_stop: Callable[[], bool] | None = None
) -> bytes:
    """The bytes under ``address``, all within ``seconds``. Raises :class:`FetchError`; too large ones are ``too_large``.

    Addresses of logos come from providers: they lead into the local network only to hosts that an operator entered as
    the source of a playlist or guide (``hosts``; None = looked up now).
    """
    policy = FetchPolicy(
        private_hosts=source_hosts() if hosts is None else hosts,
        connect_timeout=min(4.0, seconds),
        read_timeout=min(6.0, seconds),
        total_timeout=seconds,
        max_bytes=LARGEST_FILE,
        max_redirects=4,
    )
    head = fetch_head(address, policy=policy, max_bytes=LARGEST_FILE, should_stop=should_stop)
    if not head.complete:
        raise FetchError("too_large", f"The picture is larger than {LARGEST_FILE // 1_048_576} MB.")
    return head.data


def source_hosts() -> frozenset[str]:
    """Hosts that operators entered as sources of playlists and guides; looked up once a minute.

    Of a house that mirrors a server only the server's own: all other sources are what it says, and who has taken it over
    would otherwise have us ask whatever is in the local network.
    """
    if is_connected():
        return frozenset(filter(None, [host_of(get_settings().dispatcharr_url)]))
    known: frozenset[str] | None = cache.get(_HOSTS_KEY)
    if known is None:
        addresses = [*Account.objects.values_list("server_url", flat=True), *GuideSource.objects.values_list("url", flat=True)]
        known = frozenset(host for address in addresses if (host := host_of(address)))
        cache.set(_HOSTS_KEY, known, _HOSTS_SECONDS)
    return known


def host_of(address: str) -> str:
    """The host of an address in lower case, "" when it has none."""
    try:
        return (urlsplit(address).hostname or "").casefold()
    except ValueError:
        return ""
