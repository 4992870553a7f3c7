"""What Ctrl-K finds, in which order, for whom, and what it costs."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from channels_app.tests.lineup_fixtures import make_channel, make_group
from ecm_site import palette
from ecm_site.palette import Finder, PaletteEntry, find_entries, rank
from epg_app.models import GuideSource
from m3u_app.models import Account


def entry(title: str, words: str = "", key: str = "x", order: int = 50) -> PaletteEntry:
    return PaletteEntry(key, title, "Page", "/x/", icon="search", words=words, order=order)


@pytest.mark.parametrize(
    ("text", "title", "words", "expected"),
    [
        ("news", "News", "", 0),
        ("new", "News", "", 1),
        ("101", "CNN", "101 us", 1),  # a channel's number
        ("sky ne", "Sky Sports News", "", 2),
        ("ne sk", "Sky | News", "", 2),  # in any order, whatever stands between
        ("hd sky", "Sky", "hd", 3),
        ("ew", "News", "", 4),
        ("ew h", "News", "hd", 5),
        ("10", "CNN", "101", 3),
        ("01", "CNN", "101", 5),
        ("xyz", "News", "hd", None),
        ("news fox", "News", "hd", None),
        ("ärz", "ÄRZTE TV", "", 1),
    ],
)
def test_how_well_an_entry_matches(text: str, title: str, words: str, expected: int | None) -> None:
    assert rank(text.casefold(), entry(title, words)) == expected


@pytest.fixture
def own_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but these entries, so that their order can be told."""
    listed = [
        entry("Tasks", key="p:tasks", order=1),
        entry("News page", key="p:news", order=2),
        entry("Old news", key="p:old", order=3),
        entry("Breaking newsflash", key="p:flash", order=4),
        entry("Secret news", key="p:secret", order=5),
    ]
    monkeypatch.setattr(palette, "_lists", {"own": lambda is_admin: listed if is_admin else listed[:-1]})
    things = {1: entry("Newsy", key="thing:1"), 2: entry("Other", key="thing:2")}

    def find(text: str, limit: int) -> list[PaletteEntry]:
        return [thing for thing in things.values() if text in thing.title.casefold()][:limit]

    monkeypatch.setattr(
        palette, "_finders", {"thing": Finder("thing", find, lambda ids: [things[pk] for pk in ids if pk in things])}
    )


def keys(text: str, *recent: str, is_admin: bool = False) -> list[str]:
    return [found.key for found in find_entries(text, is_admin=is_admin, recent=recent)]


@pytest.mark.usefixtures("own_lists")
def test_better_matches_come_first_and_what_was_used_lately_before_them() -> None:
    assert keys("news") == ["p:news", "thing:1", "p:old", "p:flash"]
    assert keys("news", "p:old", "thing:1") == ["p:old", "thing:1", "p:news", "p:flash"]
    assert keys("news", "thing:2", "p:tasks") == ["p:news", "thing:1", "p:old", "p:flash"], "only where it matches"
    assert keys("  NEWS\x00 ") == keys("news")
    assert "p:secret" not in keys("news")
    assert "p:secret" in keys("news", is_admin=True)


@pytest.mark.usefixtures("own_lists")
def test_without_a_text_stands_what_was_used_lately_then_the_lists() -> None:
    assert keys("") == ["p:tasks", "p:news", "p:old", "p:flash"]
    assert keys("", "thing:2", "p:old") == ["thing:2", "p:old", "p:tasks", "p:news", "p:flash"]
    assert keys("", "thing:77", "nonsense", "thing:x", "thing:" + "9" * 30, "p:secret", "") == keys("")


@pytest.mark.django_db
def test_every_room_offers_what_it_has(admin_client: Client) -> None:
    group = make_group("Sport <i>")
    channel = make_channel("Sky <b>", "101.5", group=group)
    account = Account.objects.create(name="Skyline", server_url="http://x.example/")
    source = GuideSource.objects.create(name="Sky guide")

    def html(text: str) -> str:
        return admin_client.get("/find/", {"q": text, "part": "1"}).content.decode()

    found = html("sky")
    assert f'data-key="channel:{channel.pk}" data-url="/channels/?q=Sky+%3Cb%3E#c{channel.pk}"' in found
    assert "Sky &lt;b&gt;" in found
    assert "101.5 · Sport &lt;i&gt;" in found
    assert f'data-url="/m3u/{account.pk}/"' in found
    assert f'data-url="/guide/{source.pk}/"' in found
    assert f"#c{channel.pk}" in html("101.5")
    assert f"#c{channel.pk}" in html("01.")
    assert f"group={group.pk}" in html("sport")
    assert 'data-url="/settings/appearance/"' in html("appear")
    assert 'data-url="/journal/"' in html("jour")
    assert 'data-act="post"' in html("refresh all prov")
    assert 'data-act="dialog"' in html("new channel")
    assert "/run/" in html("run: ")
    assert f'data-key="channel:{channel.pk}"' in admin_client.get(f"/find/?part=1&recent=channel:{channel.pk}").content.decode()


@pytest.mark.django_db
def test_every_listed_entry_leads_somewhere(admin_client: Client) -> None:
    listed = [entry for entries in palette._lists.values() for entry in entries(True)]
    assert len(listed) > 40
    assert len({entry.key for entry in listed}) == len(listed)
    for entry in listed:
        path = entry.url.partition("?")[0]
        assert resolve(path), entry.title
        if entry.act != palette.Act.POST and not path.startswith("/admin/"):
            assert admin_client.get(entry.url, follow=True).status_code == 200, entry.title


@pytest.mark.django_db
def test_what_only_administrators_may_is_not_offered_to_others(client: Client) -> None:
    client.force_login(User.objects.create_user("bob"))
    assert "/admin/" not in client.get("/find/?part=1&q=raw").content.decode()
    client.force_login(User.objects.create_superuser("alice"))
    assert "/admin/" in client.get("/find/?part=1&q=raw").content.decode()


@pytest.mark.django_db
def test_without_scripts_it_is_a_page_with_links_and_buttons(admin_client: Client) -> None:
    page = admin_client.get("/find/?q=refresh all guides").content.decode()
    assert 'action="/guide/refresh/"' in page
    assert "csrfmiddlewaretoken" in page
    assert "Nothing matches “no such thing”" in admin_client.get("/find/?q=no such thing").content.decode()


@pytest.mark.django_db
def test_queries_do_not_grow() -> None:
    counts = []
    for size in (1, 30):
        group = make_group(f"News {size}")
        for place in range(size):
            make_channel(f"News {place}", str(place), group=group)
            Account.objects.create(name=f"News {size} {place}", server_url="http://x.example/")
        with CaptureQueriesContext(connection) as queries:
            assert find_entries("news", is_admin=True, recent=["channel:1", "group:1", "account:1"])
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 8
