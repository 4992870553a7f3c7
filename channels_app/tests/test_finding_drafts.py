"""Finding in edit mode: search, picks, Ctrl-K, what is on air and addresses know the draft of whoever asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from channels_app.channel_queries import channel_ids
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.finding.group_picker import group_choices, newest_group
from channels_app.models import Channel, ChannelGroup
from channels_app.pane_filters import ChannelFilter
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group
from epg_app.models import Programme

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def before_draft() -> None:
    make_channel("BBC One", "101", group=make_group("UK"))


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_was_made_in_the_draft_is_found_there_and_nowhere_else(user: Any, draft: Any) -> None:
    entry = make_entry("cnn.us")
    now = timezone.now()
    Programme.objects.create(entry=entry, title="Evening", start=now - timedelta(minutes=5), stop=now + timedelta(minutes=30))
    picked = ChannelFilter(groups=(ChannelGroup.objects.get().pk,), groups_until=newest_group())
    with working_in(draft):
        staged_group = make_group("Staged")
        staged = make_channel("Staged channel", "7", group=staged_group, guide_entry=entry)
        shown = {Channel.objects.get(name="BBC One").pk, staged.pk}
        assert set(channel_ids(picked)) == shown, "a group made since the pick is shown"
        assert [choice.name for choice in group_choices(picked).options if choice.chosen] == ["Staged", "UK"]
    assert staged.pk >= FIRST_TEMPORARY_ID

    page, other = signed_in(user), signed_in(get_user_model().objects.create_user("other"))
    for path, words in {
        "/find/?part=1&q=staged": f'data-key="channel:{staged.pk}"',
        f"/find/?part=1&recent=group:{staged_group.pk}": f'data-key="group:{staged_group.pk}"',
        "/channels/tree/?q=staged": "Staged channel",
        f"/channels/now/?ids={staged.pk}": "Evening",
    }.items():
        assert words in page.get(path).content.decode(), path
        assert words not in other.get(path).content.decode(), path
    assert page.get(f"/channels/{staged.pk}/address/").status_code == 200
    assert other.get(f"/channels/{staged.pk}/address/").status_code == 404
