"""Playlists as they are found in the wild. Runs only where a folder with some lies beside the project; it needs none."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from m3u_app.models import Stream
from m3u_app.refresh_account import RefreshFailed
from m3u_app.tests.refreshing import FileAccount, assert_adds_up

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data"
PLAYLISTS = sorted([*FOLDER.glob("playlists/*.m3u*"), *FOLDER.glob("churn/*.m3u*")])
pytestmark = pytest.mark.skipif(not PLAYLISTS, reason="no real playlists here")


@pytest.mark.parametrize("path", PLAYLISTS, ids=lambda path: path.name)
def test_a_real_playlist_is_read_to_the_last_entry(file_account: Callable[..., FileAccount], path: Path) -> None:
    account = file_account()
    data = path.read_bytes()
    entries = len(re.findall(rb"(?mi)^[ \t\xef\xbb\xbf]*#EXTINF:", data))
    if b"pipe://" in data:  # nothing but commands, which no player could be given
        with pytest.raises(RefreshFailed, match="No streams found"):
            account.refresh(data)
        return
    report = account.refresh(data)
    assert_adds_up(report)
    assert report.entries == entries
    assert report.streams_total == Stream.objects.count()
    assert report.streams_total > 0.85 * (entries - report.bad)
    assert not Stream.objects.filter(name="").exists()
    again = account.refresh()
    assert_adds_up(again)
    assert (again.unchanged, again.created, again.updated) == (report.streams_total, 0, 0)


@pytest.mark.parametrize(
    ("before", "after"), [("freetv_2026-07-07.m3u8", "freetv_playlist.m3u8"), ("iptv-org_us_2026-08-15.m3u", "iptv-org_us.m3u")]
)
def test_real_churn_keeps_what_stayed(acme: FileAccount, before: str, after: str) -> None:
    acme.refresh((FOLDER / "churn" / before).read_bytes())
    rows = dict(Stream.objects.values_list("url", "pk"))
    report = acme.refresh((FOLDER / "playlists" / after).read_bytes())
    assert_adds_up(report)
    now = dict(Stream.objects.filter(is_stale=False).values_list("url", "pk"))
    stayed = rows.keys() & now.keys()
    assert stayed
    assert all(rows[url] == now[url] for url in stayed)
    # What only got another address kept its row.
    assert report.created + report.reconnected == len(now.keys() - rows.keys())
    assert report.stale + report.reconnected == len(rows.keys() - now.keys())


@pytest.mark.parametrize(
    ("before", "after"),
    [("plex_us_2026-08-15.m3u", "churn/plex_us_2026-08-21.m3u"), ("plex_us_2026-08-21.m3u", "playlists/plex_us.m3u")],
)
def test_a_list_whose_every_address_carries_a_new_token_keeps_its_rows(acme: FileAccount, before: str, after: str) -> None:
    acme.refresh((FOLDER / "churn" / before).read_bytes())
    rows = set(Stream.objects.values_list("pk", flat=True))
    report = acme.refresh((FOLDER / after).read_bytes())
    assert report.created <= 1
    assert len(rows & set(Stream.objects.filter(is_stale=False).values_list("pk", flat=True))) >= len(rows) - 1
