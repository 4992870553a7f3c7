"""Which counters a connection to a provider takes part in (20 §7)."""

import pytest

from m3u_app.connection_limits import connection_limits
from m3u_app.models import Account, ServerGroup

URL = "http://tv.test/1.ts"
WITH_LOGIN = "http://tv.test/live/Ann/secret/1.ts"


def account(pk: int, **values: object) -> Account:
    return Account(pk=pk, name=f"Account {pk}", **{"max_streams": 2, "username": "ann", "password": "secret", **values})


def keys(*limits: object) -> list[str]:
    return [limit.key for limit in limits]  # type: ignore[attr-defined]


def test_without_a_limit_nothing_is_counted() -> None:
    assert connection_limits(None, URL) == ()
    assert connection_limits(account(1, max_streams=0, server_group=ServerGroup(pk=5)), URL) == ()


def test_an_account_counts_for_itself() -> None:
    [own] = connection_limits(account(1), URL)
    assert (own.key, own.most) == ("account:1", 2)
    assert own.words == "“Account 1” allows 2 connections at once"


def test_in_a_server_group_the_same_login_shares_a_counter_and_another_does_not() -> None:
    group = ServerGroup(pk=5)
    [_, mine] = connection_limits(account(1, server_group=group), URL)
    [_, same] = connection_limits(account(2, server_group=group, username=" ANN ", password="secret "), URL)
    [_, other] = connection_limits(account(3, server_group=group, password="Secret"), URL)
    [_, elsewhere] = connection_limits(account(4, server_group=ServerGroup(pk=6)), URL)
    assert mine.key == same.key
    assert len({mine.key, other.key, elsewhere.key}) == 3


def test_the_login_in_the_address_goes_before_that_of_the_account() -> None:
    group = ServerGroup(pk=5)
    [_, by_address] = connection_limits(account(1, server_group=group, username="x", password="y"), WITH_LOGIN)
    [_, by_account] = connection_limits(account(2, server_group=group), URL)
    assert by_address.key == by_account.key


@pytest.mark.parametrize("group", [None, ServerGroup(pk=5)])
def test_keys_and_words_tell_nothing_of_the_login(group: ServerGroup | None) -> None:
    told = repr(connection_limits(account(1, server_group=group), WITH_LOGIN)).lower()
    assert "secret" not in told
    assert "/live/" not in told


def test_without_any_login_nothing_is_shared() -> None:
    found = connection_limits(account(1, server_group=ServerGroup(pk=5), username="", password=""), URL)
    assert keys(*found) == ["account:1"]
