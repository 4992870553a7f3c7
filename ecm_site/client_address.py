"""Who is asking: the address of the browser or player, also behind a reverse proxy (50 U-9)."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address as text; empty when the server does not know it (a Unix socket).

    ``X-Forwarded-For`` counts only when the peer is one of ``ECM_TRUSTED_PROXIES``: then the last entry that is not a
    trusted proxy itself is the client. Anything in front of it can be made up by the client.
    """
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    if peer is None:
        return ""
    client = peer
    if _is_trusted(peer):
        for entry in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            hop = _parse(entry)
            if hop is None:
                break
            client = hop
            if not _is_trusted(hop):
                break
    return str(client)


def is_behind_trusted_proxy(request: HttpRequest) -> bool:
    """Whether the request came through one of ``ECM_TRUSTED_PROXIES``, so that its ``X-Forwarded-…`` headers count."""
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    return peer is not None and _is_trusted(peer)


def client_network(request: HttpRequest) -> str:
    """What limits count by: an IPv4 address, or the /64 that one IPv6 customer owns and could walk through."""
    address = client_address(request)
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.ECM_TRUSTED_PROXIES)


def _parse(text: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)  # ::ffff:192.0.2.1, as a server on [::] sees IPv4 clients
    return mapped or parsed
