"""What all lists for programs have in common: a parameter that means nothing is refused (10 §24, GH #221)."""

import pytest

from channels_app.autosync.settings import SyncSettings
from channels_app.forms_auto_sync import AutoSyncForm
from channels_app.groups.hidden import hide_groups
from channels_app.tests.api_fixtures import Program
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from m3u_app.models import StreamGroup

pytestmark = pytest.mark.django_db

LISTS = [
    "/api/channels",
    "/api/streams",
    "/api/stream-groups",
    "/api/channel-groups",
    "/api/channel-groups/hidden",
    "/api/channel-groups/orphaned",
    "/api/channel-groups/auto-created",
    "/api/channel-groups/with-streams",
    "/api/channel-groups/diagnostic",
    "/api/channels/logos",
    "/api/channel-profiles",
    "/api/stream-profiles",
]


@pytest.mark.parametrize("path", LISTS)
def test_unknown_parameters_are_refused(path: str) -> None:
    program = Program()
    assert program.get(path).status_code == 200
    answer = program.get(path, group_id="1")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["group_id"])


def test_a_group_is_not_deleted_by_a_request_that_is_not_understood() -> None:
    program, group = Program(), make_group("Sports")
    for query in ("delete_channels=maybe", "with_channels=true"):
        assert program.send("DELETE", f"/api/channel-groups/{group.pk}?{query}").status_code == 422
    assert [row["name"] for row in program.get("/api/channel-groups").json()] == ["Sports"]


def test_numbers_are_numbers_everywhere() -> None:
    program, group = Program(), make_group("Sports")
    channel = make_channel("A", "4.1", group=group, auto_created=True)
    make_channel("a", "5", group=group)
    (sampled,) = program.get("/api/channel-groups/auto-created").json()["groups"][0]["sample_channels"]
    assert sampled["channel_number"] == 4.1
    found = program.send("POST", "/api/channels/find-duplicates", {}).json()["groups"][0]["channels"]
    assert {row["id"]: row["channel_number"] for row in found}[channel.pk] == 4.1


def test_hidden_groups_are_not_on_offer() -> None:
    seen, hidden, chosen = make_group("Seen"), make_group("Hidden"), make_group("Chosen")
    hide_groups([hidden.pk, chosen.pk])
    make_streams(["a"])
    form = AutoSyncForm(group=StreamGroup.objects.get(), settings=SyncSettings(group_id=chosen.pk))
    offered = [value for value, _ in form.fields["group_id"].choices if value]  # type: ignore[attr-defined]
    assert offered == [str(chosen.pk), str(seen.pk)]  # what is chosen is not taken away by looking at it


def test_bulk_edit_does_not_offer_hidden_groups() -> None:
    program, seen, hidden = Program(), make_group("SeenGroup"), make_group("HiddenGroup")
    channel = make_channel("A", "1", group=seen)
    hide_groups([hidden.pk])
    page = program.get("/channels/bulk-edit/", channel=channel.pk).content.decode()
    assert "SeenGroup" in page
    assert "HiddenGroup" not in page
