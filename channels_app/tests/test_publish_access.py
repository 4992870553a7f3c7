"""Who may fetch the lineup (30 §16.4)."""

import ipaddress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from channels_app.models import OutputToken
from channels_app.publishing import access
from channels_app.publishing.output_tokens import UnknownToken, create_token, is_valid, revoke_token
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from channels_app.tests.publish_fixtures import Published, change, published
from tasks_app.models import JournalEntry

__all__ = ["published"]

OUTSIDE = {"REMOTE_ADDR": "203.0.113.9"}
TUNER = ["discover.json", "lineup.json", "lineup_status.json", "device.xml", "lineup.m3u", "lineup.xml"]
ADDRESSES = ["/output/m3u", "/output/epg", "/output/epg.xml.gz", *(f"/hdhr/{document}" for document in TUNER)]


@pytest.fixture
def lineup(published: Published) -> Published:
    make_channel("Alpha", "1", streams=make_streams(["A"]))
    published.publish()
    return published


def status(client: Client, address: str = "/output/m3u", **options: Any) -> int:
    return client.get(address, **options).status_code


@pytest.mark.parametrize(
    ("client_address", "expected"),
    [
        ("127.0.0.1", 200), ("192.168.1.20", 200), ("10.0.0.1", 200), ("172.31.0.1", 200), ("169.254.1.1", 200), ("::1", 200),
        ("fd12::1", 200), ("fe80::1", 200), ("::ffff:192.168.1.20", 200), ("", 200),
        ("203.0.113.9", 403), ("172.32.0.1", 403), ("100.64.0.1", 403), ("2001:db8::1", 403), ("::ffff:8.8.8.8", 403),
    ],
)  # fmt: skip
def test_lan_means_private_addresses(lineup: Published, client_address: str, expected: int) -> None:
    assert status(lineup.client, REMOTE_ADDR=client_address) == expected


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_same_rule_holds_for_every_address(lineup: Published, address: str) -> None:
    refused = lineup.get(address, **OUTSIDE)
    assert refused.status_code == 403
    assert b"only devices in the local network" in refused.content
    assert b"Alpha" not in refused.content
    assert status(lineup.client, address) == 200


def test_the_stream_address_obeys_it_too(lineup: Published) -> None:
    from channels_app.models import Channel

    address = f"/stream/{Channel.objects.get().uuid}"
    assert status(lineup.client, address, **OUTSIDE) == 403
    assert status(lineup.client, f"{address}/archive", **OUTSIDE) == 403
    assert lineup.client.post("/hdhr/lineup.post?scan=start", **OUTSIDE).status_code == 403
    assert status(lineup.client, address) == 302


def test_forwarded_addresses_are_believed_from_trusted_proxies_only(lineup: Published, settings: Any) -> None:
    from_outside = {"REMOTE_ADDR": "192.168.1.2", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    pretending = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "192.168.1.7"}
    assert status(lineup.client, **pretending) == 403
    assert status(lineup.client, **from_outside) == 403  # a proxy nobody named must not make strangers look local
    assert status(lineup.client, REMOTE_ADDR="192.168.1.2", HTTP_X_FORWARDED_FOR="nonsense") == 403
    assert status(lineup.client, REMOTE_ADDR="192.168.1.2", HTTP_X_FORWARDED_FOR="192.168.1.7") == 200
    settings.ECM_TRUSTED_PROXIES = [ipaddress.ip_network("192.168.1.2/32")]
    assert status(lineup.client, **from_outside) == 403
    assert status(lineup.client, REMOTE_ADDR="192.168.1.2", HTTP_X_FORWARDED_FOR="8.8.8.8, 192.168.1.7") == 200
    assert status(lineup.client, **pretending) == 403


def test_open_lets_everybody_in(lineup: Published) -> None:
    change(output_access="open")
    assert status(lineup.client, **OUTSIDE) == 200


def test_a_token_opens_by_query_and_by_path_and_stays_in_the_links(lineup: Published) -> None:
    change(output_access="token")
    _token, text = create_token("Kodi")
    assert status(lineup.client) == 403  # also in the local network
    assert status(lineup.client, "/output/m3u?token=wrong-token-wrong-token", **OUTSIDE) == 403
    assert status(lineup.client, "/t/wrong-token-wrong-token/output/m3u", **OUTSIDE) == 403
    for address in (f"/output/m3u?token={text}", f"/t/{text}/output/m3u"):
        lines = lineup.text(address, **OUTSIDE).splitlines()
        assert f'url-tvg="http://testserver/t/{text}/output/epg"' in lines[0]
        assert lines[2].startswith(f"http://testserver/t/{text}/stream/")
        assert status(lineup.client, lines[2].removeprefix("http://testserver"), **OUTSIDE) == 302
    discover = lineup.get(f"/t/{text}/hdhr/discover.json", **OUTSIDE).json()
    assert discover["LineupURL"] == f"http://testserver/t/{text}/hdhr/lineup.json"
    assert lineup.get(f"/t/{text}/hdhr/lineup.json", **OUTSIDE).status_code == 200


def test_a_revoked_token_is_refused_at_once(lineup: Published) -> None:
    change(output_access="token")
    token, text = create_token("Kodi")
    assert status(lineup.client, f"/t/{text}/output/epg") == 200
    revoke_token(token.pk)
    assert status(lineup.client, f"/t/{text}/output/epg") == 403
    with pytest.raises(UnknownToken):
        revoke_token(token.pk)


def test_an_unknown_token_is_not_echoed(lineup: Published) -> None:
    assert "made-up-token-made-up" not in lineup.text("/t/made-up-token-made-up/output/m3u")


def test_only_hashes_are_kept_and_the_journal_knows_no_token(lineup: Published) -> None:
    token, text = create_token("  Kodi,\n living room ")
    assert token.label == "Kodi, living room"
    assert text not in str(list(OutputToken.objects.values()))
    entries = str(list(JournalEntry.objects.values()))
    assert text not in entries
    assert token.token_hash not in entries
    assert "Kodi, living room" in entries
    with pytest.raises(ValueError, match="Give the token a name"):
        create_token(" ")


def test_the_last_use_of_a_token_is_noted_every_few_minutes(lineup: Published) -> None:
    token, text = create_token("Kodi")
    assert is_valid(text)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    assert is_valid(text)
    token.refresh_from_db()
    assert token.last_used_at == first
    OutputToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=6))
    assert is_valid(text)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first
    assert not is_valid("")
    assert not is_valid("x" * 5000)


def test_an_operator_may_always_look(lineup: Published) -> None:
    change(output_access="token")
    lineup.client.force_login(User.objects.create_user("alice"))
    assert status(lineup.client, **OUTSIDE) == 200


def denials() -> list[str]:
    found = JournalEntry.objects.filter(category="output", action_type="denied").order_by("id")
    return list(found.values_list("entity_name", flat=True))


def test_a_refusal_is_journalled_once_per_client_and_hour(lineup: Published) -> None:
    for _ in range(3):
        status(lineup.client, **OUTSIDE)
    status(lineup.client, REMOTE_ADDR="198.51.100.4")
    assert denials() == ["203.0.113.9", "198.51.100.4"]
    cache.clear()  # another process
    status(lineup.client, **OUTSIDE)
    assert len(denials()) == 2
    JournalEntry.objects.update(timestamp=timezone.now() - timedelta(minutes=61))
    cache.clear()
    status(lineup.client, **OUTSIDE)
    assert denials()[-1] == "203.0.113.9"
    assert len(denials()) == 3


def test_a_scan_does_not_bury_the_journal(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "DENIED_PER_HOUR", 5)
    for number in range(20):
        status(lineup.client, REMOTE_ADDR=f"203.0.113.{number}")
    assert len(denials()) == 5


def test_downloads_are_logged_once_per_client_every_few_seconds(lineup: Published, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for _ in range(3):
        lineup.get("/output/m3u")
        lineup.get("/output/epg")
    lineup.get("/output/m3u", REMOTE_ADDR="192.168.1.9")
    logged = [record.getMessage() for record in caplog.records if "fetched" in record.getMessage()]
    assert logged == [
        "[PUBLISH] 127.0.0.1 fetched the playlist",
        "[PUBLISH] 127.0.0.1 fetched the guide",
        "[PUBLISH] 192.168.1.9 fetched the playlist",
    ]


def test_a_feed_costs_no_query_in_the_local_network(lineup: Published, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        for address in ("/output/m3u", "/output/epg", "/hdhr/lineup.json"):
            assert status(lineup.client, address) == 200
