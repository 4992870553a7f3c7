"""A fake server with a small lineup, and a client that never really waits."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.dispatcharr.client import Dispatcharr, reset_client
from ecm_site.dispatcharr.credentials import API_KEY, Credentials
from ecm_site.dispatcharr.patience import Backoff
from epg_app import mapped_entries
from epg_app.tests.samples import Mapping
from tests.dispatcharr.lineup_house import house
from tests.dispatcharr.m3u_house import connected, pulled, pulled_kinds  # noqa: F401 - fixtures
from tests.fake_dispatcharr import FakeServer, Guide, Playlist, World, serving

__all__ = ["house"]

Connect = Callable[..., Dispatcharr]


@pytest.fixture(autouse=True)
def signed_out() -> Iterator[None]:
    """No test inherits another's sign-in: ports come again."""
    for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"):
        path.unlink()
    yield
    reset_client()


@pytest.fixture
def alice(db: None) -> Client:
    """The pages as an administrator gets them."""
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


@pytest.fixture
def world() -> World:
    """One account with 40 streams, a guide, three channels."""
    world = World(seed=7)
    playlist = Playlist.generated(40, groups=5)
    world.add_account("Base", playlist)
    world.add_source("Guide", Guide.generated(10, playlist=playlist))
    for number, name in enumerate(("One", "Two", "Three"), start=1):
        world.add_channel(name, channel_number=float(number), streams=[number])
    return world


@pytest.fixture
def fake(world: World) -> Iterator[FakeServer]:
    with serving(world) as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    """What clients have waited between attempts, in seconds."""
    return []


@pytest.fixture
def connect(fake: FakeServer, slept: list[float]) -> Iterator[Connect]:
    """Makes clients of the fake server, on its clock, with waits that take no time."""
    made: list[Dispatcharr] = []

    def make(credentials: Credentials | None = None, *, insist: bool = False, address: str = "") -> Dispatcharr:
        client = Dispatcharr(
            address or fake.url,
            credentials or Credentials(user=fake.user, password=fake.password),
            insist=insist,
            backoff=Backoff(rng=random.Random(1)),
            clock=fake.world.clock.now,
            sleep=slept.append,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Connect) -> Dispatcharr:
    return connect()


@pytest.fixture
def with_key(fake: FakeServer, connect: Connect) -> Dispatcharr:
    return connect(Credentials(auth=API_KEY, api_key=fake.api_key))


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    """Plays the lineup for guides: says which guide channels are used."""
    mapping = Mapping()
    mapped_entries.register_mapping(mapping)
    yield mapping
    mapped_entries._providers.remove(mapping)
