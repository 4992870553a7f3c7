"""A house whose accounts are those of the fake server."""

from collections.abc import Callable

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.models import Account, Stream
from tasks_app.mirror.pull import PullReport, pull
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState, OutboxEntry
from tests.fake_dispatcharr import FakeServer, Playlist

KINDS = ("server_group", "account", "account_group", "account_filter", "account_profile")
EVERYTHING = (*KINDS, "stream", "custom_stream")
Sync = Callable[[], PullReport]


@pytest.fixture
def connected(db: None) -> None:
    mirror_state()
    MirrorState.objects.update(connected=True)


@pytest.fixture
def pulled(connected: None, client: Dispatcharr) -> Sync:
    """Pulls everything of this app once, and again whenever it is called."""

    def again() -> PullReport:
        return pull(client, EVERYTHING)

    again()
    return again


@pytest.fixture
def pulled_kinds(connected: None, client: Dispatcharr) -> Sync:
    """As ``pulled``, without streams."""

    def again() -> PullReport:
        return pull(client, KINDS)

    again()
    return again


def waiting() -> dict[tuple[str, int], str]:
    return {(entry.kind, entry.local_id): entry.reason or entry.state for entry in OutboxEntry.objects.all()}


def base() -> Account:
    return Account.objects.get(name="Base")


def here() -> dict[int, tuple[str, str, bool]]:
    """Mirrored streams by the server's id: name, address, stale."""
    rows = Stream.objects.filter(is_custom=False).values_list("provider_stream_id", "name", "url", "is_stale")
    return {int(number): (name, url, stale) for number, name, url, stale in rows}


def there(fake: FakeServer) -> dict[int, tuple[str, str, bool]]:
    rows = (fake.world.streams.get(number) for number in list(fake.world.streams.ids()))
    return {row["id"]: (row["name"], row["url"], row["is_stale"]) for row in rows if row and not row["is_custom"]}


def offer(fake: FakeServer, playlist: Playlist, *, refresh: int = 2) -> None:
    """Let the provider of "Base" have another playlist, and the server read it."""
    fake.world.playlists[fake.world.tables["accounts"][refresh]["server_url"]] = playlist
    from tests.fake_dispatcharr import jobs

    with fake.world.lock:
        fake.world.clock.advance(60)
        jobs.import_playlist(fake.world, refresh, playlist)


def sent(fake: FakeServer, method: str, path: str) -> list[object]:
    """Bodies of the requests that arrived."""
    return [call.body for call in fake.calls if call.method == method and path in call.path]
