"""A Dispatcharr server of our own for tests: real HTTP on loopback, with state, answering as a recorded 0.29 server does.

    with serving(World(seed=1)) as fake:
        fake.world.add_account("Base", Playlist.generated(1000))
        client = Dispatcharr(fake.url, fake.credentials)
        fake.faults.order(Kind.RESET_AFTER, method="POST", path="/api/channels/channels/")

State lives in :class:`World` and outlives restarts; faults are ordered at :class:`Faults`; time is :class:`Clock`, which can be
advanced. Nothing depends on chance except through the seed. Not simulated: auto-sync (channels of it can be planted), VOD,
recordings, plugins, Xtream outputs, the websocket.
"""

from tests.fake_dispatcharr.clock import Clock
from tests.fake_dispatcharr.faults import Faults, Kind
from tests.fake_dispatcharr.playlists import Entry, Guide, Playlist
from tests.fake_dispatcharr.server import FakeServer, serving
from tests.fake_dispatcharr.world import World

__all__ = ["Clock", "Entry", "FakeServer", "Faults", "Guide", "Kind", "Playlist", "World", "serving"]
