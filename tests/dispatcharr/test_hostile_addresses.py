"""What a mirrored server says never leads ECM into its own network: pictures and previews go where the operator pointed."""

import threading
from collections.abc import Iterator

import pytest

from channels_app.logos.fetch_picture import fetch_picture, source_hosts
from channels_app.preview.find_source import stream_source
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import AnsweredElse
from ecm_site.fetching.errors import FetchError
from ecm_site.http import fetch_head
from epg_app.models import GuideSource
from m3u_app.custom_streams import new_identity
from m3u_app.models import Account, Stream
from tests.dispatcharr.hostile_house import RawServer, http, raw_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Iterator[RawServer]:
    """Something in the local network that must not be asked."""
    with raw_server(http(b"router")) as server:
        yield server


@pytest.fixture
def account(connected: None, inside: RawServer) -> Account:
    """The server says that its provider and its guide are that thing."""
    save_settings(dispatcharr_url="http://dispatcharr.test:9191")
    GuideSource.objects.create(name="Guide", url=f"{inside.url}/guide.xml")
    return Account.objects.create(name="Evil", server_url=f"{inside.url}/get.php", file_path="evil.m3u")


def test_a_source_of_the_server_does_not_open_the_local_network(account: Account, inside: RawServer) -> None:
    assert source_hosts() == {"dispatcharr.test"}
    with pytest.raises(FetchError, match="inside the local network"):
        fetch_picture(f"{inside.url}/reboot", seconds=2)
    assert inside.requests == []


@pytest.mark.parametrize("is_custom", [False, True])
def test_a_preview_of_a_stream_of_the_server_stays_outside(account: Account, inside: RawServer, is_custom: bool) -> None:
    stream = Stream.objects.create(
        name="Evil", url=f"{inside.url}/reboot", stream_hash=new_identity(), is_custom=is_custom,
        account=None if is_custom else account,
    )  # fmt: skip
    with pytest.raises(FetchError, match="inside the local network"):
        fetch_head(stream.url, policy=stream_source(stream.pk).policy(), max_bytes=100)
    assert inside.requests == []


def test_the_operators_own_switch_opens_it(account: Account, inside: RawServer) -> None:
    """It is kept here, and no server sets it."""
    Account.objects.update(allow_private_addresses=True)
    stream = Stream.objects.create(name="Tuner", url=f"{inside.url}/auto/v1", stream_hash=new_identity(), account=account)
    fetch_head(stream.url, policy=stream_source(stream.pk).policy(), max_bytes=100)
    assert len(inside.requests) == 1


def test_pictures_of_a_dispatcharr_in_the_local_network_are_fetched(connected: None, inside: RawServer) -> None:
    save_settings(dispatcharr_url=inside.url)
    assert fetch_picture(f"{inside.url}/api/channels/logos/1/cache/", seconds=2) == b"router"


def test_dispatcharr_may_be_inside_and_sends_us_nowhere_else(inside: RawServer) -> None:
    elsewhere = threading.Event()

    def answer(_request: bytes) -> list[bytes]:
        elsewhere.set()
        return [http(b"[]")]

    with raw_server(answer) as other:
        moved = http(b"", status="307 Moved", headers=f"Location: {other.url}/api/channels/groups/\r\n")
        with raw_server(moved) as server:
            client = Dispatcharr(server.url)
            with pytest.raises(AnsweredElse, match="another address"):
                client.groups.all()
            with pytest.raises(AnsweredElse, match="another address"):
                client.groups.create("x")
            client.close()
    assert not elsewhere.is_set()
