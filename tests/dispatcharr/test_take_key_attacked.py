"""Taking a key over in the worst moments: many at once, an address that changes meanwhile, a kill after a key was made."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection

from ecm_site import take_api_key as module
from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr.check import check_connection
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.dispatcharr.resources.server import Server
from ecm_site.take_api_key import KeyRefused, take_api_key
from tasks_app.change_settings import change_settings
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    pass


@pytest.fixture
def stored(fake: FakeServer) -> FakeServer:
    """A server whose account has no key, in the settings."""
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    fake.world.change("users", 1, api_key=None)
    return fake


def works() -> bool:
    record = get_settings()
    return check_connection(record.dispatcharr_url, Credentials.from_settings(record)).ok


def test_twenty_at_once_make_one_key_and_it_works(stored: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody sees that there is none before anybody makes one, as far as they are let."""
    together = threading.Barrier(20)
    real: Callable[[Server], str] = Server.api_key

    def seen(self: Server) -> str:
        found = real(self)
        with suppress(threading.BrokenBarrierError):
            together.wait(1)
        return found

    def press() -> None:
        try:
            take_api_key("Dispatcharr")
        except KeyRefused as refused:
            outcomes.append(str(refused))
        else:
            outcomes.append("taken")
        finally:
            connection.close()

    monkeypatch.setattr(Server, "api_key", seen)
    outcomes: list[str] = []
    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("taken") == 1
    assert stored.count("POST", "/api-keys/generate/") == 1
    assert works(), "the key that was saved is the one that the server knows"


def test_a_key_goes_to_no_address_that_is_entered_in_the_last_moment(
    stored: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_is_quicker(*args: object, **options: object) -> object:
        save_settings(dispatcharr_url="http://elsewhere.test:9191")
        return change_settings(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "change_settings", somebody_is_quicker)
    with pytest.raises(KeyRefused, match="changed meanwhile"):
        take_api_key("Dispatcharr")
    record = get_settings()
    assert (record.dispatcharr_url, record.dispatcharr_api_key) == ("http://elsewhere.test:9191", "")


def test_a_kill_after_the_key_was_made_leaves_the_password_and_the_next_one_finds_the_key(
    stored: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "change_settings", die)
        with pytest.raises(Killed):
            take_api_key("Dispatcharr")
    assert works()
    assert not take_api_key("Dispatcharr").was_made
    assert stored.count("POST", "/api-keys/generate/") == 1
    assert works()
