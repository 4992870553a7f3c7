"""A channel made by hand: every choice of 10 §7.1 takes effect."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.models import Channel, ChannelProfile, ProfileMembership
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_user("alice"))
    return client


@pytest.fixture
def profiles() -> Iterator[dict[str, ChannelProfile]]:
    yield {name: ChannelProfile.objects.create(name=name) for name in ("Adults", "Kids", "Lounge")}
    save_settings(default_channel_profile_ids=(), normalize_on_channel_create=False)


def enabled_in() -> list[str]:
    return list(ProfileMembership.objects.order_by("profile__name").values_list("profile__name", flat=True))


def page(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_chosen_profiles_are_joined_and_no_other(browser: Client, profiles: dict[str, ChannelProfile]) -> None:  # 25.4 #54
    browser.post("/channels/create/", {"name": "CNN", "profiles": str(profiles["Kids"].pk)})
    assert enabled_in() == ["Kids"]
    batch = JournalEntry.objects.exclude(batch_id="").values_list("batch_id", flat=True)[0]
    undo_batch(batch)
    assert not Channel.objects.exists()


def test_without_a_choice_the_default_profiles_are_joined(browser: Client, profiles: dict[str, ChannelProfile]) -> None:
    save_settings(default_channel_profile_ids=(str(profiles["Adults"].pk), str(profiles["Lounge"].pk)))
    shown = page(browser.get("/channels/create/"))
    assert f'value="{profiles["Adults"].pk}" checked' in shown
    assert f'value="{profiles["Kids"].pk}" checked' not in shown
    assert "the profiles for new channels, Adults, Lounge" in shown
    browser.post("/channels/create/", {"name": "CNN"})
    assert enabled_in() == ["Adults", "Lounge"]


def test_a_profile_that_is_gone_is_refused_and_nothing_made(browser: Client) -> None:
    answer = browser.post("/channels/create/", {"name": "CNN", "group": "New", "profiles": "404"})
    assert answer.status_code == 422
    assert "no longer exists" in page(answer)
    assert not Channel.objects.exists()
    assert not JournalEntry.objects.exists()


def test_the_name_is_normalized_when_asked(browser: Client, profiles: dict[str, ChannelProfile]) -> None:
    browser.post("/channels/create/", {"name": "News 1080p (ENGLISH)", "normalize": "on"})
    browser.post("/channels/create/", {"name": "News 1080p (ENGLISH)"})
    browser.post("/channels/create/", {"name": "HD", "normalize": "on"})  # nothing would be left: it stays
    assert list(Channel.objects.order_by("pk").values_list("name", flat=True)) == ["News", "News 1080p (ENGLISH)", "HD"]
    assert 'name="normalize" id="id_normalize" checked' not in page(browser.get("/channels/create/"))
    save_settings(normalize_on_channel_create=True)
    shown = page(browser.get("/channels/create/"))
    assert "checked" in shown.split('name="normalize"')[1].split(">")[0]
