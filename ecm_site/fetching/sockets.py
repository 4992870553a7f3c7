"""Sockets for httpcore that connect to vetted addresses only and notice a cancel within half a second.

httpcore's own backend sits in one ``recv`` for the whole read timeout. Here every wait is cut into slices, and between
slices the caller's ``should_stop`` and the total deadline are looked at: a server that is silent, or trickles one byte
a second, cannot hold a worker.
"""

import errno
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from ecm_site.fetching.addresses import AddressGuard, IpAddress, resolve
from ecm_site.fetching.errors import FetchError, FetchStopped

SLICE = 0.4  # seconds of waiting before asking again whether to go on
ATTEMPT_TIMEOUT = 10.0  # for one of several addresses; a dead IPv6 route must not eat the whole connect timeout


class Watch:
    """Looks at the total deadline and asks ``should_stop``, at most every tenth of a second."""

    def __init__(self, should_stop: Callable[[], bool | None] | None, total_timeout: float | None) -> None:
        self._should_stop = should_stop
        self._ends = None if total_timeout is None else time.monotonic() + total_timeout
        self._total = total_timeout
        self._asked = 0.0

    def check(self) -> None:
        """Raise :class:`FetchStopped`, whatever ``should_stop`` raises, or a ``timeout`` :class:`FetchError`."""
        now = time.monotonic()
        if self._ends is not None and now >= self._ends:
            raise FetchError("timeout", f"The download was not finished in {self._total:.0f} s and was given up.")
        if self._should_stop is not None and now - self._asked >= 0.1:
            self._asked = now
            if self._should_stop():
                raise FetchStopped


class GuardedStream(httpcore.NetworkStream):
    """One connection. Waits in slices."""

    def __init__(self, connection: socket.socket, host: str, watch: Watch) -> None:
        self._socket = connection
        self._host = host
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return bytes(self._patiently(lambda: self._socket.recv(max_bytes), timeout))
        except TimeoutError:
            raise FetchError(
                "timeout",
                f"The server {self._host} sent nothing for {timeout:.0f} s: it is overloaded or down; try again later.",
            ) from None
        except OSError as error:
            raise FetchError("interrupted", f"The connection to {self._host} broke off. Try again.") from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        while left:
            try:
                sent = self._patiently(lambda: self._socket.send(left), timeout)  # noqa: B023 - called at once
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:  # httpcore then still reads an answer that was sent before the door closed
                raise httpcore.WriteError(str(error)) from error
            left = left[sent:]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname, do_handshake_on_connect=False)
            self._socket = secured
            self._patiently(secured.do_handshake, timeout)
        except TimeoutError:
            self.close()
            raise FetchError("timeout", f"The server {self._host} did not complete the TLS handshake in time.") from None
        except OSError as error:
            self.close()
            raise _tls_error(self._host, error) from error
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "socket":
            return self._socket
        if info == "is_readable":  # asked of a connection that idles: readable means that the server has closed it
            return self._readable()
        return None

    def _readable(self) -> bool:
        if self._socket.fileno() < 0:
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _patiently(self, work: Callable[[], Any], timeout: float | None) -> Any:
        """Do ``work`` with a socket timeout of one slice, again and again until ``timeout`` seconds are over."""
        ends = None if timeout is None else time.monotonic() + timeout
        while True:
            self._watch.check()
            left = SLICE if ends is None else min(SLICE, max(ends - time.monotonic(), 0.001))
            self._socket.settimeout(left)
            try:
                return work()
            except TimeoutError:
                if ends is not None and time.monotonic() >= ends:
                    raise


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, vets, then connects to one of the vetted addresses."""

    def __init__(self, guard: AddressGuard, watch: Watch) -> None:
        self._guard = guard
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        ends = time.monotonic() + (timeout or 30.0)
        addresses = resolve(host, port, timeout or 30.0, self._watch.check)
        self._guard.vet(host, port, addresses)
        problem: OSError | None = None
        for number, address in enumerate(addresses, start=1):
            left = max(ends - time.monotonic(), 0.1)
            try:
                connection = self._connect(address, port, left if number == len(addresses) else min(left, ATTEMPT_TIMEOUT))
            except OSError as error:
                problem = error
                continue
            try:
                self._guard.vet_connection(host, connection)
            except BaseException:
                connection.close()
                raise
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return GuardedStream(connection, host, self._watch)
        raise _connect_error(host, port, problem, timeout)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise FetchError("blocked", "Local sockets are not fetched from.")

    def _connect(self, address: IpAddress, port: int, timeout: float) -> socket.socket:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            try:
                connection.connect((str(address), port))
            except BlockingIOError:
                self._wait_connected(connection, time.monotonic() + timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    def _wait_connected(self, connection: socket.socket, ends: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_WRITE)
            while not selector.select(SLICE):
                self._watch.check()
                if time.monotonic() >= ends:
                    raise TimeoutError
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect failed")


def _connect_error(host: str, port: int, problem: OSError | None, timeout: float | None) -> FetchError:
    if isinstance(problem, TimeoutError) or (problem is not None and problem.errno == errno.ETIMEDOUT):
        return FetchError(
            "timeout",
            f"The server {host} did not answer on port {port} in {timeout or 30:.0f} s: check the address, or try later.",
        )
    if problem is not None and problem.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return FetchError("refused", f"The server {host} cannot be reached from here: check the network of this machine.")
    return FetchError(
        "refused", f"The server {host} refused the connection on port {port}: check the port, and that the server runs."
    )


def _tls_error(host: str, error: OSError) -> FetchError:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = (error.verify_message or "it is not valid").rstrip(".")
        return FetchError("tls", f"The certificate of {host} is not trusted: {why}.")
    if isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return FetchError("tls", f"The server {host} does not speak TLS on this port: try http:// instead of https://.")
    if isinstance(error, ssl.SSLError):
        return FetchError("tls", f"No secure connection to {host}: {(error.reason or 'TLS error').replace('_', ' ').lower()}.")
    return FetchError("tls", f"The server {host} closed the connection during the TLS handshake.")
