"""What people paste as the address of a panel (20 §1.6, §25.2 #40–42)."""

import pytest

from m3u_app.providers.connections import Connection
from m3u_app.providers.xtream.address import AddressUnusable, guide_url, normalise_base, stream_url
from m3u_app.providers.xtream.provider import check_xtream


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("http://h:8080/player_api.php?username=a&password=b", "http://h:8080"),  # #40
        ("https://s.example/srv1/", "https://s.example/srv1"),  # #41
        ("https://s.example/srv1/get.php?username=a&password=b&type=m3u_plus", "https://s.example/srv1"),
        ("  panel_host:8080  ", "http://panel_host:8080"),
        ("HTTP://h", "http://h"),
        ("http://h//a//b/", "http://h/a/b"),
        ("http://u:p@h/x", "http://u:p@h/x"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_reduced_to_its_base(typed: str, base: str) -> None:
    assert normalise_base(typed) == base


@pytest.mark.parametrize(
    "typed", ["", "   ", "ftp://h", "http://", "http://h:99999", "http://h:port", "javascript:alert(1)", "http://h:0"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(AddressUnusable):
        normalise_base(typed)


def test_stream_addresses_keep_the_sub_path() -> None:
    assert stream_url("https://s.example/srv1", "u", "p", "12345") == "https://s.example/srv1/live/u/p/12345.ts"  # #42


def test_odd_characters_in_a_login_cannot_break_the_address() -> None:
    assert stream_url("http://h", "a/b", "p?q#r s", "1") == "http://h/live/a%2Fb/p%3Fq%23r%20s/1.ts"
    assert guide_url("http://h", "a&b", "p=q") == "http://h/xmltv.php?username=a%26b&password=p%3Dq"


def test_a_pasted_api_address_fills_in_the_login() -> None:
    connection = Connection(server_url="http://h:8080/get.php?username=alice&password=pw&type=m3u_plus")
    assert check_xtream(connection) == {}
    assert (connection.server_url, connection.username, connection.password) == ("http://h:8080", "alice", "pw")


def test_every_missing_part_is_named() -> None:
    assert set(check_xtream(Connection())) == {"server_url", "username", "password"}
    assert set(check_xtream(Connection(server_url="http://h", username="u"))) == {"password"}
