"""Finds pages by following links, and takes the time of their answers, as a browser of one administrator would."""

import gzip
import http.client
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve

from ecm_site.navigation import MENU

# The page of the mirrored server is in the menu only while there is one.
START = ("/", *(entry.url for entry in MENU), "/server/", "/server/queue/", "/server/live/")
NOT_PAGES = ("/admin/", "/output/", "/hdhr/", "/stream/", "/static/", "/t/", "/api/", "/logos/thumb/", "/sign-out/")
"""Documents for players, Django's own pages, and pictures of other hosts."""
_LINK = re.compile(r'\s(?:href|hx-get)="([^"#]+)')
_ON_SELECTION = re.compile(r'\sdata-act="(?:on-selection|open)" data-url="([^"]+)"')
"""Dialogs that the channel manager's scripts open, with the selected channels."""
_MANAGER = "/channels/"
_FLAVOURS = 6
"""Of one view at most: combinations of filters have no end."""
_TIMEOUT_SECONDS = 120.0
_TOKEN = "bench" * 6 + "ab"  # any 32 letters that the cookie and the header agree on
_FINE = (200, 204, 302, 304, 409)  # 409: says what is under way and has to end first


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    text: str
    seconds: float
    """From the connection's start to the last byte."""


class Visitor:
    """Opens addresses of one server, each by a connection of its own: so the processes of the server take turns."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port = port
        cookies = f"{cookie}; {settings.CSRF_COOKIE_NAME}={_TOKEN}"
        self._headers = {"Cookie": cookies, "Accept": "text/html", "Accept-Encoding": "gzip"}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def edit(self, path: str, **values: str) -> Answer:
        """Send a form as the scripts of a page do."""
        headers = {"X-CSRFToken": _TOKEN, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(values), headers)

    def _ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        started = time.perf_counter()
        try:
            connection.request(method, path, body=body, headers=self._headers | (headers or {}))
            reply = connection.getresponse()
            content = reply.read()
            seconds = time.perf_counter() - started
        finally:
            connection.close()
        if reply.getheader("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(reply.status, reply.getheader("Content-Type") or "", content.decode(errors="replace"), seconds)


def kind_of(path: str) -> str:
    """One page stands for all that the same view makes with the same parameters, whatever their values; settings are a page
    for each of their names."""
    parts = urlsplit(path)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return path  # a link that leads nowhere
    named = sorted({name for name, _ in parse_qsl(parts.query)})
    return " ".join(filter(None, [view_of(path), str(match.kwargs.get("slug", "")), *named]))


def view_of(path: str) -> str:
    """The name of the view that answers, or the path where none does."""
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return path


def links_in(path: str, text: str) -> Iterator[str]:
    """Addresses of pages that this page leads to."""
    for link in _LINK.findall(text):
        parts = urlsplit(urljoin(path, unescape(link)))
        if not parts.netloc and not parts.path.startswith(NOT_PAGES):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def dialogs_in(text: str, selection: str) -> Iterator[str]:
    """Addresses of dialogs about the channels of ``selection`` (part of a query)."""
    for url in _ON_SELECTION.findall(text):
        address = urljoin(_MANAGER, unescape(url))
        yield f"{address}{'&' if '?' in address else '?'}{selection}"


def walk(get: Callable[[str], Answer], *, selection: str = "", start: Sequence[str] = START) -> Iterator[tuple[str, Answer]]:
    """One page or part of each kind that can be reached by links, with its answer. With a ``selection`` also the dialogs
    about selected channels."""
    waiting, known, flavours = list(start), set[str](), Counter[str]()
    while waiting:
        path = waiting.pop(0)
        kind, view = kind_of(path), view_of(path)
        if kind in known or flavours[view] >= _FLAVOURS:
            continue
        known.add(kind)
        flavours[view] += 1
        answer = get(path)
        yield path, answer
        if answer.status == 200 and answer.kind.startswith("text/html"):
            if selection and path.startswith(_MANAGER):
                waiting.extend(dialogs_in(answer.text, selection))  # first: the plain links to them select nothing
            waiting.extend(links_in(path, answer.text))


def is_fine(answer: Answer) -> bool:
    """Whether this is what a page answers when nothing is wrong."""
    return answer.status in _FINE


def open_again_and_again(get: Callable[[str], Answer], paths: Iterable[str], at_once: int) -> dict[str, list[float]]:
    """Seconds of every visit by address, in ``at_once`` threads. Raises ``RuntimeError`` when one answers badly."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    lock = threading.Lock()

    def visit(path: str) -> None:
        answer = get(path)
        if not is_fine(answer):
            raise RuntimeError(f"{path} answers {answer.status}: {answer.text[:300]}")
        with lock:
            taken[path].append(answer.seconds)

    with ThreadPoolExecutor(at_once) as pool:
        for _ in pool.map(visit, paths):
            pass
    return taken
