"""How the network tuner presents itself (30 §17)."""

import hashlib
import hmac
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings

from channels_app.models import ChannelStream
from m3u_app.models import Account

PRODUCT = "ECM"
MODEL_NUMBER = "HDTC-2US"
FIRMWARE_NAME = "hdhomerun3_atsc"
FIRMWARE_VERSION = "20200101"
UNLIMITED_TUNERS = 10
STATUS = {"ScanInProgress": 0, "ScanPossible": 0, "Source": "Cable", "SourceList": ["Cable"]}

# The makers' checksum of a device id, so that clients which check it accept ours.
_CHECK_TABLE = (0xA, 0x5, 0xF, 0x6, 0x7, 0xC, 0x1, 0xB, 0x9, 0x2, 0x8, 0xD, 0x4, 0x3, 0xE, 0x0)


def device_id(profile: str = "") -> str:
    """Eight hex digits: the same for ever on this install, different for every profile (clients merge equal ids)."""
    key = settings.ECM_ENCRYPTION_KEY.encode()
    digest = hmac.new(key, b"network tuner\0" + profile.encode(), hashlib.sha256).digest()
    body = 0x1000_0000 | (int.from_bytes(digest[:4], "big") & 0x00FF_FFF0)
    return f"{body | _checksum(body):08X}"


def friendly_name(profile: str = "") -> str:
    return f"{PRODUCT} - {profile}" if profile else PRODUCT


def tuner_count() -> int:
    """How many channels can play at once: what the providers allow together (25.7 #105)."""
    limits = list(Account.objects.filter(is_active=True).values_list("max_streams", flat=True))
    if 0 in limits:
        return UNLIMITED_TUNERS
    own = ChannelStream.objects.filter(stream__is_custom=True, channel__is_hidden=False).values("stream").distinct().count()
    return max(1, sum(limits) + own)


def discover(base: str, profile: str = "") -> dict[str, Any]:
    """What a client reads first. ``base`` is the address of the tuner, ending in ``/hdhr``."""
    return {
        "FriendlyName": friendly_name(profile),
        "Manufacturer": PRODUCT,
        "ModelNumber": MODEL_NUMBER,
        "FirmwareName": FIRMWARE_NAME,
        "FirmwareVersion": FIRMWARE_VERSION,
        "DeviceID": device_id(profile),
        "DeviceAuth": "ecm",
        "BaseURL": base,
        "LineupURL": f"{base}/lineup.json",
        "TunerCount": tuner_count(),
    }


def device_xml(base: str, profile: str = "") -> str:
    """The same in the form of a UPnP device description."""
    number = device_id(profile)
    name = escape(friendly_name(profile))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<root xmlns="urn:schemas-upnp-org:device-1-0">\n'
        f"  <URLBase>{escape(base)}</URLBase>\n"
        "  <specVersion><major>1</major><minor>0</minor></specVersion>\n"
        "  <device>\n"
        "    <deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>\n"
        f"    <friendlyName>{name}</friendlyName>\n"
        f"    <manufacturer>{PRODUCT}</manufacturer>\n"
        f"    <modelName>{MODEL_NUMBER}</modelName>\n"
        f"    <modelNumber>{MODEL_NUMBER}</modelNumber>\n"
        f"    <serialNumber>{number}</serialNumber>\n"
        f"    <UDN>uuid:{_uuid(number)}</UDN>\n"
        "  </device>\n"
        "</root>\n"
    )


def has_valid_checksum(number: str) -> bool:
    """Whether clients that check device ids accept ``number``."""
    return _checksum(int(number, 16) & ~0xF) == int(number, 16) & 0xF


def _checksum(body: int) -> int:
    """The last digit that makes the digits before it a valid id."""
    check = 0
    for place, shift in enumerate(range(28, 0, -4)):
        digit = (body >> shift) & 0xF
        check ^= digit if place % 2 else _CHECK_TABLE[digit]
    return check


def _uuid(number: str) -> str:
    digest = hashlib.sha256(f"ecm tuner {number}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
