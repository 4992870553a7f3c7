"""Moving, numbering and bulk creation in edit mode: each is one step of the draft, previews make none, the lineup waits."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from channels_app.drafts.lives import discard, open_draft
from channels_app.drafts.switching import working_in
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Draft, DraftStep, ProfileMembership
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_channels, make_group, make_streams, numbers_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def setting() -> Any:
    user = get_user_model().objects.create_user("op", password="x")
    page = Client()
    page.force_login(user)
    news, sports = make_group("News"), make_group("Sports")
    channels = make_channels(news, B="10", A="11") | make_channels(sports, C="20")
    channels["Loose"] = make_channel("Loose", "900")
    streams = make_streams(["Fox", "Zeta"])
    profile = ChannelProfile.objects.create(name="Kids")
    draft = open_draft(user)
    yield {"page": page, "draft": draft, "news": news, "sports": sports, "streams": streams, "profile": profile, **channels}
    discard(draft)


def steps(draft: Draft) -> int:
    with working_in(draft):
        return DraftStep.objects.count()


def test_every_dialog_is_one_step_and_its_preview_is_none(setting: dict[str, Any]) -> None:
    page, draft, news, sports = (setting[name] for name in ("page", "draft", "news", "sports"))
    stored = lineup_state()
    group = setting["streams"][0].group
    deeds = [
        (f"groups/{news.pk}/sort/", {"start": "1", "update_names": "on"}),
        ("renumber-all/", {"start": "100"}),
        ("groups/reorder/", {"group": sports.pk, "before": news.pk, "numbers": "suggested"}),
        ("move/", {"channel": setting["Loose"].pk, "group": sports.pk, "numbers": "suggested", "numbers_default": "keep"}),
        ("move-to-new-group/", {"channel": setting["A"].pk, "name": "Fresh"}),
        ("renumber/", {"channel": setting["C"].pk, "start": "500", "push_others": "on"}),
        ("delete/", {"channel": setting["B"].pk, "delete_groups": "1"}),
    ]
    for count, (path, values) in enumerate(deeds, 1):
        page.post(f"/channels/{path}", values)
        assert steps(draft) == count - 1, f"the preview of {path} made a step"
        page.post(f"/channels/{path}", {**values, "confirmed": "1"})
        assert steps(draft) == count, f"{path} made no step, or several"
    values = {"stream_group": group.pk, "mode": "combine", "start": "600", "profiles": setting["profile"].pk}
    choices = {"existing": "add", "timezone": "both", "country": "leave", "country_separator": "|", "prefix_order": "number"}
    more = {**choices, "number_separator": "-", "stream_order": "quality", "step": "preview", "across_groups": "1"}
    shown = page.post("/channels/bulk-create/", {**values, **more}, HTTP_HX_REQUEST="true").content.decode()
    fingerprint = shown.split('name="fingerprint" value="')[1].split('"')[0]
    page.post("/channels/bulk-create/", {**values, **more, "create": "1", "fingerprint": fingerprint})
    assert steps(draft) == len(deeds) + 1
    assert lineup_state() == stored  # nothing of it has reached the lineup
    assert not ProfileMembership.objects.exists()
    with working_in(draft):
        named = list(DraftStep.objects.order_by("pk").values_list("description", flat=True))
        assert named[-1] == "Created 2 channels from 2 streams", named
        assert set(ChannelGroup.objects.values_list("name", flat=True)) == {"Sports", "Fresh"}
        made = Channel.objects.filter(number__gte=600).order_by("number")
        assert list(made.values_list("name", flat=True)) == ["Fox", "Zeta"]
        assert ProfileMembership.objects.filter(channel__in=made).count() == 2
        assert "Loose" in numbers_of(ChannelGroup.objects.get(name="Sports"))


def test_what_is_refused_leaves_no_step(setting: dict[str, Any]) -> None:
    page, draft, news = setting["page"], setting["draft"], setting["news"]
    page.post(f"/channels/groups/{news.pk}/sort/", {"start": "0", "confirmed": "1"})
    page.post("/channels/move-to-new-group/", {"channel": setting["A"].pk, "name": "", "confirmed": "1"})
    page.post("/channels/reorder/", {"group": news.pk, "channel": setting["C"].pk})
    page.post("/channels/create/", {"name": "X", "group": "New", "profiles": "404"})
    refused = page.post("/channels/move/", {"channel": setting["A"].pk, "group": "abc", "confirmed": "1"})
    assert refused.status_code == 422  # a group that cannot be read is not Uncategorized
    assert steps(draft) == 0
    with working_in(draft):
        assert not ChannelGroup.objects.filter(name="New").exists()
