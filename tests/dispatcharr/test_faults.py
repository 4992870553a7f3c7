"""Every fault ends in one of a few exceptions with a sentence; what is safe to repeat is repeated, nothing else."""

import threading
import time

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.dispatcharr.errors import (
    AnsweredElse,
    Busy,
    DispatcharrError,
    NoRights,
    NotFound,
    Rejected,
    ServerFault,
    Stopped,
    Unreachable,
)
from ecm_site.dispatcharr.patience import RETRY_AFTER_MAX, CircuitBreaker
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.dispatcharr.transport import Patience
from tests.dispatcharr.conftest import Connect
from tests.fake_dispatcharr import FakeServer, Kind

GROUPS = "/api/channels/groups/"
CHANNELS = "/api/channels/channels/"


def names(fake: FakeServer) -> list[str]:
    return [row["name"] for row in fake.world.tables["channels"].values()]


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.HALF_ANSWER])
def test_reading_survives_connections_that_break(fake: FakeServer, client: Dispatcharr, kind: Kind, slept: list[float]) -> None:
    fake.faults.order(kind, path=f"{GROUPS}$", times=2)
    assert len(client.groups.all()) == len(fake.world.tables["groups"])
    assert len(slept) == 2
    assert client.session.tally.repeats == 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_reading_survives_a_gateway_that_says_not_now(fake: FakeServer, client: Dispatcharr, status: int) -> None:
    fake.faults.order(Kind.STATUS, path=f"{GROUPS}$", times=2, status=status)
    assert client.groups.all()


def test_a_gateway_that_never_recovers_is_a_temporary_fault(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.STATUS, path=f"{GROUPS}$", times=20, status=502)
    with pytest.raises(ServerFault, match="starting, restarting or overloaded") as caught:
        client.groups.all()
    assert caught.value.temporary
    assert caught.value.status == 502
    assert fake.count("GET", GROUPS) == 4


def test_a_plain_500_is_not_repeated_and_not_temporary(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.STATUS, path=f"{GROUPS}$", times=1, status=500)
    with pytest.raises(ServerFault, match="list the groups") as caught:
        client.groups.all()
    assert not caught.value.temporary
    assert "<" not in str(caught.value)


def test_creating_is_never_repeated_after_a_lost_reply(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.order(Kind.RESET_AFTER, method="POST", path=f"{CHANNELS}$")
    with pytest.raises(Unreachable) as caught:
        client.channels.create({"name": "Only once"})
    assert caught.value.maybe_done
    assert names(fake).count("Only once") == 1


def test_creating_is_repeated_when_it_cannot_have_arrived(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.stop()
    threading.Timer(0.3, fake.start).start()
    client.session._sleep = time.sleep
    client.channels.create({"name": "Once"})
    assert names(fake).count("Once") == 1


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER])
def test_setting_values_is_repeated(fake: FakeServer, client: Dispatcharr, kind: Kind) -> None:
    fake.faults.order(kind, method="PATCH", path="edit/bulk/")
    client.channels.update_many([{"id": 1, "name": "Changed"}])
    assert names(fake)[0] == "Changed"
    assert fake.count("PATCH", "edit/bulk/") == 2


def test_deleting_what_the_lost_attempt_deleted_is_done(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="DELETE")
    client.channels.delete(1)
    assert 1 not in fake.world.tables["channels"]
    with pytest.raises(NotFound):
        client.channels.delete(1)


def test_a_write_that_times_out_is_not_sent_again_beside_the_first(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.order(Kind.HANG, method="PATCH", seconds=1.5)
    with pytest.raises(Unreachable, match="did not answer within") as caught:
        client.session.patch(f"{CHANNELS}1/", {"name": "Slow"}, what="change", patience=Patience(read=0.3, total=1))
    assert caught.value.maybe_done
    assert caught.value.timed_out
    assert fake.count("PATCH") == 1


def test_a_silent_server_is_given_up_and_said(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.order(Kind.HANG, path=f"{GROUPS}$", times=9, seconds=1.2)
    with pytest.raises(Unreachable, match="overloaded, or hangs"):
        client.session.get(GROUPS, what="list", patience=Patience(read=0.2, total=1))


def test_a_cancel_is_noticed_while_the_server_is_silent(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.order(Kind.HANG, path=f"{GROUPS}$", seconds=60)
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped), stopping_when(cancelled.is_set):
        client.groups.all()
    assert time.monotonic() - began < 15


def test_a_server_that_is_not_there_is_unreachable_and_nothing_was_done(fake: FakeServer, client: Dispatcharr) -> None:
    fake.stop()
    with pytest.raises(Unreachable, match="refused the connection on port") as caught:
        client.channels.create({"name": "x"})
    assert not caught.value.maybe_done


def test_a_restart_in_between_costs_nothing(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.restart()
    assert client.channels.create({"name": "After"})["id"]
    assert names(fake).count("After") == 1


def test_requests_share_a_connection(fake: FakeServer, client: Dispatcharr) -> None:
    for _ in range(10):
        client.groups.all()
    assert fake.connections == 1


def test_short_throttling_is_waited_for_and_long_is_told(fake: FakeServer, client: Dispatcharr, slept: list[float]) -> None:
    fake.faults.order(Kind.THROTTLE, method="POST", path=f"{CHANNELS}$", seconds=3)
    client.channels.create({"name": "Patient"})
    assert max(slept) >= 3
    assert names(fake).count("Patient") == 1
    fake.faults.order(Kind.THROTTLE, path=f"{GROUPS}$", seconds=600)
    with pytest.raises(Busy, match="wait 600 s") as caught:
        client.groups.all()
    assert caught.value.retry_after == 600


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_says_when_is_not_asked_earlier(
    fake: FakeServer, client: Dispatcharr, status: int, slept: list[float]
) -> None:
    client.server.version()
    fake.faults.order(Kind.NOT_NOW, path=f"{GROUPS}$", status=status, seconds=7)
    assert client.groups.all()
    assert slept == [7.0]


def test_a_gateway_that_asks_for_longer_than_a_request_may_wait_is_left_alone(
    fake: FakeServer, client: Dispatcharr, slept: list[float]
) -> None:
    fake.faults.order(Kind.NOT_NOW, path=f"{GROUPS}$", times=9, status=503, seconds=120)
    with pytest.raises(ServerFault, match="wait 120 s") as caught:
        client.groups.all()
    assert (caught.value.retry_after, caught.value.temporary) == (120, True)
    assert fake.count("GET", GROUPS) == 1
    assert slept == []


def test_a_gateway_cannot_stop_us_for_a_day(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.NOT_NOW, path=f"{GROUPS}$", status=503, seconds=86_400)
    with pytest.raises(ServerFault) as caught:
        client.groups.all()
    assert caught.value.retry_after == RETRY_AFTER_MAX


def test_a_gateway_that_says_when_does_not_have_a_creation_sent_twice(
    fake: FakeServer, client: Dispatcharr, slept: list[float]
) -> None:
    fake.faults.order(Kind.NOT_NOW, method="POST", path=f"{CHANNELS}$", status=503, seconds=3)
    with pytest.raises(ServerFault) as caught:
        client.channels.create({"name": "Perhaps"})
    assert caught.value.maybe_done
    assert fake.count("POST", CHANNELS) == 1
    assert slept == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Kind.HTML, "web page"), (Kind.GARBAGE, "not JSON"), (Kind.REDIRECT, "another address")],
)
def test_other_answers_are_recognised(fake: FakeServer, client: Dispatcharr, kind: Kind, words: str) -> None:
    fake.faults.order(kind, path=f"{GROUPS}$", target="http://other.test/")
    with pytest.raises(AnsweredElse, match=words):
        client.groups.all()


def test_credentials_never_follow_a_redirect(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.REDIRECT, path="/token/$", target=f"{fake.url}/api/core/version/")
    with pytest.raises(AnsweredElse):
        client.groups.all()
    assert [call.path for call in fake.calls] == ["/api/accounts/token/"]


def test_rejected_values_come_with_their_fields(client: Dispatcharr) -> None:
    with pytest.raises(Rejected, match="name: This field is required") as caught:
        client.channels.create({"channel_number": 5})
    assert caught.value.fields == {"name": "This field is required."}
    with pytest.raises(Rejected) as caught:
        client.accounts.create({"name": "Base", "server_url": "http://provider.test/x"})
    assert list(caught.value.fields) == ["name"]
    default = client.accounts.profiles(2)[0]
    with pytest.raises(Rejected, match="Cannot modify: max_streams") as caught:
        client.accounts.update_profile(2, default, {"max_streams": 9})
    assert list(caught.value.fields) == [""]


def test_an_account_without_rights_is_told_what_it_needs(fake: FakeServer, connect: Connect) -> None:
    fake.world.add_user("viewer", "pw", 1)
    client = connect(Credentials(user="viewer", password="pw"))
    assert client.channels.all()
    with pytest.raises(NoRights, match=r"may not create a channel.*administrator"):
        client.channels.create({"name": "x"})


def test_a_full_disk_on_the_server_fails_writes_and_not_reads(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.full_disk = True
    with pytest.raises(ServerFault, match="full disk"):
        client.groups.create("New")
    assert client.groups.all()
    assert sum(len(batch) for batch in client.streams.every()) == 40
    fake.faults.clear()
    client.groups.create("New")


def test_rows_that_somebody_else_deleted_are_not_found(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.remove("channels", 2)
    with pytest.raises(NotFound):
        client.channels.update(2, {"name": "x"})
    with pytest.raises(Rejected, match="Channel not found"):
        client.channels.update_many([{"id": 1, "name": "kept"}, {"id": 2, "name": "x"}])
    assert names(fake)[0] == "One"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "No address"),
        ("ftp://host", "http:// or https://"),
        ("http://admin:secret@127.0.0.1:1", "own fields"),
        ("http://169.254.169.254", "never contacted"),
        ("http://no-such-host.invalid", "no server named"),
    ],
)
def test_addresses_that_cannot_be_are_refused_in_words(address: str, words: str) -> None:
    with pytest.raises(Unreachable, match=words):
        Dispatcharr(address).server.version()


@pytest.mark.parametrize("tail", ["/", "/api", "/api/"])
def test_the_address_may_end_as_people_paste_it(fake: FakeServer, connect: Connect, tail: str) -> None:
    assert connect(address=fake.url + tail).server.version()["version"] == "0.29.0"


def test_the_breaker_turns_away_while_the_server_is_down_and_lets_one_try(fake: FakeServer) -> None:
    now = [0.0]
    client = Dispatcharr(fake.url, breaker=CircuitBreaker(threshold=3, clock=lambda: now[0]), sleep=lambda _seconds: None)
    fake.faults.order(Kind.RESET_BEFORE, times=3)
    with pytest.raises(Unreachable):
        client.server.version()
    assert len(fake.calls) == 3
    for _ in range(50):
        with pytest.raises(Unreachable, match="asked again in"):
            client.server.version()
    assert len(fake.calls) == 3
    now[0] = 6.0
    assert client.server.version()["version"]
    assert not client.session.breaker.is_open
    client.close()


def test_every_exception_is_one_of_ours() -> None:
    for kind in (AnsweredElse, Busy, NoRights, NotFound, Rejected, ServerFault, Stopped, Unreachable):
        assert issubclass(kind, DispatcharrError)
