"""Which addresses are contacted, also after redirects and when names change their answer."""

import ipaddress
import socket
import time
from typing import Any

import pytest

from ecm_site.fetching import addresses
from ecm_site.fetching.addresses import Reach, judge
from ecm_site.http import FetchError, FetchPolicy, FetchStopped, fetch_head
from ecm_site.tests.http_server import Answer, serving

POLICY = FetchPolicy(connect_timeout=3, read_timeout=3)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1",
     "100.100.100.200", "168.63.129.16", "::", "fe80::1", "ff02::1", "fd00:ec2::254", "::ffff:169.254.169.254",
     "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"],
)  # fmt: skip
def test_machine_internals_are_forbidden_in_every_spelling(address: str) -> None:
    assert judge(ipaddress.ip_address(address)) is Reach.FORBIDDEN


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.50", "100.64.0.9", "::1", "fd12::1", "::ffff:10.0.0.1",
     "198.18.0.5"],
)  # fmt: skip
def test_home_networks_are_private(address: str) -> None:
    assert judge(ipaddress.ip_address(address)) is Reach.PRIVATE


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_internet_is_public(address: str) -> None:
    assert judge(ipaddress.ip_address(address)) is Reach.PUBLIC


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "[::]", "2852039166", "0xa9fea9fe"])
def test_forbidden_addresses_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch_head(f"http://{host}/latest/meta-data", policy=FetchPolicy(allow_private=True, connect_timeout=1))
    assert caught.value.kind == "blocked"


def test_our_own_port_is_refused(settings: Any) -> None:
    with serving(x=lambda call: call.answer(b"secret")) as server:
        settings.ECM_PORT = server.port
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(FetchError, match="this program itself") as caught:
                fetch_head(server.url("/x", host=host), policy=FetchPolicy(allow_private=True))
            assert caught.value.kind == "blocked"
        assert server.calls == []


class Names:
    """Stands in for the DNS: names and the answers they give, one after another."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.real = socket.getaddrinfo

    def __call__(self, host: str, port: int, *args: Any, **options: Any) -> Any:
        if host not in self.answers:
            return self.real(host, port, *args, **options)
        given = self.answers[host]
        answer = given.pop(0) if len(given) > 1 else given[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (part, port)) for part in answer.split()]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """127.0.0.2 plays the internet, 127.0.0.1 the house."""
    real = addresses.judge

    def judged(address: addresses.IpAddress) -> Reach:
        return Reach.PUBLIC if str(address) == "127.0.0.2" else real(address)

    monkeypatch.setattr(addresses, "judge", judged)
    answers = Names(
        provider_example=["127.0.0.2"],
        inside_example=["127.0.0.1"],
        mixed_example=["127.0.0.2 169.254.169.254"],
        turncoat_example=["127.0.0.2", "127.0.0.1"],
        dead_first_example=["127.0.0.3 127.0.0.2"],
    )
    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers)
    return answers


def redirect_to(target: str) -> Answer:
    return lambda call: call.answer(status="302 Found", Location=target)


def test_a_redirect_from_the_internet_into_the_house_is_refused(names: Names) -> None:
    with serving(secret=lambda call: call.answer(b"secret")) as inside:
        with serving("127.0.0.2", r=redirect_to(inside.url("/secret", host="inside.example"))) as server:
            start = server.url("/r", host="provider.example")
            with pytest.raises(FetchError, match="allow private addresses") as caught:
                fetch_head(start, policy=POLICY)
            assert caught.value.kind == "blocked"
            assert inside.calls == []
            assert fetch_head(start, policy=FetchPolicy(allow_private=True)).data == b"secret"


def test_a_redirect_that_stays_in_the_house_is_fine(names: Names) -> None:
    with serving(b=lambda call: call.answer(b"tuner")) as second, serving(a=redirect_to(second.url("/b"))) as first:
        assert fetch_head(first.url("/a"), policy=POLICY).data == b"tuner"


def test_a_redirect_to_a_metadata_address_is_refused_even_when_private_ones_are_allowed(names: Names) -> None:
    with serving("127.0.0.2", r=redirect_to("http://169.254.169.254/latest")) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/r", host="provider.example"), policy=FetchPolicy(allow_private=True))
    assert caught.value.kind == "blocked"


def test_one_forbidden_address_among_many_refuses_the_name(names: Names) -> None:
    with serving("127.0.0.2", x=lambda call: call.answer()) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/x", host="mixed.example"), policy=POLICY)
    assert caught.value.kind == "blocked"
    assert server.calls == []


def test_a_name_that_changes_its_answer_gains_nothing(names: Names) -> None:
    """DNS rebinding: the second look-up, on the way back through a redirect, points into the house."""
    with serving("127.0.0.2") as server:
        server.routes["/r"] = redirect_to(f"http://turncoat.example:{server.port}/x")
        server.routes["/x"] = lambda call: call.answer(b"fetched")
        with pytest.raises(FetchError, match="inside the local network"):
            fetch_head(server.url("/r", host="turncoat.example"), policy=POLICY)
        assert [call.path for call in server.calls] == ["/r"]


def test_a_name_is_looked_up_once_per_hop_and_kept_in_the_host_header(names: Names) -> None:
    with serving("127.0.0.2", x=lambda call: call.answer(b"ok")) as server:
        fetch_head(server.url("/x", host="turncoat.example"), policy=POLICY)
        assert server.calls[0].headers["host"] == f"turncoat.example:{server.port}"
    assert names.answers["turncoat.example"] == ["127.0.0.1"]  # only the first answer was used up


def test_the_next_address_is_tried_when_one_is_dead(names: Names) -> None:
    with serving("127.0.0.2", x=lambda call: call.answer(b"ok")) as server:
        assert fetch_head(server.url("/x", host="dead.first.example"), policy=POLICY).data == b"ok"


def test_secrets_stay_with_the_first_server(names: Names) -> None:
    policy = FetchPolicy(auth=("joe", "s3cret"), headers={"X-Token": "s3cret", "Referer": "http://r/"}, user_agent="VLC")
    with serving(b=lambda call: call.answer()) as second:
        with serving(a=redirect_to(second.url("/b"))) as first:
            fetch_head(first.url("/a"), policy=policy)
        assert first.calls[0].headers["authorization"].startswith("Basic ")
        assert first.calls[0].headers["x-token"] == "s3cret"
        seen = second.calls[0].headers
    assert not {"authorization", "x-token"} & set(seen)
    assert (seen["user-agent"], seen["referer"]) == ("VLC", "http://r/")


def test_secrets_come_along_on_the_same_server(names: Names) -> None:
    with serving(a=redirect_to("/b"), b=lambda call: call.answer()) as server:
        fetch_head(server.url("/a"), policy=FetchPolicy(auth=("joe", "s3cret")))
        assert server.calls[1].headers["authorization"].startswith("Basic ")


def test_redirects_end(names: Names) -> None:
    with serving(a=redirect_to("/a")) as server, pytest.raises(FetchError, match="more than 5 times") as caught:
        fetch_head(server.url("/a"), policy=POLICY)
    assert caught.value.kind == "redirect"
    assert len(server.calls) == 6


@pytest.mark.parametrize("target", ["ftp://h/x", "file:///etc/passwd", "rtsp://h/x", "http://[::1", "http://"])
def test_redirects_lead_only_to_web_addresses(names: Names, target: str) -> None:
    with serving(a=redirect_to(target)) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/a"), policy=POLICY)
    assert caught.value.kind in {"redirect", "blocked"}


def test_a_proxy_from_the_environment_is_ignored(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(x=lambda call: call.answer(b"direct")) as server:
        assert fetch_head(server.url("/x"), policy=POLICY).data == b"direct"


def test_a_slow_name_server_can_be_cancelled(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> list[Any]:
        time.sleep(20)
        return []

    monkeypatch.setattr(addresses.socket, "getaddrinfo", slow)
    started = time.monotonic()
    with pytest.raises(FetchStopped):
        fetch_head("http://slow.example/", policy=POLICY, should_stop=lambda: time.monotonic() - started > 0.3)
    assert time.monotonic() - started < 10
