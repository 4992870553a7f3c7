"""Whatever is sent to the addresses of the lineup, the answer is one of theirs: never a 500, never internal text (10 §21.2)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from channels_app.tests.api_fixtures import Program
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams

pytestmark = pytest.mark.django_db
ROOMS = (
    "api/channels",
    "api/channel-groups",
    "api/channel-profiles",
    "api/streams",
    "api/stream-groups",
    "api/stream-profiles",
)
OTHERS = ("api/stream-stats/compute-sort", "api/normalization/apply-to-channels", "api/epg/lcn")
JUNK: list[Any] = [None, True, -1, 2**70, "x" * 5000, "\x00", [], [None], [2**70], [{}], {"id": []}]
QUERIES = [
    "",
    "?page=999999999",
    "?page=-1",
    "?search=%00%22*",
    "?search=" + "x" * 3000,
    "?sort=%00",
    "?tvg_id=%00",
    "?m3u_account=,",
]


def _paths(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, path)
        elif path.startswith(ROOMS + OTHERS):
            yield f"/{path}"


PATHS = sorted(set(_paths(get_resolver().url_patterns)))
FIELDS = (
    *("name", "channel_number", "channel_group_id", "streams", "stream_id", "stream_ids", "channel_ids", "starting_number"),
    *("url", "command", "parameters", "is_active", "enabled", "group_ids", "groups", "channels", "operations", "rows"),
    *("content", "items", "ids", "mode", "dry_run", "match_by", "groupsToCreate", "logo_id", "logo_url", "tvg_id"),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_is_a_500(path: str) -> None:
    program = Program()
    program.user.is_staff = True
    program.user.save()
    ids = [make_channel("A", "1", group=make_group("G"), streams=make_streams(["s"])).pk, 2**62, 2**70]
    address = re.sub(r"<[^>]+>", str(ids[0]), path)
    for query in QUERIES:
        _check(program.send("GET", address + query))
    for pk in ids[1:] if "<" in path else ():
        for method in ("GET", "DELETE", "PATCH", "POST"):
            _check(program.send(method, re.sub(r"<[^>]+>", str(pk), path), {}))
    for method in ("POST", "PATCH"):
        for body in _bodies(program, method, address):
            _check(program.send(method, address, json.dumps(body)))
    _check(program.send("DELETE", f"{address}?x=1"))


def _bodies(program: Program, method: str, address: str) -> Iterator[Any]:
    """Junk in place of the body and of each field that this address knows; none when the method is not possible."""
    answer = program.send(method, address, dict.fromkeys(FIELDS))
    if answer.status_code == 405:
        return
    _check(answer)
    unknown = answer.json().get("errors", {})
    unknown = {name for name, texts in unknown.items() if texts == ["There is no such field."]}
    yield from JUNK
    for field in FIELDS:
        if field not in unknown:
            for junk in JUNK:
                yield {"name": "N", field: junk} if "name" not in unknown else {field: junk}


def _check(answer: Any) -> None:
    assert answer.status_code < 500, (answer.status_code, answer.request["PATH_INFO"])
    if answer.status_code >= 400 and answer["Content-Type"].startswith("application/json"):
        assert answer.json()["detail"]
        assert "Traceback" not in answer.content.decode()
