"""Asks an HDHomeRun about itself and its channels (20 §1.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ecm_site.http import FetchError, FetchPolicy, ShouldStop, get_json
from m3u_app.providers.loose_values import count_of, flag_of, number_of, text_of, word_of
from m3u_app.providers.registry import ProviderError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_DOCUMENTS = {"discover.json", "lineup.json", "lineup.m3u", "lineup.m3u8", "lineup_status.json", "lineup.xml", "device.xml"}
_SILENT_KINDS = {"timeout", "refused", "dns", "tls", "blocked", "invalid_url", "redirect", "interrupted", "stopped"}


class AddressUnusable(ValueError):
    """What was typed is no tuner address. The message says what to type."""


@dataclass(frozen=True)
class Device:
    """What ``discover.json`` says. Everything is empty when the device has no such document."""

    base: str
    name: str = ""
    model: str = ""
    firmware: str = ""
    device_id: str = ""
    tuners: int = 0
    lineup_url: str = ""


def normalise_address(typed: str) -> str:
    """Turn an IP address, host name or pasted link into ``http://host[:port][/path]``.

    ``192.168.1.20`` becomes ``http://192.168.1.20``; the names of the device's own documents are dropped from the end.
    Raises :class:`AddressUnusable`.
    """
    text = typed.strip()
    if text and "://" not in text:
        text = f"http://{text.lstrip('/')}"
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:
        raise AddressUnusable("The port in the device address must be a number up to 65535.") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressUnusable("The device address must start with http:// or https://, or be just its IP address.")
    if not host:
        raise AddressUnusable("Give the IP address or name of the device, like 192.168.1.20.")
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments and segments[-1].lower() in _DOCUMENTS:
        segments.pop()
    return urlunsplit((parts.scheme.lower(), parts.netloc, "".join(f"/{segment}" for segment in segments), "", ""))


def discover(base: str, policy: FetchPolicy, *, should_stop: ShouldStop | None = None) -> Device:
    """Read ``discover.json``. A device that answers but has none is described by its address alone.

    Raises :class:`ProviderError` when nothing answers at all.
    """
    try:
        document = get_json(f"{base}/discover.json", policy=policy, should_stop=should_stop)
    except FetchError as error:
        if error.kind in _SILENT_KINDS:
            raise ProviderError(f"The tuner could not be reached. {error}") from error
        return Device(base)
    if not isinstance(document, Mapping):
        return Device(base)
    firmware = " ".join(filter(None, (text_of(document.get("FirmwareName")), text_of(document.get("FirmwareVersion")))))
    return Device(
        base=base,
        name=text_of(document.get("FriendlyName"))[:200],
        model=text_of(document.get("ModelNumber"))[:64],
        firmware=firmware[:100],
        device_id=word_of(document.get("DeviceID"))[:64],
        tuners=count_of(document.get("TunerCount"), most=1000),
        lineup_url=_own_address(word_of(document.get("LineupURL")), base),
    )


def read_lineup(
    device: Device, policy: FetchPolicy, *, should_stop: ShouldStop | None = None
) -> list[Mapping[str, Any]] | None:
    """Return the channel list, or None when the device offers none as JSON and ``lineup.m3u`` should be tried.

    Raises :class:`ProviderError` when the device fails in another way.
    """
    address = device.lineup_url or f"{device.base}/lineup.json"
    try:
        document = get_json(address, policy=policy, should_stop=should_stop)
    except FetchError as error:
        if error.kind == "not_json" or (error.kind == "status" and error.status in (404, 405, 406, 410, 501)):
            return None
        raise ProviderError(f"The tuner does not give its channel list. {error}") from error
    if not isinstance(document, list):
        return None
    return [item for item in document if isinstance(item, Mapping)]


def explain_empty(device: Device, policy: FetchPolicy, *, should_stop: ShouldStop | None = None) -> str:
    """Say why a device has no channels, as far as ``lineup_status.json`` tells."""
    general = "The tuner has no channels. Run a channel scan on its own page, then refresh again."
    try:
        status = get_json(f"{device.base}/lineup_status.json", policy=policy, should_stop=should_stop)
    except FetchError:
        return general
    if not isinstance(status, Mapping):
        return general
    if flag_of(status.get("ScanInProgress")):
        percent = number_of(status.get("Progress"))
        found = number_of(status.get("Found"))
        details = [f"{percent} %" if percent is not None else "", f"{found} found so far" if found is not None else ""]
        said = ", ".join(filter(None, details))
        return f"The tuner is scanning for channels now{f' ({said})' if said else ''}. Refresh again when it has finished."
    source = text_of(status.get("Source"))
    sources = status.get("SourceList")
    if "ScanPossible" in status and not flag_of(status.get("ScanPossible")):
        return "The tuner has no channels and says that it cannot scan now. Check its antenna or cable connection."
    if source:
        others = [text_of(name) for name in sources if text_of(name) not in ("", source)] if isinstance(sources, list) else []
        instead = f" or choose another source ({', '.join(others[:5])})" if others else ""
        return f"The tuner has no channels for its source “{source[:50]}”. Run a channel scan on its own page{instead}."
    return general


def _own_address(address: str, base: str) -> str:
    """The lineup address when it lies on the device that was typed in; a device may not send us elsewhere."""
    try:
        same = urlsplit(address).hostname == urlsplit(base).hostname and urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return ""
    return address if same else ""
