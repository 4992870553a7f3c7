"""A mirrored server whose address is gone from the settings: its pages say so at once, not with the next sync."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.models import MirrorState
from tasks_app.tests.mirror_toys import ToyServer, add_toy

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(toy_server: ToyServer) -> Client:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    MirrorState.objects.update(address="http://192.0.2.1:9191", reached_at=timezone.now())
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_a_server_without_an_address_is_not_called_reachable(visitor: Client) -> None:
    assert "Reachable." in page(visitor, "/server/")
    save_settings(dispatcharr_url="")
    html = page(visitor, "/server/")
    assert "Reachable." not in html
    assert "No address is entered for the server." in html
    assert "go back to standalone" in html


def test_what_stops_the_queue_is_said_above_it(visitor: Client) -> None:
    add_toy("Fresh")
    save_settings(dispatcharr_url="")
    assert "Nothing is sent: no address is entered for the server." in page(visitor, "/server/queue/")
    save_settings(dispatcharr_url="http://192.0.2.2:9191")
    assert "Nothing is sent: the settings name another address." in page(visitor, "/server/queue/")
