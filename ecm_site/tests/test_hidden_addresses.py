"""Addresses that are hidden by the settings are absent from the pages, not just invisible (50 P-4)."""

from pathlib import Path

import pytest
from django.test import Client

from channels_app.models import Channel, ChannelStream
from ecm_site.conf import save_settings
from epg_app.models import GuideSource
from m3u_app.models import Account, AccountProfile, Stream

PLAYLIST = "playlist-host.example"
GUIDE = "guide-host.example"
STREAM = "stream-host.example"


@pytest.fixture(autouse=True)
def lineup(settings: object, tmp_path: Path, db: None) -> None:
    settings.CONFIG_DIR = tmp_path
    account = Account.objects.create(name="Main", server_url=f"http://{PLAYLIST}/list.m3u")
    GuideSource.objects.create(name="TV", url=f"http://{GUIDE}/guide.xml")
    AccountProfile.objects.create(
        account=account, name="Second", search_pattern="1\\.ts", replace_pattern="2.ts", is_default=False
    )
    stream = Stream.objects.create(account=account, name="One", url=f"http://{STREAM}/1.ts", stream_hash=b"1")
    ChannelStream.objects.create(channel=Channel.objects.create(name="One", number=1), stream=stream, position=0)


def pages(client: Client) -> dict[str, str]:
    """The pages and parts that show accounts, guides and streams, by address."""
    account, source = Account.objects.get(), GuideSource.objects.get()
    channel = Channel.objects.get()
    paths = [
        "/",
        "/m3u/",
        f"/m3u/{account.pk}/",
        f"/m3u/{account.pk}/profiles/",
        "/guide/",
        f"/guide/{source.pk}/",
        "/channels/",
        f"/channels/{channel.pk}/streams/",
        "/channels/?sq=one",
        f"/channels/{channel.pk}/",
        "/journal/",
        "/tasks/",
        "/settings/maintenance/",
    ]
    shown = {path: client.get(path).content.decode() for path in paths}
    preview = f"/m3u/{account.pk}/profiles/preview/"
    typed = {"name": "X", "search_pattern": "1[.]ts", "replace_pattern": "2.ts"}
    return shown | {preview: client.post(preview, typed).content.decode()}


def showing(client: Client, host: str) -> set[str]:
    return {path for path, html in pages(client).items() if host in html}


@pytest.mark.parametrize(
    ("host", "setting", "shown", "hidden"),
    [
        (PLAYLIST, "hide_m3u_urls", False, True),
        (GUIDE, "hide_epg_urls", False, True),
        (STREAM, "show_stream_urls", True, False),
    ],
)
def test_a_hidden_address_is_in_no_page(signed_in: Client, host: str, setting: str, shown: bool, hidden: bool) -> None:
    save_settings(**{setting: shown})
    visible = showing(signed_in, host)
    assert visible, "otherwise this test would prove nothing"
    if host == STREAM:
        assert len(visible) >= 3, f"of the channel, the profiles and the preview only {visible}"
    save_settings(**{setting: hidden})
    assert showing(signed_in, host) == set()
