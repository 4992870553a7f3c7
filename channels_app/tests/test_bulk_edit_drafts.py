"""Bulk edits in edit mode: one step of the draft, nothing of the lineup, taken back by undo; views stay out of drafts."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from channels_app.drafts.lives import discard, open_draft
from channels_app.drafts.switching import working_in
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Draft, DraftStep, ProfileMembership, SavedView
from channels_app.tests.draft_fixtures import rows_in, stored_rows
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/channels/bulk-edit/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("op", password="x"))
    return client


@pytest.fixture
def draft(client: Client) -> Any:
    group, streams = make_group("News"), make_streams(["one"])
    make_channel("CNN", "1", group=group, streams=streams)
    make_channel("BBC", "2", group=group)
    ChannelProfile.objects.create(name="Kids")
    draft = open_draft(get_user_model().objects.get())
    yield draft
    discard(draft)


def test_a_bulk_edit_is_one_step_and_the_lineup_stays(client: Client, draft: Draft) -> None:
    before, staged_before = stored_rows(), rows_in(draft)
    kids = ChannelProfile.objects.get()
    edit = {"front": "UK ", "group": "set", "group_value": "Made here", f"profile_{kids.pk}": "on"}
    target = {"all": "1", "matching": "q=n", "confirmed_count": "1", "step": "1"}
    preview = client.post(URL, {**target, **edit}, headers=HTMX)
    assert "1 channel changes" in preview.content.decode()
    with working_in(draft):
        assert DraftStep.objects.count() == 0  # looking is no step
    pressed = re.findall(r'name="confirmed" value="([^"]+)"', preview.content.decode())[0]
    assert client.post(URL, {**target, **edit, "confirmed": pressed}, headers=HTMX).status_code == 204
    assert stored_rows() == before
    assert not JournalEntry.objects.exists()
    with working_in(draft):
        step = DraftStep.objects.get()
        made = ChannelGroup.objects.get(name="Made here")
        channel = Channel.objects.get(name="UK CNN")
        assert (channel.group_id, made.pk >= 2**40) == (made.pk, True)
        assert ProfileMembership.objects.filter(channel=channel, profile=kids).exists()
        assert "1 channel" in step.description
    # the draft is what is counted now: the group of the draft is a filter like any other
    count = client.get("/channels/matching/", {"group": made.pk}).json()["count"]
    assert count == 1
    assert client.post("/channels/draft/undo/", headers=HTMX).status_code < 400
    assert rows_in(draft) == staged_before


def test_a_preview_on_a_page_of_its_own_is_not_counted_as_a_change(client: Client, draft: Draft) -> None:
    target = {"all": "1", "matching": "", "confirmed_count": "2", "step": "1", "front": "UK "}
    page = client.post(URL, target).content.decode()
    assert "2 channels change" in page
    assert "of the lineup not applied yet" not in page
    pressed = re.findall(r'name="confirmed" value="([^"]+)"', page)[0]
    client.post(URL, {**target, "confirmed": pressed})
    assert "of the lineup not applied yet" in client.post(URL, target).content.decode()


def test_a_refused_edit_leaves_no_step(client: Client, draft: Draft) -> None:
    target = {"all": "1", "matching": "", "confirmed_count": "9", "step": "1", "confirmed": "1"}
    assert client.post(URL, {**target, "front": "x"}, headers=HTMX).status_code == 422
    assert (
        client.post(URL, {**target, "confirmed_count": "2", "find": "(", "is_pattern": "on"}, headers=HTMX).status_code == 422
    )
    with working_in(draft):
        assert DraftStep.objects.count() == 0


def test_views_are_kept_beside_the_draft(client: Client, draft: Draft) -> None:
    assert client.post("/channels/views/save/", {"name": "Mine", "query": "q=cnn"}, headers=HTMX).status_code == 204
    assert SavedView.objects.get().values == {"query": "q=cnn"}
    page = client.get("/channels/?q=cnn").content.decode()
    assert "Mine" in page
