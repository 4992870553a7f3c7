"""An HDHomeRun is asked for itself and its channels (20 §1.7, §25.2 #50)."""

from typing import Any

import pytest

from m3u_app.entries import Entry
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import Connection
from m3u_app.providers.hdhomerun.device import AddressUnusable, normalise_address
from m3u_app.providers.hdhomerun.provider import check_hdhomerun
from m3u_app.providers.registry import ProviderError, TestReport, provider_for
from m3u_app.tests.fake_servers import FakeTuner, json_answer, serving, text_answer
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db

CHANNELS = [
    {
        "GuideNumber": "2.1",
        "GuideName": "WCBS",
        "VideoCodec": "MPEG2",
        "AudioCodec": "AC3",
        "HD": 1,
        "URL": "http://t:5004/auto/v2.1",
    },
    {"GuideNumber": "4.1", "GuideName": "WNBC", "DRM": 1, "URL": "http://t:5004/auto/v4.1"},
    {"GuideNumber": "7.1", "GuideName": "WABC", "Favorite": 1, "URL": "http://t:5004/auto/v7.1"},
]


def account_of(tuner: FakeTuner, **values: Any) -> Account:
    return Account(**{"name": "Attic", "account_type": AccountType.HDHOMERUN, "server_url": tuner.address} | values)


def fetched(account: Account) -> tuple[list[Entry], Any]:
    with provider_for("HDHR").fetch(account, NoProgress()) as source:
        entries = [entry for batch in source.batches(b"") for _, raw in batch if (entry := source.parse(raw))]
        return entries, source


def tried(account: Account) -> TestReport:
    return provider_for("HDHR").test(account)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.168.1.20", "http://192.168.1.20"),
        (" hdhomerun.local ", "http://hdhomerun.local"),
        ("http://192.168.1.20/lineup.m3u", "http://192.168.1.20"),
        ("http://box:9191/hdhr/discover.json", "http://box:9191/hdhr"),
        ("https://box/hdhr/", "https://box/hdhr"),
    ],
)
def test_an_address_is_reduced_to_where_the_device_answers(typed: str, address: str) -> None:
    assert normalise_address(typed) == address


@pytest.mark.parametrize("typed", ["", "ftp://box", "http://box:notaport", "http://"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(AddressUnusable):
        normalise_address(typed)
    assert "server_url" in check_hdhomerun(Connection(server_url=typed))


def test_channels_are_mapped_and_protected_ones_are_counted() -> None:
    with serving(FakeTuner(lineup=CHANNELS)) as tuner:
        entries, source = fetched(account_of(tuner))
    assert entries == [
        Entry(
            name="WCBS",
            url="http://t:5004/auto/v2.1",
            group="HDHomeRun FLEX",
            identity_key="10AB34CD:2.1",
            stream_chno="2.1",
            provider_stream_id="2.1",
            extras={"hdhomerun": {"VideoCodec": "MPEG2", "AudioCodec": "AC3", "HD": "1"}},
        ),
        Entry(
            name="WABC",
            url="http://t:5004/auto/v7.1",
            group="HDHomeRun FLEX",
            identity_key="10AB34CD:7.1",
            stream_chno="7.1",
            provider_stream_id="7.1",
        ),
    ]
    assert source.report.dropped == {"protected": 1}  # 20 §25.2 #50
    assert source.account_changes["provider_info"]["protected_channels"] == 1


def test_favorites_get_a_group_of_their_own_when_asked() -> None:
    with serving(FakeTuner(lineup=CHANNELS)) as tuner:
        entries, _ = fetched(account_of(tuner, favorites_group=True))
    assert [entry.group for entry in entries] == ["HDHomeRun FLEX", "Favorites"]


def test_the_number_of_tuners_becomes_the_limit_of_a_new_account_only() -> None:
    from django.utils import timezone

    with serving(FakeTuner(lineup=CHANNELS, tuners=3)) as tuner:
        _, first = fetched(account_of(tuner))
        _, later = fetched(account_of(tuner, updated_at=timezone.now()))
        _, typed = fetched(account_of(tuner, max_streams=1))
    assert first.account_changes["max_streams"] == 3
    assert "max_streams" not in later.account_changes  # 0 typed in later means unlimited
    assert "max_streams" not in typed.account_changes


def test_the_devices_secret_is_not_kept() -> None:
    with serving(FakeTuner(lineup=CHANNELS)) as tuner:
        _, source = fetched(account_of(tuner))
        report = tried(account_of(tuner))
    assert "tuner-device-auth-secret" not in repr(source.account_changes)
    assert "tuner-device-auth-secret" not in repr(report)


def test_a_device_cannot_send_us_elsewhere() -> None:
    discovered = json_answer({"FriendlyName": "Evil", "LineupURL": "http://169.254.169.254/lineup.json"})
    with serving(FakeTuner(lineup=CHANNELS, overrides={"/discover.json": discovered})) as tuner:
        entries, _ = fetched(account_of(tuner))
    assert [entry.name for entry in entries] == ["WCBS", "WABC"]
    assert "/lineup.json" in tuner.requests


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"ScanInProgress": 1, "Progress": 35, "Found": 12}, "scanning.*35 %.*12 found"),
        ({"ScanInProgress": 0, "ScanPossible": 0}, "cannot scan"),
        ({"ScanInProgress": 0, "ScanPossible": 1, "Source": "Cable", "SourceList": ["Antenna", "Cable"]}, "Cable.*Antenna"),
        ({}, "Run a channel scan"),
        (["odd"], "Run a channel scan"),
    ],
)
def test_an_empty_channel_list_is_explained(status: Any, words: str) -> None:
    with serving(FakeTuner(lineup=[], lineup_status=status)) as tuner:
        with pytest.raises(ProviderError, match=words):
            fetched(account_of(tuner))
        report = tried(account_of(tuner))
    assert not report.ok
    assert report.message


def test_odd_channels_cost_just_themselves() -> None:
    lineup = [
        {"GuideNumber": 5, "GuideName": None, "URL": "http://t/5"},
        {"GuideName": "no number", "URL": "http://t/6"},
        {"GuideNumber": "8", "GuideName": "bad url", "URL": "javascript:alert(1)"},
        {"GuideNumber": "9", "GuideName": "long url", "URL": "http://t/" + "x" * 5000},
        "not an object",
        {"GuideNumber": "10", "GuideName": "x" * 900, "URL": "http://t/10", "DRM": "None"},
    ]
    with serving(FakeTuner(lineup=lineup)) as tuner:
        entries, source = fetched(account_of(tuner))
    assert [(entry.name[:20], entry.identity_key) for entry in entries] == [
        ("Channel 5", "10AB34CD:5"),
        ("x" * 20, "10AB34CD:10"),
    ]
    assert len(entries[1].name) == 512
    assert source.report.dropped == {"no_id": 1, "bad_url": 1, "long_url": 1}


PLAYLIST = """#EXTM3U
#EXTINF:-1 channel-id="4.1" channel-number="4.1" tvg-name="WNBC-HD" group-title="Favorites;HD",4.1 WNBC-HD
http://t:5004/auto/v4.1
#EXTINF:-1 channel-id="5.1" channel-number="5.1" tvg-name="WNYW",5.1 WNYW
http://t:5004/auto/v5.1
"""


def test_without_a_json_list_the_playlist_is_read_with_the_same_identity() -> None:
    overrides = {
        "/lineup.json": text_answer("gone", status=404),
        "/lineup.m3u": text_answer(PLAYLIST, content_type="audio/x-mpegurl"),
    }
    with serving(FakeTuner(overrides=overrides)) as tuner:
        account = account_of(tuner, favorites_group=True)
        account.pk = 4711
        entries, source = fetched(account)
        report = tried(account)
    assert [(entry.name, entry.group, entry.identity_key, entry.stream_chno) for entry in entries] == [
        ("WNBC-HD", "Favorites", "10AB34CD:4.1", "4.1"),
        ("WNYW", "HDHomeRun FLEX", "10AB34CD:5.1", "5.1"),
    ]
    assert source.account_changes["provider_info"]["tuners"] == 4
    assert report.ok


def test_a_device_without_discovery_still_gives_its_channels() -> None:
    with serving(FakeTuner(lineup=CHANNELS, overrides={"/discover.json": text_answer("no", status=404)})) as tuner:
        entries, source = fetched(account_of(tuner))
    assert [entry.group for entry in entries] == ["HDHomeRun", "HDHomeRun"]
    assert "max_streams" not in source.account_changes


def test_a_device_that_is_off_is_told_in_words() -> None:
    with serving(FakeTuner()) as tuner:
        address = tuner.address
    with pytest.raises(ProviderError, match="could not be reached"):
        fetched(account_of(tuner, server_url=address))


def test_trying_tells_what_the_device_is() -> None:
    with serving(FakeTuner(lineup=CHANNELS)) as tuner:
        report = tried(account_of(tuner))
    facts = dict(report.facts)
    assert report.ok
    assert facts["Device"] == "HDHomeRun FLEX (HDFX-4K)"
    assert facts["Tuners"] == "4"
    assert facts["Channels"] == "2 and 1 protected"
