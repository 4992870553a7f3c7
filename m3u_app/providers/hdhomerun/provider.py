"""The HDHomeRun provider behind the common interface (20 §1.7)."""

import logging
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from ecm_site.http import FetchPolicy
from m3u_app.entries import EntrySource, ItemSource
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import Connection, ConnectionKind, Errors, register_connection
from m3u_app.providers.hdhomerun.device import (
    MAX_ANSWER_BYTES,
    AddressUnusable,
    Device,
    discover,
    explain_empty,
    normalise_address,
    read_lineup,
)
from m3u_app.providers.hdhomerun.mapping import channel_mapper
from m3u_app.providers.hdhomerun.playlist_fallback import TunerPlaylist
from m3u_app.providers.loose_values import flag_of
from m3u_app.providers.playlist import download_playlist
from m3u_app.providers.registry import ProviderError, TestReport, provider_for, register_provider
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10  # seconds; a device in the house answers at once or not at all
TEST_TOTAL = 40


class HdhomerunProvider:
    account_type = AccountType.HDHOMERUN.value

    def test(self, account: Account) -> TestReport:
        """Discover the device and count its channels."""
        policy = _policy(account, total_timeout=TEST_TOTAL)
        device = discover(_base(account), policy)
        lineup = read_lineup(device, policy)
        facts = _facts(device)
        if lineup is None:
            return _test_playlist(account, device, facts)
        protected = sum(flag_of(item.get("DRM")) for item in lineup)
        facts.append(("Channels", f"{len(lineup) - protected:,}" + (f" and {protected:,} protected" if protected else "")))
        if not lineup:
            return TestReport(ok=False, message=explain_empty(device, policy), facts=facts)
        return TestReport(ok=True, message="The tuner answers.", facts=facts)

    def fetch(self, account: Account, progress: Progress) -> EntrySource:
        """Discover the device and load its channel list; an empty list is an error that says why."""
        policy = _policy(account)
        progress.report(phase="Asking the tuner")
        device = discover(_base(account), policy, should_stop=progress.raise_if_cancelled)
        progress.report(phase="Reading channels")
        lineup = read_lineup(device, policy, should_stop=progress.raise_if_cancelled)
        if lineup is None:
            logger.info("[M3U] Account id=%s: no lineup.json, reading lineup.m3u", account.pk)
            return _playlist_source(account, device, progress)
        if not lineup:
            raise ProviderError(explain_empty(device, policy, should_stop=progress.raise_if_cancelled))
        return _lineup_source(account, device, lineup)


def check_hdhomerun(connection: Connection) -> Errors:
    """An IP address, host name or pasted link of the device."""
    connection.file_path = connection.username = connection.password = ""
    if not connection.server_url.strip():
        return {"server_url": "Give the IP address or name of the device, like 192.168.1.20."}
    try:
        connection.server_url = normalise_address(connection.server_url)
    except AddressUnusable as error:
        return {"server_url": str(error)}
    return {}


def _lineup_source(account: Account, device: Device, lineup: list[Mapping[str, Any]]) -> EntrySource:
    return ItemSource(
        lineup,
        channel_mapper(device, favorites_apart=account.favorites_group),
        salt="\0".join((device.device_id, device.name, str(account.favorites_group))),
        size=len(lineup),
        account_changes=_account_changes(account, device, sum(flag_of(item.get("DRM")) for item in lineup)),
    )


def _playlist_source(account: Account, device: Device, progress: Progress) -> EntrySource:
    playlist = download_playlist(account, _playlist_address(device), progress)
    return TunerPlaylist(
        playlist,
        device,
        favorites_apart=account.favorites_group,
        account_changes=_account_changes(account, device, protected=0),
    )


def _test_playlist(account: Account, device: Device, facts: list[tuple[str, str]]) -> TestReport:
    """Judge ``lineup.m3u`` as any playlist is judged, and put what the device said of itself in front."""
    stand_in = Account(
        account_type=AccountType.STANDARD,
        server_url=_playlist_address(device),
        user_agent=account.user_agent,
        allow_private_addresses=account.allow_private_addresses,
    )
    report = provider_for(AccountType.STANDARD).test(stand_in)
    return TestReport(ok=report.ok, message=report.message, facts=[*facts, *report.facts])


def _playlist_address(device: Device) -> str:
    return f"{device.base}/lineup.m3u"


def _account_changes(account: Account, device: Device, protected: int) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "provider_info": {
            "name": device.name,
            "model": device.model,
            "firmware": device.firmware,
            "device_id": device.device_id,
            "tuners": device.tuners,
            "protected_channels": protected,
            "asked_at": timezone.now().isoformat(timespec="seconds"),
        }
    }
    if device.tuners and not account.max_streams and account.updated_at is None:
        changes["max_streams"] = device.tuners  # a default for new accounts; 0 typed in later means unlimited
    return changes


def _base(account: Account) -> str:
    try:
        return normalise_address(account.server_url)
    except AddressUnusable as error:
        raise ProviderError(str(error)) from error


def _policy(account: Account, *, total_timeout: float | None = None) -> FetchPolicy:
    return FetchPolicy(
        user_agent=account.user_agent,
        allow_private=account.allow_private_addresses,
        connect_timeout=CONNECT_TIMEOUT,
        max_bytes=MAX_ANSWER_BYTES,
        total_timeout=total_timeout,
    )


def _facts(device: Device) -> list[tuple[str, str]]:
    facts = [
        ("Device", " ".join(filter(None, (device.name, f"({device.model})" if device.model else "")))),
        ("Firmware", device.firmware),
        ("Tuners", str(device.tuners) if device.tuners else ""),
    ]
    return [(label, value) for label, value in facts if value]


register_provider(HdhomerunProvider())
register_connection(
    ConnectionKind(
        account_type=AccountType.HDHOMERUN,
        label="HDHomeRun",
        badge="HDHomeRun",
        order=3,
        fields=("server_url", "favorites_group"),
        check=check_hdhomerun,
        labels={"server_url": "Device address"},
        hints={"server_url": "IP address or name of the tuner in your network."},
        placeholders={"server_url": "192.168.1.20"},
    )
)
