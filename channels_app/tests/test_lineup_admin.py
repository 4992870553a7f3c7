import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.models import Channel, OutputToken, ViewPreference
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "alice@example.org"))
    return client


@pytest.mark.parametrize("model", ["channel", "channelgroup", "channelstream", "outputtoken", "viewpreference"])
def test_every_table_can_be_looked_at(admin_browser: Client, model: str) -> None:
    channel = make_channel("CNN", "4.1", group=make_group("News"), streams=make_streams(["a"]))
    OutputToken.objects.create(label="TV", token_hash="0" * 64)
    ViewPreference.objects.create(user=User.objects.get(), screen="channels")
    page = admin_browser.get(
        f"/admin/channels_app/{model}/?q=c" if model != "outputtoken" else "/admin/channels_app/outputtoken/"
    )
    assert page.status_code == 200
    detail = admin_browser.get(f"/admin/channels_app/channel/{channel.pk}/change/")
    assert detail.status_code == 200
    assert b"0" * 64 not in page.content


def test_the_lineup_is_not_changed_past_the_journal(admin_browser: Client) -> None:
    channel = make_channel("CNN", "4.1")
    admin_browser.post(f"/admin/channels_app/channel/{channel.pk}/change/", {"name": "changed"})
    admin_browser.post(f"/admin/channels_app/channel/{channel.pk}/delete/", {"post": "yes"})
    assert admin_browser.get("/admin/channels_app/channel/add/").status_code == 403
    assert Channel.objects.get().name == "CNN"


def test_a_preference_can_be_reset(admin_browser: Client) -> None:
    preference = ViewPreference.objects.create(user=User.objects.get(), screen="channels")
    admin_browser.post(f"/admin/channels_app/viewpreference/{preference.pk}/delete/", {"post": "yes"})
    assert not ViewPreference.objects.exists()
