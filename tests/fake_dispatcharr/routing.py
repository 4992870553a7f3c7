"""Which handler answers which path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fake_dispatcharr.auth import ADMINISTRATOR, STANDARD
from tests.fake_dispatcharr.replies import Reply, Request
from tests.fake_dispatcharr.world import World

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """``level`` is what the caller needs, None = nobody is asked. ``template`` is the path as the schema writes it."""

    method: str
    template: str
    pattern: re.Pattern[str]
    level: int | None
    status: int
    handler: Handler


ROUTES: list[Route] = []


def route(method: str, template: str, *, level: int | None = -1, status: int = 200) -> Callable[[Handler], Handler]:
    """Register a handler ``(world, request, **numbers) -> body | Reply``. The level is standard for reading and
    administrator for writing unless it is said."""
    needed = (STANDARD if method == "GET" else ADMINISTRATOR) if level == -1 else level

    def register(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template) + r"\Z")
        ROUTES.append(Route(method, template, pattern, needed, status, handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
    """The route, what it takes from the path, and whether the path exists at all."""
    known = False
    for candidate in sorted(ROUTES, key=lambda each: each.template.count("{")):
        found = candidate.pattern.match(path)
        if found:
            known = True
            if candidate.method == method:
                return candidate, found.groupdict(), True
    return None, {}, known


def answer(found: Route, world: World, request: Request, numbers: dict[str, str]) -> Reply:
    """What the handler says, as an answer."""
    arguments = {name: int(value) if value.isdigit() else value for name, value in numbers.items()}
    result = found.handler(world, request, **arguments)
    return result if isinstance(result, Reply) else Reply(found.status, result)
