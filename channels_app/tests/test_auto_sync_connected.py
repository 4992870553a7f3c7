"""While a Dispatcharr server is mirrored, it makes the channels of auto-sync; ECM's own sync rests and says so."""

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.autosync.tasks import TASK_ID, request_sync
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.release_pins import ReleasePins, release_pins
from channels_app.tests.lineup_fixtures import make_account, make_streams
from m3u_app.models import Account, StreamGroup
from tasks_app import engine
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState, RunRequest, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_streams(["BBC One", "BBC Two"], account=account)
    StreamGroup.objects.filter(account=account).update(enabled=True, auto_channel_sync=True)
    mirror_state()
    return account


@pytest.fixture
def connected(account: Account) -> Account:
    MirrorState.objects.update(connected=True)
    return account


def test_nothing_is_asked_for_while_connected(connected: Account) -> None:
    request_sync(connected.pk)
    assert not RunRequest.objects.filter(task_id=TASK_ID).exists()
    MirrorState.objects.update(connected=False)
    request_sync(connected.pk)
    assert RunRequest.objects.filter(task_id=TASK_ID).exists()


def test_a_run_makes_no_channels_and_says_who_does(connected: Account) -> None:
    run = engine.run_here(TASK_ID, {"account_ids": [connected.pk]})
    assert "Dispatcharr keeps these channels in step by itself" in run.message
    assert not Channel.objects.exists()
    MirrorState.objects.update(connected=False)
    engine.run_here(TASK_ID, {"account_ids": [connected.pk]})
    assert Channel.objects.count() == 2


def test_the_page_explains_and_offers_no_sync(connected: Account, admin_client: Client) -> None:
    address = reverse("channels:auto_sync", args=[connected.pk])
    text = admin_client.get(address).content.decode()
    assert "Dispatcharr keeps these channels in step by itself" in text
    assert "Sync now" not in text
    assert "Dispatcharr removes them at once" in text
    admin_client.post(f"{address}run/")
    assert not TaskRun.objects.filter(task_id=TASK_ID).exists()
    MirrorState.objects.update(connected=False)
    assert "Sync now" in admin_client.get(address).content.decode()


def test_what_was_set_by_hand_is_let_go_of_there(connected: Account) -> None:
    """The server keeps it as overrides: letting go of our note alone would change nothing there."""
    channel = Channel.objects.create(name="Mine", auto_created=True, pinned_fields=["name"])
    with pytest.raises(EditRefused, match="clear the override in Dispatcharr"):
        release_pins(ReleasePins((channel.pk,)))
    MirrorState.objects.update(connected=False)
    release_pins(ReleasePins((channel.pk,)))
    channel.refresh_from_db()
    assert channel.pinned_fields == []


def test_the_settings_of_a_group_say_it_too(connected: Account, admin_client: Client) -> None:
    group = StreamGroup.objects.get(account=connected)
    text = admin_client.get(reverse("channels:auto_sync_group", args=[group.pk])).content.decode()
    assert "ECM brings your settings to it" in text
    assert "worked out by ECM" in text
