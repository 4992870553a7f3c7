"""Under which address players reach this server (30 §16.4)."""

import re
import socket

from django.http import HttpRequest

from ecm_site.client_address import is_behind_trusted_proxy
from ecm_site.conf import get_settings

BASE_ADDRESS = re.compile(r"(?i)https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:/[\w.~/-]*)?", re.ASCII)
_HOST = re.compile(r"(?i)(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)
_USUAL_PORT = {"http": "80", "https": "443"}


def base_address(request: HttpRequest) -> str:
    """``http://host:port`` without a slash at the end: the setting, else what a trusted proxy says, else the request's."""
    configured = get_settings().public_base_url.rstrip("/")
    if configured and BASE_ADDRESS.fullmatch(configured):
        return configured
    scheme, host = request.scheme or "http", request.get_host()
    if is_behind_trusted_proxy(request):
        scheme = _first(request, "HTTP_X_FORWARDED_PROTO").lower() or scheme
        host = _first(request, "HTTP_X_FORWARDED_HOST") or host
        port = _first(request, "HTTP_X_FORWARDED_PORT")
        if port.isascii() and port.isdigit() and not _has_port(host) and port != _USUAL_PORT.get(scheme):
            host = f"{host}:{port}"
        if scheme not in _USUAL_PORT or not _HOST.fullmatch(host):
            scheme, host = request.scheme or "http", request.get_host()
    return f"{scheme}://{host}"


def is_only_this_machine(base: str) -> bool:
    """Whether other devices cannot use ``base`` because it means "the machine I run on" to each of them."""
    return bool(re.match(r"(?i)https?://(?:localhost|127\.[0-9.]+|\[::1\])(?::|/|$)", base))


def lan_address() -> str:
    """This machine's own address in its network, or empty. Asks the routing table; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address reserved for documentation
            address = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if address.startswith(("127.", "0.")) else address


def _first(request: HttpRequest, header: str) -> str:
    return str(request.META.get(header, "")).partition(",")[0].strip()


def _has_port(host: str) -> bool:
    return bool(re.search(r":\d+$", host))
