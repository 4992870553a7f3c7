"""Helpers of the publishing tests."""

import gzip
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from lxml import etree

from channels_app.publishing.publish_lineup import PublishReport, publish_lineup
from ecm_site import conf
from epg_app.models import GuideEntry, Programme
from tasks_app.progress import NoProgress


@pytest.fixture
def published(db: None, tmp_path: Any, settings: Any, client: Client) -> "Published":
    """A place of its own to publish into, with the settings at their defaults, and a player in the local network."""
    settings.CONFIG_DIR = tmp_path / "data"
    settings.PUBLISH_DIR = tmp_path / "published"
    (tmp_path / "data").mkdir()
    cache.clear()
    return Published(client)


class Published:
    """Publishes and fetches."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def publish(self) -> PublishReport:
        return publish_lineup(progress=NoProgress())

    def get(self, address: str, **options: Any) -> Any:
        return self.client.get(address, **options)

    def text(self, address: str, **options: Any) -> str:
        answer = self.get(address, **options)
        assert answer.status_code == 200, body(answer)
        return body(answer).decode()

    def lines(self, address: str = "/output/m3u") -> list[str]:
        return self.text(address).splitlines()

    def infos(self, address: str = "/output/m3u") -> list[str]:
        return [line for line in self.lines(address) if line.startswith("#EXTINF")]

    def guide(self, address: str = "/output/epg") -> Any:
        return etree.fromstring(self.text(address).encode(), etree.XMLParser(load_dtd=False, resolve_entities=False))

    def titles(self, address: str = "/output/epg", channel: str | None = None) -> list[str]:
        found = self.guide(address).findall("programme")
        return [one.findtext("title") for one in found if channel is None or one.get("channel") == channel]


def body(answer: Any) -> bytes:
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return gzip.decompress(data) if answer.headers.get("Content-Encoding") == "gzip" else data


def change(**values: Any) -> None:
    conf.save_settings(**values)


def add_programme(
    entry: GuideEntry, title: str, *, begins: float, hours: float = 1, now: datetime | None = None, **values: Any
) -> Programme:
    """A programme that begins ``begins`` hours from now."""
    start = (now or timezone.now()).replace(microsecond=0) + timedelta(hours=begins)
    return Programme.objects.create(entry=entry, start=start, stop=start + timedelta(hours=hours), title=title, **values)


def attribute(line: str, name: str) -> str | None:
    found = re.search(rf' {re.escape(name)}="([^"]*)"', line)
    return found[1] if found else None
