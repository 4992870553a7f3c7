import pytest
from django.contrib.auth.models import User
from django.db import connection

from channels_app.commands import CreateChannel, UpdateChannel
from channels_app.drafts.lives import open_draft
from channels_app.drafts.steps import record
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.edit_channels import create_channel, update_channel
from channels_app.models import Channel, DraftChange, DraftStep

pytestmark = pytest.mark.django_db(transaction=True)


def test_core():
    user = User.objects.create_user("a", password="x")
    ch = Channel.objects.create(name="One")
    draft = open_draft(user)
    with record(draft) as taken:
        update_channel(UpdateChannel(ch.pk, {"name": "Uno"}))
        made = create_channel(CreateChannel({"name": "New"}))
    assert taken.step is not None
    print(taken.step.description, taken.step.details)
    assert made.channel_ids[0] >= FIRST_TEMPORARY_ID
    assert list(Channel.objects.values_list("name", flat=True)) == ["One"]
    with working_in(draft):
        assert set(Channel.objects.values_list("name", flat=True)) == {"Uno", "New"}
        for c in DraftChange.objects.all():
            print(c.table, c.row_id, c.before, c.after)
        assert DraftStep.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM channels_app_lineuptouch")
        assert not cursor.fetchall()
        Channel.objects.update(name="X")
        cursor.execute("SELECT * FROM channels_app_lineuptouch")
        print(cursor.fetchall())
        cursor.execute("EXPLAIN QUERY PLAN SELECT 1 FROM channels_app_draft WHERE \"state\" IN ('open', 'committing')")
        print(cursor.fetchall())
