"""The exit dialog: counts, diff, conflicts, leaving things out, applying, failures, discarding; as page and as dialog."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from channels_app.arrange_streams import add_streams
from channels_app.commands import AddStreams, CreateChannel, CreateGroup, DeleteChannels, MoveChannels, UpdateChannel
from channels_app.drafts.lives import unfinished_draft
from channels_app.drafts.steps import record
from channels_app.drafts.storage import DraftUnusable, main_database, opened, path_of
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group
from channels_app.models import Channel, ChannelGroup, Draft, DraftState
from channels_app.move_channels import move_channels
from channels_app.tests.commit_fixtures import begin_commit, make_user, net, new_draft, stage
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from tasks_app.models import JournalEntry, RunStatus, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)
EXIT = "/channels/draft/exit/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ann() -> Any:
    return make_user("ann")


@pytest.fixture
def page(ann: Any) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def change(channel: Channel, **values: object) -> Callable[[], object]:
    return lambda: update_channel(UpdateChannel(channel.pk, values), rename_with_number=False)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_dialog_counts_and_lists_every_change_old_to_new(page: Client) -> None:
    streams = make_streams(["BBC One FHD", "BBC One SD"])
    news = make_group("News")
    a, b = make_channel("A", "1", streams=streams[:1]), make_channel("B", "2")
    draft = new_draft()
    stage(
        draft,
        change(a, name="<b>Alpha</b>", number="11"),
        lambda: add_streams(AddStreams(a.pk, (streams[1].pk,))),
        lambda: move_channels(MoveChannels((a.pk,), news.pk)),
        lambda: delete_channels(DeleteChannels((b.pk,))),
        lambda: create_channel(CreateChannel({"name": "New one"})),
    )
    for headers, whole in (({}, True), (HTMX, False)):
        shown = text(page.get(EXIT, headers=headers))
        assert ("<html" in shown) is whole
        for label, count in (
            ("Channel number changes", 1), ("Channel name changes", 1), ("Streams added", 1), ("New channels", 1),
            ("Deleted channels", 1), ("Channels moved to another group", 1),
        ):  # fmt: skip
            assert f"<span>{label}</span> <strong>{count}</strong>" in shown
        assert "EPG assignments" not in shown
        assert "&lt;b&gt;Alpha&lt;/b&gt;" in shown
        assert "<b>Alpha" not in shown
        assert "BBC One FHD · BBC One SD" in shown
        assert "Uncategorized" in shown
        assert "5 steps, one by one" in shown
        assert "Apply all" in shown


def test_nothing_changed_offers_nothing_to_apply(page: Client) -> None:
    new_draft()
    shown = text(page.get(EXIT))
    assert "Nothing has changed." in shown
    assert "Apply" not in shown.split("dialog-footer")[1]


def test_applying_closes_the_draft_and_offers_to_undo_the_batch(page: Client) -> None:
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Alpha"))
    response = page.post(f"{EXIT}apply/", headers=HTMX)
    assert response.headers["HX-Refresh"] == "true"
    channel.refresh_from_db()
    draft.refresh_from_db()
    assert (channel.name, draft.state) == ("Alpha", DraftState.COMMITTED)
    batch = draft.result["batch_id"]
    assert f"undo-batch:{batch}" in "".join(str(message.extra_tags) for message in _messages(page))
    assert JournalEntry.objects.filter(batch_id=batch, user_name="ann").count() == 2


def _messages(page: Client) -> list[Any]:
    return list(page.get("/channels/").context["messages"])


def test_without_scripts_applying_leads_back_to_the_page(page: Client) -> None:
    channel = make_channel("A")
    stage(new_draft(), change(channel, name="Alpha"))
    response = page.post(f"{EXIT}apply/")
    assert (response.status_code, response.headers["Location"]) == (302, "/channels/")


def test_a_conflict_is_shown_with_three_sides_and_keeps_the_rest_apart(page: Client) -> None:
    a, b = make_channel("Base name"), make_channel("B")
    draft = new_draft()
    stage(draft, change(a, name="My name"), change(b, name="B2"))
    change(a, name="Their name")()
    shown = text(page.get(EXIT))
    for value in ("Base name", "My name", "Their name"):
        assert value in shown
    assert "Apply the other 1, keep 1" in shown
    assert page.post(f"{EXIT}apply/").status_code == 422  # all or nothing unless the rest is asked for
    assert Channel.objects.get(pk=b.pk).name == "B"


@pytest.mark.parametrize(("choice", "name"), [("mine", "My name"), ("theirs", "Their name")])
@pytest.mark.parametrize("how", ["one", "all"])
def test_a_conflict_is_decided_for_one_side(page: Client, choice: str, name: str, how: str) -> None:
    channel = make_channel("Base name", "1")
    draft = new_draft()
    stage(draft, change(channel, name="My name", number="5"))
    change(channel, name="Their name")()
    which = {"all": "1"} if how == "all" else {"key": f"channel:{channel.pk}:name"}
    shown = text(page.post(f"{EXIT}choose/", {"choice": choice, **which}, headers=HTMX))
    assert "Changed here and on the server" not in shown
    page.post(f"{EXIT}apply/")
    channel.refresh_from_db()
    assert (channel.name, channel.number) == (name, Decimal(5))


def test_edits_of_a_channel_deleted_on_the_server_can_be_dropped(page: Client) -> None:
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    delete_channels(DeleteChannels((channel.pk,)))
    assert "Create it again" in text(page.get(EXIT))
    page.post(f"{EXIT}choose/", {"choice": "theirs", "all": "1"})
    assert "Nothing has changed." in text(page.get(EXIT))


def test_a_deleted_channel_that_was_changed_on_the_server_can_be_kept(page: Client) -> None:
    streams = make_streams(["a"])
    channel = make_channel("A", streams=streams)
    draft = new_draft()
    stage(draft, lambda: delete_channels(DeleteChannels((channel.pk,))))
    change(channel, name="Theirs")()
    assert "Keep it as it is on the server" in text(page.get(EXIT))
    page.post(f"{EXIT}choose/", {"choice": "theirs", "all": "1"})
    assert net(draft) == {}


def test_single_things_can_stay_in_the_draft(page: Client, ann: Any) -> None:
    a, b = make_channel("A"), make_channel("B")
    draft = new_draft()
    stage(draft, change(a, name="A2"), change(b, name="B2"))
    shown = text(page.post(f"{EXIT}leave-out/", {"key": f"channel:{a.pk}", "out": "1"}, headers=HTMX))
    assert "Apply the other 1" in shown
    page.post(f"{EXIT}apply/")
    assert set(Channel.objects.values_list("name", flat=True)) == {"A", "B2"}
    rest = unfinished_draft(ann)
    assert rest is not None
    assert [key[1] for key in net(rest)] == [a.pk]


def test_what_cannot_be_applied_is_listed_by_reason_and_can_be_given_up(page: Client, ann: Any) -> None:
    a, b = make_channel("A"), make_channel("B")
    draft = new_draft()
    stage(draft, change(a, name="Mine"), change(b, name="B2"))
    change(a, name="Theirs")()
    shown = text(page.post(f"{EXIT}apply/", {"rest": "1"}, headers=HTMX))
    assert "Applied 1 change. 1 change could not be applied and stayed in the draft." in shown
    assert "was changed on the server meanwhile" in shown
    assert "for example “Mine”" in shown
    assert "Could not be applied last time" in text(page.get(EXIT))
    page.post(f"{EXIT}drop-failed/")
    rest = unfinished_draft(ann)
    assert rest is not None
    assert net(rest) == {}
    assert Channel.objects.get(pk=a.pk).name == "Theirs"


def test_a_large_draft_is_applied_in_the_background_and_the_dialog_follows(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels_app.drafts import start_commit
    from tasks_app import execution

    monkeypatch.setattr(start_commit, "AT_ONCE", 0)
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Alpha"))
    shown = text(page.post(f"{EXIT}apply/", headers=HTMX))
    assert "Waiting for a free worker" in shown
    draft.refresh_from_db()
    assert draft.state == DraftState.COMMITTING
    assert "Waiting for a free worker" in text(page.get(EXIT, headers=HTMX))
    assert draft.run_id is not None
    run = TaskRun.objects.get(pk=draft.run_id)
    execution.execute_queued_run(run.pk)
    answer = page.get(f"{EXIT}progress/{draft.pk}/", headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    run.refresh_from_db()
    assert (run.status, Channel.objects.get().name) == (RunStatus.COMPLETED, "Alpha")


def test_nobody_sees_the_progress_of_others(page: Client) -> None:
    draft = begin_commit(new_draft("bob"))
    assert page.get(f"{EXIT}progress/{draft.pk}/", headers=HTMX).headers["HX-Refresh"] == "true"


def test_keeping_for_later_and_discarding(page: Client, ann: Any) -> None:
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Alpha"))
    page.post(f"{EXIT}later/")
    draft.refresh_from_db()
    assert (draft.state, draft.is_active) == (DraftState.OPEN, False)
    assert "1 change will be dropped" in text(page.get(f"{EXIT}discard/"))
    page.post(f"{EXIT}discard/")
    draft.refresh_from_db()
    assert (draft.state, Channel.objects.get().name) == (DraftState.DISCARDED, "A")
    assert unfinished_draft(ann) is None


def test_leaving_drops_an_empty_draft_and_keeps_one_with_changes(page: Client) -> None:
    draft = new_draft()
    page.post(f"{EXIT}leave/")
    draft.refresh_from_db()
    assert draft.state == DraftState.DISCARDED
    channel = make_channel("A")
    again = new_draft()
    stage(again, change(channel, name="B"))
    page.post(f"{EXIT}leave/")
    again.refresh_from_db()
    assert (again.state, again.is_active) == (DraftState.OPEN, False)


def test_the_changes_are_paged_and_filtered(page: Client) -> None:
    channels = [make_channel(f"Channel {place:03}") for place in range(60)]
    draft = new_draft()
    with record(draft):
        for channel in channels:
            change(channel, number=str(channel.pk))()
        create_group(CreateGroup("New group"))
    first = text(page.get(f"{EXIT}changes/", headers=HTMX))
    assert "Page 1 of 2" in first
    assert first.count("dx-line ") == 50
    assert text(page.get(f"{EXIT}changes/?page=2", headers=HTMX)).count("dx-line ") == 11
    groups = text(page.get(f"{EXIT}changes/?kind=group.create", headers=HTMX))
    assert (groups.count("dx-line "), "New group" in groups) == (1, True)
    assert page.get(f"{EXIT}changes/?page=x&kind=nonsense", headers=HTMX).status_code == 200


def test_a_page_number_that_is_far_too_long_is_the_first_page(page: Client, ann: Any) -> None:
    with record(new_draft("ann")):
        make_channel("New")
    assert page.get(f"{EXIT}changes/", {"page": "9" * 5000}).status_code == 200


def test_a_draft_whose_file_is_gone_says_so(page: Client) -> None:
    draft = new_draft()
    path_of(draft.file_name).unlink()
    response = page.get(EXIT)
    assert response.status_code == 409
    assert "Discard" in text(response)


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_whatever_is_asked_of_a_draft_that_cannot_be_read_is_answered_in_words(page: Client, damage: str) -> None:
    draft = new_draft()
    if damage == "gone":
        path_of(draft.file_name).unlink()
    else:
        path_of(draft.file_name).write_bytes(b"no database" * 1000)
    for address in ("apply/", "drop-failed/", "choose/", "leave-out/"):
        response = page.post(f"{EXIT}{address}", {"choice": "mine", "all": "1", "key": "channel:1"}, headers=HTMX)
        assert (address, response.status_code) == (address, 409)
        assert "Discard" in text(response)
    assert page.get(f"{EXIT}changes/").status_code == 409
    assert Draft.objects.get(pk=draft.pk).state == DraftState.OPEN


def test_nobody_is_told_to_give_up_a_draft_that_is_only_locked(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = new_draft()
    monkeypatch.setattr("channels_app.drafts.storage._WAIT", 0.05)
    with closing(sqlite3.connect(path_of(draft.file_name))) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DraftUnusable, match="Nothing is lost: try again"), opened(draft.file_name, main_database()) as own:
            own.execute("BEGIN IMMEDIATE")


def test_without_a_draft_there_is_nothing_to_leave(page: Client) -> None:
    assert page.get(EXIT).headers["Location"] == "/channels/"
    for part in ("apply", "choose", "leave", "leave-out", "drop-failed", "later"):
        assert page.post(f"{EXIT}{part}/").status_code == 302
    assert not Draft.objects.exists()
    assert not ChannelGroup.objects.exists()


def test_the_dialog_asks_no_more_of_the_database_for_more_changes(page: Client, django_assert_max_num_queries: Any) -> None:
    channels = [make_channel(f"Channel {place}") for place in range(43)]
    draft = new_draft()
    for portion in (channels[:3], channels[3:]):
        stage(draft, *(change(channel, name=f"{channel.name}!") for channel in portion))
        with django_assert_max_num_queries(25):
            assert page.get(EXIT, headers=HTMX).status_code == 200
