"""Opens the port before anything else starts, so that a taken port is one clear sentence."""

import errno
import ipaddress
import socket

REASONS = {
    errno.EADDRINUSE: "is taken by another program. Stop that one, or choose another port: ECM_PORT=6101 ./ecm run",
    errno.EACCES: "may only be opened by root. Choose one above 1023: ECM_PORT=6100 ./ecm run",
    errno.EADDRNOTAVAIL: "cannot be opened because this machine does not have the address. Check ECM_BIND",
}


class CannotListen(Exception):
    """The port cannot be opened; the message says why and what to do."""


def listen(address: str, port: int) -> socket.socket:
    """Return a listening socket that the web server inherits. Connections wait in it while the server restarts.

    Raises :class:`CannotListen`.
    """
    if not 0 < port < 65536:
        raise CannotListen(f"ECM_PORT must be a number from 1 to 65535; it is {port}")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a quick restart must not wait for old connections
    try:
        opened.bind((address, port))
    except OSError as error:
        opened.close()
        reason = REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror or error}")
        raise CannotListen(f"Port {port} on {address} {reason}") from None
    opened.listen(1024)
    return opened


def local_address(address: str, port: int) -> str:
    """The address to type on this machine: a server that listens everywhere is reached at 127.0.0.1."""
    try:
        everywhere = ipaddress.ip_address(address).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere:
        return f"http://127.0.0.1:{port}"
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
