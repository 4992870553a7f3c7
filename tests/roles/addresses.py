"""Every address of the house, with values of the populated house in place of its parameters."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# Parameters by name, then by kind.
NAMED = {
    "task_id": "m3u_refresh",
    "provider": "dispatcharr",
    "method_type": "discord",
    "way": "leave",
    "where": "run",
    "system": "windows",
    "batch_id": "x",
    "kind": "channel",
    "form": "csv",
    "name": "retry",
    "step_id": "1",
    "schedule_id": "1000",
    "profile": "Bedroom",
}
KINDS = {
    "int": "1",
    "slug": "x",
    "str": "x",
    "path": "x",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "output_token": "x" * 20,
    "logo_file": f"{'0' * 40}.png",
}


@dataclass(frozen=True)
class Address:
    route: str
    path: str
    view: Callable[..., Any]

    @property
    def is_public(self) -> bool:
        return bool(getattr(self.view, "is_public", False))


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, route)
        else:
            yield route, pattern


def _value(match: re.Match[str]) -> str:
    kind, name = match[1] or "str", match[2]
    return NAMED.get(name) or KINDS[kind]


def every_address() -> list[Address]:
    """Also those of Django's admin; its catch-all stands for what is not there."""
    found = []
    for route, pattern in _patterns(get_resolver()):
        if route.startswith("admin/") and "(?P<" in route:
            continue
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda match: NAMED[match[1]], route)
        path = re.sub(r"<(?:(\w+):)?(\w+)>", _value, path).replace("^", "").replace("$", "").replace("\\", "")
        found.append(Address(route, f"/{path}", pattern.callback))
    return found
