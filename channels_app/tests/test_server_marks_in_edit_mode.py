"""Edit mode works in a file of its own; what is shown of a mirrored server comes from the house all the same."""

import pytest
from django.test import Client

from channels_app.tests.commit_fixtures import make_user, new_draft
from channels_app.tests.lineup_fixtures import make_channel
from ecm_site.conf import save_settings
from tasks_app.models import LiveStatus, MirrorState, OutboxEntry

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_header_and_the_live_strip_are_there_in_edit_mode() -> None:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    make_channel("One")
    ann = make_user("ann")
    new_draft("ann")
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True})
    OutboxEntry.objects.update_or_create(kind="channel", local_id=4711, defaults={"name": "One"})
    client = Client()
    client.force_login(ann)
    page = client.get("/channels/").content.decode()
    assert 'class="db is-editing"' in page
    assert "Server: 1 change waits for delivery" in page
    assert 'id="server-live"' in page
    assert not LiveStatus.objects.exists(), "a page in edit mode writes nothing outside the draft"
