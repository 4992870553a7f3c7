"""Rows of accounts and guides with values that nobody promised: each is left out by itself or read loosely, nothing is lost."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.models import GuideEntry, GuideSource
from m3u_app.models import Account, AccountProfile, Stream, StreamFilter, StreamGroup
from tasks_app.mirror.pull import PullFailed, pull
from tasks_app.models import MirrorPull, OutboxEntry
from tests.fake_dispatcharr import FakeServer, Playlist
from tests.fake_dispatcharr.replies import Request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected")]

LISTS = {
    "accounts": r"/m3u/accounts/$", "server_groups": r"/server-groups/$", "groups": r"/channels/groups/$",
    "streams": r"/streams/by-ids/$", "sources": r"/epg/sources/$", "entries": r"/epgdata/$", "agents": r"/useragents/$",
}  # fmt: skip
EVIL = [
    None, [1], {"a": [1]}, "<script>alert(1)</script>", "x" * 6000, -5, 2**63 - 1, 2**70, 1.5, True, "",
    "a\x00b\u202e=1+1\r\nX: y", "٣", 10**400, "1e999", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59",
]  # fmt: skip
M3U = ("server_group", "account", "account_group", "account_filter", "account_profile", "stream", "custom_stream")
EPG = ("guide_source", "guide_entry", "programme")
Path = tuple[str | int, ...]


def columns(row: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    """Where values are in a row and in the first of the rows inside it."""
    for name, value in row.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from columns(value, (*path, name))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from columns(value[0], (*path, name, 0))


def rows_of(body: Any) -> list[dict[str, Any]]:
    return body if isinstance(body, list) else [body]


def mine(body: Any) -> dict[str, Any] | None:
    """The row that is tampered with: the first that is not built in."""
    return next((row for row in rows_of(body) if not row.get("locked")), None)


def put(row: Any, path: Path, value: object) -> None:
    try:
        for step in path[:-1]:
            row = row[step]
        row[path[-1]] = value
    except (KeyError, IndexError, TypeError):  # an evil value has taken the place of what was around it
        return


@pytest.fixture
def house(fake: FakeServer, client: Dispatcharr) -> Callable[..., None]:
    """Pulls everything, or these kinds, anew."""

    fake.world.add_account("Second", Playlist.generated(30, tag="b"))
    client.accounts.create_server_group("Together")
    agent = client.server.create_user_agent("Agent", "Agent/1.0")
    client.accounts.update(2, {"user_agent": agent["id"]})

    def again(*kinds: str) -> None:
        MirrorPull.objects.update(mark={})
        pull(client, kinds or M3U + EPG)

    again()
    return again


def stock() -> dict[str, int]:
    tables = (Account, StreamGroup, StreamFilter, AccountProfile, Stream, GuideSource, GuideEntry)
    return {table.__name__: table._default_manager.count() for table in tables}


def test_no_value_of_any_column_holds_the_others_up_or_loses_anything(house: Callable[..., None], fake: FakeServer) -> None:
    seen: dict[str, dict[str, Any]] = {}

    def note(request: Request, body: Any) -> Any:
        for name, path in LISTS.items():
            row = mine(body) if re.search(path, request.path) else None
            if row is not None:
                seen[name] = row
        return body

    fake.tamper = note
    house()
    before = stock()
    assert seen.keys() == LISTS.keys()
    turn = 0
    for name, row in seen.items():
        for place in columns(row):
            if place in (("id",), ("m3u_account",)):  # another row, and the stream of another account
                continue
            turn += 1
            evil = EVIL[turn * 7 % len(EVIL)]

            def tamper(request: Request, body: Any, name: str = name, place: Path = place, evil: object = evil) -> Any:
                if re.search(LISTS[name], request.path):
                    put(mine(body), place, evil)
                return body

            fake.tamper = tamper
            try:
                house(*(EPG if name in ("sources", "entries") else M3U))
            except PullFailed as error:
                pytest.fail(f"{name} {place} {evil!r:.60}: {error} ({error.__cause__!r})")
            lost = {table: count - stock()[table] for table, count in before.items() if stock()[table] < count}
            assert not lost, f"{name} {place} {evil!r:.60}: {lost}"
    fake.tamper = None
    house()
    assert stock() == before
    assert not MirrorPull.objects.exclude(problem="").exists()
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize(
    "body", [[], [{"id": 1}], [{"id": None}] * 5, [{"id": 10**9, "name": "not asked for", "m3u_account": 2}]]
)
def test_streams_that_are_listed_and_then_not_known_are_not_gone(
    house: Callable[..., None], fake: FakeServer, body: Any
) -> None:
    before = set(Stream.objects.values_list("pk", flat=True))
    Account.objects.update(shrink_guard_percent=0)
    fake.tamper = lambda request, real: body if request.path.endswith("/by-ids/") else real
    with pytest.raises(PullFailed, match="and then does not know"):
        house()
    assert set(Stream.objects.values_list("pk", flat=True)) == before


def test_rows_that_were_not_asked_for_or_come_twice_are_passed_over(house: Callable[..., None], fake: FakeServer) -> None:
    before = stock()

    def tamper(request: Request, body: Any) -> Any:
        return body + body[:5] + [{**body[0], "id": 10**9}] if request.path.endswith("/by-ids/") else body

    fake.tamper = tamper
    house()
    assert stock() == before


def test_an_empty_list_of_ids_deletes_nothing(house: Callable[..., None], fake: FakeServer) -> None:
    before = stock()
    fake.tamper = lambda request, body: [] if request.path.endswith(("/streams/ids/", "/epgdata/")) else body
    house()
    assert stock() == before
    assert Account.objects.exclude(held_back={}).exists()


def test_what_becomes_lines_of_files_is_one_line(house: Callable[..., None], fake: FakeServer) -> None:
    def tamper(request: Request, body: Any) -> Any:
        if request.path.endswith("/by-ids/"):
            for number, row in enumerate(body):
                row["name"] = row["tvg_id"] = "a\r\n#EXTINF:-1,b\u2028c"
                row["logo_url"] = 'http://x/"\n#EXTINF'
                row["url"] = ["http://x/1\nfile:///etc/passwd", "file:///etc/passwd", "javascript:alert(1)", "-i /etc/passwd"][
                    number % 4
                ]
        return body

    fake.tamper = tamper
    house()
    for name, url, tvg_id, logo in Stream.objects.values_list("name", "url", "tvg_id", "logo_url"):
        assert not re.search(r"[\r\n\u2028]", name + url + tvg_id + logo)
        assert url == "" or url.startswith("http://x/1")


def test_messages_of_the_server_are_kept_without_logins(house: Callable[..., None], fake: FakeServer) -> None:
    def tamper(request: Request, body: Any) -> Any:
        if request.path.endswith(("/m3u/accounts/", "/epg/sources/")):
            for row in body:
                row["last_message"] = "failed: http://joe:hunter2@p.test/get.php?username=joe&password=hunter2 " + "x" * 10_000
        return body

    fake.tamper = tamper
    house()
    for message in [
        *Account.objects.values_list("last_message", flat=True),
        *GuideSource.objects.values_list("last_message", flat=True),
    ]:
        assert "hunter2" not in message
        assert len(message) <= 3_000
