"""Requests and answers inside the fake server."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

ERROR_PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>Server Error (500)</title>
</head>
<body>
  <h1>Server Error (500)</h1><p></p>
</body>
</html>
"""


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    client: str
    user: Any = None
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    host: str = ""

    def param(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.params(name)[-1] if self.params(name) else default

    def params(self, name: str) -> list[str]:
        return parse_qs(self.query, keep_blank_values=True).get(name, [])

    def has(self, name: str) -> bool:
        return bool(self.params(name))

    @property
    def data(self) -> dict[str, Any]:
        """The body as an object."""
        return self.body if isinstance(self.body, dict) else {}


@dataclass
class Reply:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    html: str = ""


class Refusal(Exception):
    """Ends a handler with an answer that is not a success; nothing it has done so far may stay."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.reply = Reply(status, body)


class Crash(Exception):
    """The server fell over: 500 with its HTML page."""


def field_error(name: str, words: str) -> Refusal:
    return Refusal(400, {name: [words]})


def missing(model: str) -> Refusal:
    return Refusal(404, {"detail": f"No {model} matches the given query."})


REQUIRED = "This field is required."
