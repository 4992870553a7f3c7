"""In edit mode logos and profiles are staged like everything else; uploaded files and settings are written at once."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_app.drafts.lives import discard, open_draft
from channels_app.drafts.switching import working_in
from channels_app.logos.clean_up import mentioned_files
from channels_app.logos.store import stored_path
from channels_app.models import Channel, ChannelProfile, Draft, DraftStep, Logo, ProfileMembership, StreamProfile
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from channels_app.tests.logo_fixtures import png
from ecm_site.conf import get_settings

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HTTP_HX_REQUEST": "true"}
A = "https://logos.example/a.png"


@pytest.fixture
def draft(alice: Client) -> Any:
    (stream,) = make_streams(["s"])
    stream.logo_url = A
    stream.save()
    make_channel("Sky", "1", streams=[stream])
    ChannelProfile.objects.create(name="Kids")
    draft = open_draft(User.objects.get())
    yield draft
    discard(draft)


def steps(draft: Draft) -> list[str]:
    with working_in(draft):
        return list(DraftStep.objects.order_by("pk").values_list("description", flat=True))


def test_logos_and_their_channels_are_staged(alice: Client, draft: Draft) -> None:
    channel = Channel.objects.get()
    assert alice.post("/logos/add/", {"name": "One", "url": "https://logos.example/b.png"}, **HTMX).status_code == 204
    alice.post("/channels/logos/assign/", {"from": "stream", "channel": channel.pk, "confirmed": "1"}, **HTMX)
    assert not Logo.objects.exists()
    assert Channel.objects.get().logo_url == ""
    assert "One" in alice.get("/logos/").content.decode()
    with working_in(draft):
        assert set(Logo.objects.values_list("name", flat=True)) == {"One", "Sky"}
        assert Channel.objects.get().logo_url == A
    assert steps(draft) == ["Added the logo “One”", "Set the logo of 1 channel from the streams"]


def test_an_upload_is_stored_at_once_and_kept_while_the_draft_mentions_it(alice: Client, draft: Draft) -> None:
    alice.post("/logos/upload/", {"file": SimpleUploadedFile("a.png", png(31, 17))}, **HTMX)
    assert not Logo.objects.exists()
    with working_in(draft):
        name = Logo.objects.get().stored_name
    assert stored_path(name)
    assert name in mentioned_files()
    discard(draft)
    assert name not in mentioned_files()


def test_profiles_and_memberships_are_staged(alice: Client, draft: Draft) -> None:
    channel, kids = Channel.objects.get(), ChannelProfile.objects.get()
    values = {"channel": channel.pk, "mode": "enable", "confirmed": "1", "profile": kids.pk}
    assert alice.post("/channels/profiles/selection/", values, **HTMX).status_code == 204
    assert alice.post("/channels/profiles/add/", {"name": "News"}, **HTMX).status_code == 204
    assert alice.post("/channels/profiles/stream/add/", {"name": "Proxy"}, **HTMX).status_code == 204
    assert not ProfileMembership.objects.exists()
    assert ChannelProfile.objects.count() == 1
    assert not StreamProfile.objects.exists()
    with working_in(draft):
        assert ProfileMembership.objects.get().channel_id == channel.pk
        news = ChannelProfile.objects.get(name="News").pk
    page = alice.get(f"/channels/profiles/{news}/")
    assert page.status_code == 200  # a temporary id is an id
    assert len(steps(draft)) == 3


def test_the_setting_of_default_profiles_is_never_staged(alice: Client, draft: Draft) -> None:
    kids = ChannelProfile.objects.get()
    answer = alice.post(f"/channels/profiles/{kids.pk}/default/", {"joins": "1"}, **HTMX)
    assert answer.status_code == 204
    assert get_settings().default_channel_profile_ids == (str(kids.pk),)
    assert steps(draft) == []


def test_a_refused_form_stages_nothing(alice: Client, draft: Draft) -> None:
    assert alice.post("/logos/add/", {"name": "", "url": ""}, **HTMX).status_code == 422
    assert alice.post("/channels/profiles/add/", {"name": "kids"}, **HTMX).status_code == 422
    assert steps(draft) == []


def test_the_dialog_of_a_channel_stages_its_stream_profile_and_logo(alice: Client, draft: Draft) -> None:
    channel = Channel.objects.get()
    added = alice.post("/logos/picker/add/", {"new_logo_url": A}, **HTMX)
    assert f'data-chosen="{A}"' in added.content.decode()
    base = {"name": "Sky", "number": "1", "group": "", "logo_url": ""}
    values = {"name": "Sky", "number": "1", "group": "", "logo_url": A, "base": json.dumps(base)}
    alice.post(f"/channels/{channel.pk}/", values, **HTMX)
    assert Channel.objects.get().logo_url == ""
    with working_in(draft):
        assert Channel.objects.get().logo_url == A
