"""Hidden, orphaned and auto-created groups (10 §7.4; examples 97–100 of §25.7)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.channel_queries import channel_ids, matching_channels
from channels_app.commands import CreateGroup, DeleteGroups, RenameGroup
from channels_app.edit_groups import create_group, rename_group
from channels_app.errors import NotThere
from channels_app.finding.group_picker import group_choices
from channels_app.group_summaries import lineup_summary
from channels_app.groups.auto_created import auto_created_groups, clear_auto_created
from channels_app.groups.forget_hidden import forget
from channels_app.groups.hidden import hidden_group_ids, hidden_groups, hide_groups, restore_group
from channels_app.groups.orphans import delete_orphaned_groups, orphaned_groups
from channels_app.groups.overview import diagnose_groups, groups_with_streams
from channels_app.groups.remove_groups import remove_groups
from channels_app.models import Channel, ChannelGroup, HiddenGroup
from channels_app.pane_filters import ChannelFilter
from channels_app.publishing.lineup_rows import read_lineup
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_group, make_streams
from m3u_app.models import StreamGroup
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db


def synced_group(name: str = "Provider Sports") -> ChannelGroup:
    """A channel group that auto-sync fills, under the name of the provider's own group."""
    make_streams(["a"], group=name)
    StreamGroup.objects.filter(name=name).update(auto_channel_sync=True, enabled=True)
    return make_group(name)


def shown_names() -> list[str]:
    return [group.name for group in lineup_summary(ChannelFilter(show_empty=True)).groups if group.pk]


def test_97_a_hidden_record_whose_id_belongs_to_another_group_now_counts_for_nothing() -> None:
    group = make_group("My Teams")
    HiddenGroup.objects.create(group_id=group.pk, name="Old")
    assert hidden_group_ids() == set()
    assert hidden_groups() == []
    assert shown_names() == ["My Teams"]
    with pytest.raises(NotThere):
        restore_group(group.pk)
    hide_groups([group.pk])
    assert list(HiddenGroup.objects.values_list("name", flat=True)) == ["My Teams"]


def test_97_the_clean_up_drops_such_records() -> None:
    from datetime import UTC, datetime

    from tasks_app.cleanup.steps import Context
    from tasks_app.progress import NoProgress

    HiddenGroup.objects.create(group_id=77, name="Gone")
    kept = make_group("Kept")
    HiddenGroup.objects.create(group_id=kept.pk, name="Kept")
    context = Context(datetime.now(UTC), None, True, NoProgress())
    assert forget(context).deleted == 1
    assert HiddenGroup.objects.count() == 2
    assert forget(Context(datetime.now(UTC), None, False, NoProgress())).deleted == 1
    assert hidden_group_ids() == {kept.pk}


def test_98_deleting_a_linked_group_hides_it_and_restoring_brings_it_back_once() -> None:
    group = synced_group()
    make_channel("ESPN", "1", group=group)
    outcome = remove_groups(DeleteGroups((group.pk,), delete_channels=True))
    assert (outcome.hidden, outcome.deleted) == ([group.pk], [])
    assert ChannelGroup.objects.filter(pk=group.pk).exists()
    assert Channel.objects.count() == 1
    restore_group(group.pk)
    assert hidden_group_ids() == set()
    with pytest.raises(NotThere):
        restore_group(group.pk)


def test_manual_and_linked_groups_go_together_as_one_step() -> None:
    linked, manual = synced_group(), make_group("Mine")
    make_channel("CNN", "1", group=manual)
    outcome = remove_groups(DeleteGroups((linked.pk, manual.pk)))
    assert (outcome.hidden, outcome.deleted) == ([linked.pk], [manual.pk])
    assert undo_batch(outcome.batch_id).conflicts == []
    assert hidden_group_ids() == set()
    assert Channel.objects.get().group_id == manual.pk


def test_a_hidden_group_leaves_lists_pickers_counts_and_selections_but_stays_published() -> None:
    group = synced_group()
    (stream,) = make_streams(["x"])
    hidden = make_channel("Hidden one", "1", group=group, streams=[stream])
    shown = make_channel("Shown one", "2")
    hide_groups([group.pk])
    everything = ChannelFilter()
    assert shown_names() == []
    summary = lineup_summary(everything)
    assert (summary.totals and summary.totals.channels, summary.shown) == (1, 1)
    assert channel_ids(everything) == [shown.pk]
    assert list(matching_channels(ChannelFilter(text="one"))) == [shown]
    assert group_choices(everything).options == []
    assert hidden.pk in {row.id for row in read_lineup().channels}


def test_hiding_is_journalled_and_undone() -> None:
    group = synced_group()
    outcome = hide_groups([group.pk])
    undo_entry(JournalEntry.objects.get(pk=outcome.entry_id or 0))
    assert hidden_group_ids() == set()


def test_a_hidden_group_that_is_renamed_stays_hidden_and_so_after_undo() -> None:
    group = make_group("Old")
    hide_groups([group.pk])
    renamed = rename_group(RenameGroup(group.pk, "New"))
    assert hidden_group_ids() == {group.pk}
    undo_entry(JournalEntry.objects.get(pk=renamed.entry_id or 0))
    assert hidden_group_ids() == {group.pk}


def test_group_names_are_the_same_in_any_case_and_keep_how_they_were_typed() -> None:
    group, _ = create_group(CreateGroup("  Straßen ÄÖ "))
    again, outcome = create_group(CreateGroup("STRASSEN äö"))
    assert again == group
    assert group.name == "Straßen ÄÖ"
    assert not outcome.changed


def test_99_the_empty_target_of_auto_sync_is_not_orphaned() -> None:
    target = make_group("Target")
    make_streams(["a"], group="Provider group")
    StreamGroup.objects.filter(name="Provider group").update(
        auto_channel_sync=True, enabled=True, sync_settings={"group_override": target.pk}
    )
    empty, used = make_group("Empty 10"), make_group("Used")
    second = make_group("Empty 2")
    make_channel("CNN", group=used)
    assert [group.pk for group in orphaned_groups()] == [second.pk, empty.pk]


def test_orphans_are_looked_at_again_when_they_are_deleted() -> None:
    first, second, used = make_group("First"), make_group("Second"), make_group("Used")
    make_channel("CNN", group=used)
    outcome = delete_orphaned_groups([first.pk, used.pk, 999_999])
    assert [group.name for group in outcome.deleted] == ["First"]
    assert outcome.failed == []
    assert set(ChannelGroup.objects.all()) == {second, used}
    assert JournalEntry.objects.get(action_type="cleanup").before_value == {"deleted": ["First"]}
    assert [group.name for group in delete_orphaned_groups([]).deleted] == ["Second"]
    assert undo_batch(outcome.batch_id).conflicts == []
    assert ChannelGroup.objects.filter(name="First").exists()


def test_no_journal_when_nothing_was_orphaned() -> None:
    make_channel("CNN", group=make_group("Used"))
    assert not delete_orphaned_groups().changed
    assert not JournalEntry.objects.filter(action_type="cleanup").exists()


def test_100_the_auto_created_flag_is_cleared_for_chosen_groups() -> None:
    account, group, other = make_account(), make_group("Sports"), make_group("News")
    flagged = make_channel("A", "1", group=group, auto_created=True, auto_created_by=account, synced_stream=5, synced_group=6)
    make_channel("B", "2", group=group)
    make_channel("C", "3", group=other, auto_created=True, auto_created_by=account)
    outcome = clear_auto_created([group.pk, 999_999])
    assert (outcome.updated, outcome.first) == (1, [(flagged.pk, "A")])
    assert [pk for pk, _ in outcome.failed] == [999_999]
    flagged.refresh_from_db()
    assert (flagged.auto_created, flagged.auto_created_by, flagged.synced_stream) == (False, None, None)
    entry = JournalEntry.objects.get(action_type="bulk_update")
    assert undo_entry(entry).conflicts == []
    flagged.refresh_from_db()
    assert (flagged.auto_created, flagged.auto_created_by, flagged.synced_stream, flagged.synced_group) == (True, account, 5, 6)


def test_groups_with_auto_created_channels_are_listed_with_samples() -> None:
    account, group = make_account(), make_group("Sports")
    for number in range(8):
        make_channel(f"C{number}", str(10 - number), group=group, auto_created=True, auto_created_by=account)
    make_channel("Loose", auto_created=True)
    loose, sports = auto_created_groups()
    assert (loose.pk, loose.count, sports.count) == (0, 1, 8)
    assert [(item.name, item.number, item.creator) for item in sports.samples[:2]] == [
        ("C7", Decimal(3), "Acme"),
        ("C6", Decimal(4), "Acme"),
    ]
    assert len(sports.samples) == 5


def test_107_a_channel_that_lacks_any_ticked_item_is_shown() -> None:
    channel = make_channel("A", "1", logo_url="https://x.example/a.png")
    assert list(matching_channels(ChannelFilter(missing=("logo", "guide")))) == [channel]
    assert list(matching_channels(ChannelFilter(missing=("logo",)))) == []


def test_groups_that_can_be_probed() -> None:
    (stream,) = make_streams(["a"])
    ready, without, hidden = make_group("Ready"), make_group("Without"), make_group("Hidden")
    make_channel("A", group=ready, streams=[stream])
    make_channel("B", group=without)
    make_channel("C", group=hidden, streams=[stream])
    hide_groups([hidden.pk])
    assert groups_with_streams() == [(ready.pk, "Ready")]


def test_the_diagnosis_finds_what_should_not_be_there() -> None:
    assert diagnose_groups().is_sound
    make_group("Straße")
    make_group("STRASSE")  # the database does not know that these are the same
    HiddenGroup.objects.create(group_id=12345, name="Gone")
    found = diagnose_groups()
    assert [len(rows) for rows in found.duplicate_names] == [2]
    assert [record.name for record in found.invalid_hidden] == ["Gone"]
    assert not found.is_sound


def test_queries_do_not_grow_with_the_groups() -> None:
    counts: list[list[int]] = []
    account = make_account()
    for size in (2, 40):
        for number in range(size):
            group = make_group(f"G{size}-{number}")
            make_channel("A", group=group, auto_created=True, auto_created_by=account)
            make_group(f"E{size}-{number}")
        taken = []
        for look in (auto_created_groups, orphaned_groups, hidden_groups, groups_with_streams, diagnose_groups):
            with CaptureQueriesContext(connection) as queries:
                look()
            taken.append(len(queries))
        counts.append(taken)
    assert counts[0] == counts[1]


# --- over HTTP --------------------------------------------------------------------------------------------------------


def send(client: Client, method: str, path: str, body: object = None) -> tuple[int, Any]:
    answer = getattr(client, method)(path, json.dumps(body) if body is not None else "", content_type="application/json")
    return answer.status_code, answer.json()


def test_groups_over_http(signed_in: Client) -> None:
    status, group = send(signed_in, "post", "/api/channel-groups", {"name": "Sports"})
    assert (status, group["name"], group["is_auto_sync"]) == (201, "Sports", False)
    assert send(signed_in, "post", "/api/channel-groups", {"name": "SPORTS"})[0] == 200
    assert send(signed_in, "post", "/api/channel-groups", {"name": " "})[0] == 422
    assert send(signed_in, "post", "/api/channel-groups", {"title": "x"})[0] == 422
    path = f"/api/channel-groups/{group['id']}"
    assert send(signed_in, "patch", path, {"name": "News"})[1]["name"] == "News"
    assert [row["name"] for row in signed_in.get("/api/channel-groups").json()] == ["News"]
    assert send(signed_in, "delete", path)[1]["status"] == "deleted"
    assert send(signed_in, "delete", path)[0] == 404
    assert send(signed_in, "patch", path, {"name": "x"})[0] == 404


def test_98_over_http(signed_in: Client) -> None:
    group = synced_group()
    path = f"/api/channel-groups/{group.pk}"
    assert send(signed_in, "delete", path)[1]["status"] == "hidden"
    assert signed_in.get("/api/channel-groups").json() == []
    assert [row["id"] for row in signed_in.get("/api/channel-groups/hidden").json()] == [group.pk]
    assert send(signed_in, "post", f"{path}/restore")[0] == 200
    assert [row["is_auto_sync"] for row in signed_in.get("/api/channel-groups").json()] == [True]
    assert send(signed_in, "post", f"{path}/restore")[0] == 404


def test_orphans_flags_and_checks_over_http(signed_in: Client) -> None:
    orphan = make_group("Orphan")
    group = make_group("Sports")
    make_channel("A", "1", group=group, auto_created=True)
    assert [row["id"] for row in signed_in.get("/api/channel-groups/orphaned").json()["orphaned_groups"]] == [orphan.pk]
    status, done = send(signed_in, "delete", "/api/channel-groups/orphaned", {"group_ids": [group.pk, orphan.pk]})
    assert (status, [row["id"] for row in done["deleted_groups"]], done["failed_groups"]) == (200, [orphan.pk], [])
    assert signed_in.get("/api/channel-groups/auto-created").json()["total_auto_created_channels"] == 1
    assert send(signed_in, "post", "/api/channels/clear-auto-created", {"group_ids": []})[0] == 400
    assert send(signed_in, "post", "/api/channels/clear-auto-created", {"group_ids": [group.pk]})[1]["updated_count"] == 1
    assert signed_in.get("/api/channel-groups/with-streams").json() == {"groups": [], "total": 0}
    assert signed_in.get("/api/channel-groups/diagnostic").json()["is_sound"] is True


def test_the_dialogs_are_pages_too(signed_in: Client) -> None:
    group = synced_group("<b>Linked</b>")
    make_channel("<script>", "1", group=group, auto_created=True)
    make_group("Orphan")
    text = signed_in.get(f"/channels/groups/{group.pk}/delete/").content.decode()
    assert "Hide group" in text
    assert "<b>Linked" not in text
    assert "now hidden" not in text
    signed_in.post(f"/channels/groups/{group.pk}/delete/")
    assert "&lt;b&gt;Linked" in signed_in.get("/channels/groups/hidden/").content.decode()
    assert signed_in.post(f"/channels/groups/{group.pk}/restore/").status_code == 302
    assert signed_in.post(f"/channels/groups/{group.pk}/restore/").status_code == 404
    assert "Orphan" in signed_in.get("/channels/groups/orphaned/").content.decode()
    assert signed_in.post("/channels/groups/orphaned/", {}).status_code == 422
    assert "&lt;script&gt;" in signed_in.get("/channels/groups/auto-created/").content.decode()
    assert signed_in.post("/channels/groups/auto-created/", {}).status_code == 422
    assert signed_in.post("/channels/groups/auto-created/", {"group": group.pk}).status_code == 302
    assert "Nothing is wrong" in signed_in.get("/channels/groups/check/").content.decode()
