"""A small server with something of everything, and this house after the first pull: made once, copied for each history."""

import copy
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from channels_app.drafts import storage
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.credentials import Credentials
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import ensure_triggers
from tasks_app.models import MirrorState
from tests.fake_dispatcharr import Guide, Playlist, World, serving
from tests.fake_dispatcharr.playlists import Entry
from tests.fake_dispatcharr.world import STATE

PERSON = "ann"
BASE, SECOND = 2, 3  # ids of the accounts there; 1 is "custom"
WORLD_STATE = ("rng", *STATE)


def listed(tag: str, numbers: range | list[int], groups: int, *, renamed: int = 0) -> Playlist:
    """A playlist of ``tag``'s entries with these numbers; ``renamed`` changes names, not addresses."""
    return Playlist.of(
        [
            Entry(
                f"{tag.upper()} {number}{' HD' if renamed and number % 3 == renamed % 3 else ''}",
                f"http://provider.test/{tag}/{number}.ts",
                f"{tag.upper()} group {number % groups}",
                f"{tag}{number}.tv" if number % 2 else "",
                f"http://pictures.test/{number % 4}.png" if number % 3 else "",
            )
            for number in numbers
        ]
    )


def guide_of(tag: str, count: int) -> Guide:
    return Guide([(f"{tag}{number}.tv", f"Guide {tag}{number}", None) for number in range(1, count + 1)])


def _made() -> World:
    world = World(seed=11, refresh_seconds=0.5)
    world.add_account("Base", listed("a", range(12), 3))
    world.add_account("Second", listed("b", range(5), 2), stale_stream_days=0)
    world.add_source("Guide", guide_of("a", 5))
    world.add_source("Other guide", guide_of("b", 3))
    news, sports = world.add_group("News"), world.add_group("Sports")
    for number in range(2):
        world.insert("logos", {"id": 0, "name": f"Logo {number}", "url": f"http://logos.test/{number}.png"})
    for name in ("Kids", "Living room"):
        world.memberships[world.insert("channel_profiles", {"id": 0, "name": name})["id"]] = {}
    own = {"name": "Own", "command": "vlc", "parameters": "-x", "is_active": True, "user_agent": None, "locked": False}
    world.insert("stream_profiles", {"id": 0, **own})
    world.insert("server_groups", {"id": 0, "name": "Panel"})
    rule = {"filter_type": "name", "regex_pattern": "XXX", "exclude": True, "order": 1, "custom_properties": {}}
    world.insert("filters", {"id": 0, "account": BASE, **rule})
    for number in range(1, 7):
        world.add_channel(
            f"Channel {number}",
            channel_number=float(number),
            channel_group_id=(news, sports)[number % 2],
            streams=[number, 12 + number % 5 + 1],
            logo_id=number % 3 or None,
            tvc_guide_stationid=f"first {number}",
        )
    return world


def client_of(world: World, address: str) -> Dispatcharr:
    """Waits of this client let the world's time pass and take none."""
    from ecm_site.dispatcharr.patience import CircuitBreaker

    return Dispatcharr(
        address,
        Credentials(user="admin", password="admin-pass-1"),
        breaker=CircuitBreaker(clock=world.clock.now),
        clock=world.clock.now,
        sleep=world.clock.advance,
    )


class Beginning:
    """The world and the database of all histories, when they begin."""

    def __init__(self) -> None:
        get_user_model().objects.create_user(PERSON, password="a long secret 1")
        ensure_triggers()
        mirror_state()
        self._world = _made()
        with serving(self._world) as server:
            MirrorState.objects.update(connected=True, address=server.url)
            client = client_of(self._world, server.url)
            for _ in range(2):  # the second one tells single rows in the journal
                pull(client)
                self._world.clock.advance(100)
            client.close()
        forget_sign_ins()
        self._database = sqlite3.connect(":memory:")
        connection.ensure_connection()
        connection.connection.backup(self._database)

    def world(self) -> World:
        world = World(seed=11, refresh_seconds=0.5)
        world.clock.advance(self._world.clock.now() - world.clock.now())
        for name in WORLD_STATE:
            setattr(world, name, copy.deepcopy(getattr(self._world, name)))
        return world

    def restore(self) -> None:
        """Bring this house back to its beginning."""
        forget_sign_ins()
        for path in storage.folder().glob("*"):
            path.unlink()
        connection.close()
        connection.ensure_connection()
        self._database.backup(connection.connection)


def forget_sign_ins() -> None:
    for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"):
        path.unlink()


_beginning: list[Beginning] = []


def beginning() -> Any:
    """Made by the first test that asks; its database has to be empty then."""
    if not _beginning:
        _beginning.append(Beginning())
    return _beginning[0]
