"""Normalizing, merging and Gracenote ids in edit mode: staged as one step each, gone with the draft (10 §13.2, §15.3)."""

from typing import Any

import pytest
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.drafts.switching import working_in
from channels_app.models import Channel, ChannelProfile, Draft, DraftStep, ProfileMembership
from channels_app.tests.draft_fixtures import stored_rows
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def before_draft() -> None:
    one, two, three = make_streams(["1", "2", "3"])
    group = make_group("News")
    entry = make_entry("cnn.us")
    type(entry).objects.filter(pk=entry.pk).update(station_id="58646")
    make_channel("CNN", "1", group=group, streams=[one], tvg_id="cnn.us")
    source = make_channel("CNN HD", "2", group=group, streams=[two, three], tvg_id="cnn.us")
    ProfileMembership.objects.create(profile=ChannelProfile.objects.create(name="Kids"), channel=source)
    make_channel("ABC RAW", "3", streams=[three])


def confirm(visitor: Client, path: str, **values: Any) -> Any:
    shown = visitor.get(path, values)
    mark = shown.context.get("mark") or ""
    return visitor.post(path, {"mark": mark, "confirmed": "1", **values}, headers={"HX-Request": "true"})


def ids_by_name(draft: Draft) -> dict[str, int]:
    with working_in(draft):
        return dict(Channel.objects.values_list("name", "pk"))


def test_each_is_one_step_of_the_draft_and_the_lineup_stays(visitor: Client, draft: Draft) -> None:
    before = stored_rows()
    ids = ids_by_name(draft)
    every = ",".join(map(str, ids.values()))
    assert confirm(visitor, "/channels/names/duplicates/").status_code == 204
    assert confirm(visitor, "/channels/names/normalize/", channel=every).status_code == 204
    assert confirm(visitor, "/channels/names/gracenote/", channel=every).status_code == 204
    with working_in(draft):
        assert set(Channel.objects.values_list("name", "gracenote_id")) == {("CNN", "58646"), ("ABC", "")}
        assert DraftStep.objects.count() == 3
    assert stored_rows() == before
    assert not JournalEntry.objects.exists()


def test_merging_into_a_new_channel_is_staged(visitor: Client, draft: Draft) -> None:
    before = stored_rows()
    ids = ids_by_name(draft)
    wanted = f"{ids['CNN']},{ids['CNN HD']}"
    form = visitor.get("/channels/names/merge/", {"channel": wanted}).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    answer = confirm(visitor, "/channels/names/merge/", channel=wanted, **values)
    assert answer.status_code == 204
    with working_in(draft):
        made = Channel.objects.get(name="CNN")
        assert made.pk not in ids.values()
        assert len(stream_ids_of(made.pk)) == 3
        assert made.memberships.count() == 1
        assert DraftStep.objects.count() == 1
    assert stored_rows() == before


def test_a_refused_merge_leaves_no_step(visitor: Client, draft: Draft) -> None:
    assert visitor.get("/channels/names/merge/", {"channel": "999,998"}).status_code == 422
    answer = confirm(visitor, "/channels/names/duplicates/", match="gracenote")
    assert answer.status_code == 422
    with working_in(draft):
        assert DraftStep.objects.count() == 0
