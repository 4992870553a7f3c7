"""Who is asking, behind proxies and without (50 U-9)."""

import ipaddress

import pytest
from django.test import RequestFactory

from ecm_site.client_address import client_address, client_network


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", "192.0.2.1"),
        ("10.0.0.2", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "6.6.6.6, 203.0.113.5, 10.0.0.3", "203.0.113.5"),
        ("10.0.0.2", "10.0.0.9, 10.0.0.3", "10.0.0.9"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("10.0.0.2", "6.6.6.6, nonsense, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("::ffff:10.0.0.2", "2001:db8::5", "2001:db8::5"),
        ("", "203.0.113.5", ""),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(
    settings: object, peer: str, forwarded: str, expected: str
) -> None:
    settings.ECM_TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/24")]
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers)) == expected


def test_ipv6_is_counted_by_network_and_ipv4_by_address() -> None:
    make = RequestFactory().get
    assert client_network(make("/", REMOTE_ADDR="2001:db8:1:2:3:4:5:6")) == "2001:db8:1:2::/64"
    assert client_network(make("/", REMOTE_ADDR="192.0.2.1")) == "192.0.2.1"
