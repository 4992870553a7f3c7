"""Fetches the tuner's documents over the network as a client would (30 §17)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from channels_app.models import OutputToken
from channels_app.publishing.output_tokens import create_hidden_token
from channels_app.publishing.tuner_identity import device_id
from channels_app.publishing.tuner_text import TUNER_ID_SOURCE
from ecm_site.conf import get_settings
from ecm_site.http import FetchError, FetchPolicy, fetch_head, get_json

POLICY = FetchPolicy(connect_timeout=5, read_timeout=15, max_bytes=64 * 1_048_576, allow_private=True, allow_own_server=True)


@dataclass(frozen=True)
class Check:
    """One document. ``detail`` says what was found, or what is wrong and what to do."""

    name: str
    passed: bool
    detail: str


class _Wrong(Exception):
    """What a client would stumble over."""


def check_tuner(base: str) -> list[Check]:
    """Fetch everything a media server fetches from ``base`` (without a token; one is made for the duration).

    Streams are not opened: that would use up a connection at a provider.
    """
    token: OutputToken | None = None
    if get_settings().output_access == "token":
        token, text = create_hidden_token(f"Tuner check {secrets.token_hex(4)}")
        base = f"{base}/t/{text}"
    try:
        steps: list[tuple[str, Callable[[str], str]]] = [
            ("discover.json", _discover),
            ("lineup_status.json", _status),
            ("lineup.json", _lineup),
            ("device.xml", _device),
            ("Guide with numbers as ids", _guide),
        ]
        return [_run(name, step, base) for name, step in steps]
    finally:
        if token is not None:
            token.delete()


def _run(name: str, step: Callable[[str], str], base: str) -> Check:
    try:
        return Check(name, True, step(base))
    except (FetchError, _Wrong) as problem:
        return Check(name, False, str(problem))


def _discover(base: str) -> str:
    found = get_json(f"{base}/hdhr/discover.json", policy=POLICY)
    if not isinstance(found, dict) or found.get("DeviceID") != device_id():
        raise _Wrong("Something else than this ECM answers at this address. Check the public address.")
    if found.get("LineupURL") != f"{base}/hdhr/lineup.json":
        raise _Wrong("The tuner names an address that differs from the one asked. Check the public address and the proxy.")
    return f"{found['FriendlyName']}, device {found['DeviceID']}, plays {found['TunerCount']} at once."


def _status(base: str) -> str:
    found = get_json(f"{base}/hdhr/lineup_status.json", policy=POLICY)
    if not isinstance(found, dict) or found.get("ScanInProgress") != 0:
        raise _Wrong("The tuner claims to be scanning.")
    return "Ready."


def _lineup(base: str) -> str:
    found = get_json(f"{base}/hdhr/lineup.json", policy=POLICY)
    if not isinstance(found, list):
        raise _Wrong("This is not a channel list.")
    if not found:
        raise _Wrong("The list is empty. A tuner offers channels that have a number and a stream.")
    numbers = [line.get("GuideNumber") for line in found if isinstance(line, dict)]
    if len(set(numbers)) != len(found):
        raise _Wrong("Channel numbers repeat.")
    if not all(str(line.get("URL", "")).startswith(f"{base}/stream/") for line in found):
        raise _Wrong("Streams are listed under another address than this one.")
    return f"{len(found):,} channels, {numbers[0]} to {numbers[-1]}."


def _device(base: str) -> str:
    data = fetch_head(f"{base}/hdhr/device.xml", policy=POLICY).data.decode("utf-8", errors="replace")
    if f"<serialNumber>{device_id()}</serialNumber>" not in data or "<UDN>uuid:" not in data:
        raise _Wrong("This is not the description of this tuner.")
    return "Describes the same device."


def _guide(base: str) -> str:
    head = fetch_head(f"{base}/output/epg.xml?tvg_id_source={TUNER_ID_SOURCE}", policy=POLICY)
    if b"<tv " not in head.data:
        raise _Wrong("This is not a guide.")
    return "Can be fetched."
