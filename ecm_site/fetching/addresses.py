"""Which network addresses may be contacted (DESIGN §7).

Every address a name resolves to is judged, and the connection goes to exactly the address that was judged, so a name
that changes its answer between check and use (DNS rebinding) gains nothing.
"""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable
from enum import Enum

from ecm_site.fetching.errors import FetchError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Cloud metadata services that do not live in a link-local range.
_METADATA = {
    ipaddress.ip_address("100.100.100.200"),  # Alibaba
    ipaddress.ip_address("168.63.129.16"),  # Azure
    ipaddress.ip_address("192.0.0.192"),  # Oracle
    ipaddress.ip_address("fd00:ec2::254"),  # Amazon
    ipaddress.ip_address("fd20:ce::254"),  # Google
}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


class Reach(Enum):
    PUBLIC = "public"
    PRIVATE = "private"  # loopback, home and carrier networks: fine when the operator named them
    FORBIDDEN = "forbidden"


def judge(address: IpAddress) -> Reach:
    """Say how far away ``address`` is; IPv4 addresses wrapped into IPv6 are unwrapped first."""
    inner = _embedded_ipv4(address)
    if inner is not None:
        return judge(inner)
    if (
        address in _METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _THIS_NETWORK
        or (address.is_reserved and not address.is_loopback)
    ):
        return Reach.FORBIDDEN
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def _embedded_ipv4(address: IpAddress) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def resolve(host: str, port: int, timeout: float, check: Callable[[], None]) -> list[IpAddress]:
    """All addresses of ``host`` in the order the system prefers. ``check`` is called while waiting and may raise.

    Raises :class:`FetchError` of kind ``dns``.
    """
    literal = _literal(host)
    if literal is not None:
        return [literal]
    answers: queue.SimpleQueue[list[IpAddress] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:  # getaddrinfo cannot be interrupted, so it waits in a thread of its own
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put([ipaddress.ip_address(str(item[4][0]).partition("%")[0]) for item in found])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    ends = time.monotonic() + timeout
    while True:
        check()
        try:
            answer = answers.get(timeout=0.25)
            break
        except queue.Empty:
            if time.monotonic() >= ends:
                raise FetchError("dns", f"The name {host} could not be looked up in {timeout:.0f} s: check the DNS.") from None
    if isinstance(answer, Exception):
        raise FetchError(
            "dns", f"There is no server named {host}: check the address for typing mistakes, and the DNS of this machine."
        ) from answer
    return list(dict.fromkeys(answer))


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


class AddressGuard:
    """Decides, hop by hop, whether the addresses behind a host may be contacted."""

    def __init__(self, *, allow_private: bool, own_port: int, private_hosts: frozenset[str] | None = None) -> None:
        self._allow_private = allow_private
        self._private_hosts = private_hosts
        self._own_port = own_port
        self._start_is_private: bool | None = None  # unknown before the first hop

    def vet(self, host: str, port: int, addresses: list[IpAddress]) -> None:
        """Raise :class:`FetchError` of kind ``blocked`` unless every address may be contacted."""
        reaches = {judge(address) for address in addresses}
        if Reach.FORBIDDEN in reaches:
            raise FetchError(
                "blocked",
                f"The address {host} is never contacted: it is reserved for machines or cloud internals, not for media.",
            )
        if port == self._own_port and any(address.is_loopback for address in addresses):
            raise self.own_port_error(host)
        private = Reach.PRIVATE in reaches
        if private and self._private_hosts is not None and host.casefold() not in self._private_hosts:
            raise FetchError("blocked", f"{host} is inside the local network and was not entered here as a source by anybody.")
        if self._start_is_private is None:
            self._start_is_private = private
        elif private and not self._start_is_private and not self._allow_private:
            raise FetchError(
                "blocked",
                f"The server sent us on to {host}, which is inside the local network. If that is right, switch on"
                " “allow private addresses” for this source.",
            )

    def vet_connection(self, host: str, connection: socket.socket) -> None:
        """After connecting: refuse our own web server under any of this machine's addresses."""
        peer = connection.getpeername()
        if peer[1] == self._own_port and connection.getsockname()[0] == peer[0]:
            raise self.own_port_error(host)

    def own_port_error(self, host: str) -> FetchError:
        return FetchError("blocked", f"{host}:{self._own_port} is this program itself; it does not fetch from itself.")
