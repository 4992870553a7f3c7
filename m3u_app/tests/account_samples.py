"""Accounts, groups and streams for tests of pages and use cases."""

import os
from typing import Any

from m3u_app.models import Account, Stream, StreamGroup

SECRET_URL = "http://tv.example/get.php?username=alice&password=s3cret-pass&type=m3u_plus"
SECRETS = ("s3cret-pass", "alice")
"""Texts that must never be seen in a page, the journal or a log. The user name is shown in its own form only."""

HTMX = {"HX-Request": "true"}


def make_account(name: str = "Acme", **values: Any) -> Account:
    values = {"account_type": "STD", "server_url": "http://tv.example/list.m3u"} | values
    return Account.objects.create(name=name, **values)


def make_xtream(name: str = "Panel", **values: Any) -> Account:
    values = {"server_url": "http://panel.example:8080", "username": "alice", "password": "s3cret-pass"} | values
    return make_account(name, account_type="XC", **values)


def make_groups(account: Account, *names: str, **values: Any) -> list[StreamGroup]:
    return StreamGroup.objects.bulk_create([StreamGroup(account=account, name=name, **values) for name in names])


def make_streams(account: Account, group: StreamGroup | None, count: int, **values: Any) -> list[Stream]:
    return Stream.objects.bulk_create(
        [
            Stream(
                account=account,
                group=group,
                name=f"Stream {index}",
                url=f"http://tv.example/live/alice/s3cret-pass/{index}.ts",
                stream_hash=os.urandom(32),
                **values,
            )
            for index in range(count)
        ],
        batch_size=500,
    )


def posted(**values: Any) -> dict[str, Any]:
    """What the add form posts when nothing but ``values`` was typed."""
    return {
        "account_type": "STD",
        "name": "Acme",
        "server_url": "http://tv.example/list.m3u",
        "max_streams": "0",
        "refresh_interval": "24",
        "stale_stream_days": "7",
        "shrink_guard_percent": "50",
        "priority": "0",
        "auto_enable_new_groups": "on",
        "is_active": "on",
        "refresh_now": "on",
    } | values
