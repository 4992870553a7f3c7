"""What happens on the server while a draft is open: rows follow it or are marked; upkeep; updates of ECM (10 §13.5)."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_app.arrange_streams import add_streams, remove_streams
from channels_app.commands import AddStreams, CreateChannel, DeleteChannels, RemoveStreams, UpdateChannel
from channels_app.drafts import moving, upkeep
from channels_app.drafts.catching_up import MEND_EVERY, catch_up
from channels_app.drafts.lives import discard, open_draft, put_aside
from channels_app.drafts.marks import row_marks
from channels_app.drafts.steps import record
from channels_app.drafts.storage import folder, path_of
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import CHANGES, LINEUP, META
from channels_app.drafts.touch_triggers import after_migrate
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.models import Channel, ChannelStream, Draft, LineupTouch
from channels_app.tests.draft_fixtures import rows_in
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams
from m3u_app.models import Stream
from tasks_app.cleanup.steps import Context
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channels() -> list[Channel]:
    """Before the draft is opened; with two streams each."""
    streams = make_streams(["a", "b", "c"])
    return [make_channel(name, streams=streams[:2]) for name in ("One", "Two", "Three", "Four", "Five")]


def marks(draft: Draft) -> dict[str, str]:
    with working_in(draft):
        catch_up()
        names = dict(Channel.objects.values_list("pk", "name"))
        return {names[pk]: mark for pk, mark in row_marks(list(names)).items()}


def test_rows_are_marked_as_they_stand(channels: list[Channel], draft: Draft) -> None:
    one, two, three, four, five = (channel.pk for channel in channels)
    with record(draft):
        create_channel(CreateChannel({"name": "New"}))
        for pk in (one, two, three):
            update_channel(UpdateChannel(pk, {"tvg_id": "mine"}))
        remove_streams(RemoveStreams(four, (Stream.objects.get(name="a").pk,)))
    assert marks(draft) == {"New": "new", "One": "changed", "Two": "changed", "Three": "changed", "Four": "changed"}
    update_channel(UpdateChannel(one, {"logo_url": "http://x.example/1.png"}))  # another field: no conflict
    update_channel(UpdateChannel(two, {"tvg_id": "theirs"}))
    delete_channels(DeleteChannels((three, five)))
    add_streams(AddStreams(four, (Stream.objects.get(name="c").pk,)))
    assert marks(draft) == {"New": "new", "One": "changed", "Two": "conflict", "Three": "gone", "Four": "conflict"}


def test_a_value_put_back_by_hand_is_no_change(channels: list[Channel], draft: Draft) -> None:
    for name in ("Uno", "One"):
        with record(draft):
            update_channel(UpdateChannel(channels[0].pk, {"name": name}))
    with working_in(draft):
        assert row_marks([channel.pk for channel in channels]) == {}
    assert row_marks([channels[0].pk]) == {}


def test_marks_cost_the_same_for_any_number_of_rows(draft: Draft) -> None:
    def queries() -> int:
        with record(draft):
            Channel.objects.update(tvg_id=f"{Channel.objects.count()}")
        with working_in(draft), CaptureQueriesContext(connection) as found:  # type: ignore[arg-type]
            row_marks(list(Channel.objects.values_list("pk", flat=True)))
        return len(found)

    make_channel("First")
    with working_in(draft):
        catch_up()
    few = queries()
    for place in range(30):
        make_channel(f"Channel {place}")
    with working_in(draft):
        catch_up()
    assert queries() == few


def test_the_group_of_a_staged_move_stays_when_the_server_deletes_it(channels: list[Channel], draft: Draft) -> None:
    group = make_group("Sports")
    with working_in(draft):
        catch_up()
    with record(draft):
        update_channel(UpdateChannel(channels[0].pk, {"group_id": group.pk}))
    group.delete()
    with working_in(draft):
        catch_up()
        assert Channel.objects.get(pk=channels[0].pk).group is not None
        moving.undo()
        assert Channel.objects.get(pk=channels[0].pk).group is None
    assert "Sports" not in str(rows_in(draft))


def test_streams_and_guide_entries_that_are_gone_leave_the_draft(
    channels: list[Channel], draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, extra = make_entry("bbc"), make_streams(["extra"])[0]
    with record(draft):
        update_channel(UpdateChannel(channels[0].pk, {"guide_entry_id": entry.pk}))
        add_streams(AddStreams(channels[0].pk, (extra.pk,)))
    extra.delete()
    entry.delete()
    monkeypatch.setattr("channels_app.drafts.catching_up.MEND_EVERY", -MEND_EVERY)
    with working_in(draft):
        catch_up()
        assert Channel.objects.get(pk=channels[0].pk).guide_entry_id is None
        assert not ChannelStream.objects.filter(stream_id=extra.pk).exists()
        moving.undo()
        moving.redo()
        assert Channel.objects.get(pk=channels[0].pk).guide_entry_id is None
        assert not ChannelStream.objects.filter(stream_id=extra.pk).exists()


def test_the_server_notes_changes_only_while_drafts_are_open(channels: list[Channel]) -> None:
    make_channel("Unnoticed")
    assert not LineupTouch.objects.exists()
    draft = open_draft(get_user_model().objects.create_user("op", password="x"))
    make_channel("Noticed")
    assert LineupTouch.objects.count() == 1
    discard(draft)
    make_channel("Unnoticed again")
    assert LineupTouch.objects.count() == 1
    again = open_draft(get_user_model().objects.get())
    assert not LineupTouch.objects.exists()
    make_channel("New")
    with working_in(again):
        catch_up()
        assert Channel.objects.filter(name="New").exists()
    discard(again)


def test_triggers_that_a_migration_lost_are_made_again() -> None:
    def names() -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'channels_app_touch_%'")
            return {row[0] for row in cursor.fetchall()}

    all_names = names()
    assert len(all_names) == 3 * len(LINEUP)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER channels_app_touch_update_channels_app_channel")
    after_migrate(using="default")
    assert names() == all_names


def test_the_condition_of_the_triggers_is_answered_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN SELECT 1 FROM channels_app_draft WHERE \"state\" IN ('open', 'committing')")
        assert "one_open_draft_per_person" in str(cursor.fetchall())


def test_after_a_backup_was_restored_the_draft_follows_the_lineup_again(channels: list[Channel], draft: Draft) -> None:
    with record(draft):
        update_channel(UpdateChannel(channels[0].pk, {"name": "Mine"}))
    with closing(sqlite3.connect(path_of(draft.file_name), isolation_level=None)) as file:
        file.execute(f"UPDATE {META} SET mark = 1000000")
    Channel.objects.filter(pk=channels[1].pk).update(name="Restored")
    with working_in(draft):
        catch_up()
        assert Channel.objects.get(pk=channels[1].pk).name == "Restored"
        assert Channel.objects.get(pk=channels[0].pk).name == "Mine"


def test_clean_up_keeps_what_drafts_need(channels: list[Channel], draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in folder().iterdir():  # drafts of other tests went with their database
        if not path.name.startswith(f"{draft.file_name}."):
            path.unlink()
    put_aside(draft)
    update_channel(UpdateChannel(channels[0].pk, {"name": "Changed"}))
    for name in ("9-lost.sqlite3", "9-lost.sqlite3-wal", f"{draft.file_name}.sqlite3.new"):
        (folder() / name).write_text("left behind")
    context = Context(timezone.now(), 30, dry_run=True, progress=NoProgress())
    young = upkeep.clear_files(context)
    assert young.deleted == 0
    monkeypatch.setattr(upkeep, "_FRESH", timedelta(seconds=-5))
    assert upkeep.clear_files(context).deleted == 3
    context = Context(timezone.now(), 30, dry_run=False, progress=NoProgress())
    assert upkeep.clear_files(context).deleted == 3
    assert {path.name for path in folder().iterdir() if "sqlite3-" not in path.name} == {f"{draft.file_name}.sqlite3"}
    assert upkeep.clear_touches(context).deleted > 0
    assert not LineupTouch.objects.exists()
    with working_in(draft):
        assert Channel.objects.get(pk=channels[0].pk).name == "Changed"
    Draft.objects.create(owner=draft.owner, state="discarded", file_name="old", finished_at=timezone.now() - timedelta(days=31))
    assert upkeep.clear_ended(context).deleted == 1
    assert Draft.objects.get() == draft


def test_an_update_that_changes_the_tables_keeps_the_draft(channels: list[Channel], draft: Draft) -> None:
    with record(draft):
        update_channel(UpdateChannel(channels[0].pk, {"name": "Mine"}))
        made = create_channel(CreateChannel({"name": "New", "tvg_id": "n"}, (Stream.objects.get(name="c").pk,))).channel_ids[0]
    with record(draft):
        delete_channels(DeleteChannels((channels[1].pk,)))
    with working_in(draft):
        moving.undo()
    update_channel(UpdateChannel(channels[0].pk, {"gracenote_id": "123"}))
    update_channel(UpdateChannel(channels[2].pk, {"name": "Theirs"}))
    make_older(draft)
    with working_in(draft):
        catch_up()
        mine = Channel.objects.get(pk=channels[0].pk)
        assert (mine.name, mine.gracenote_id) == ("Mine", "123")
        new = Channel.objects.get(pk=made)
        assert (new.name, new.tvg_id, new.gracenote_id) == ("New", "n", "")
        assert ChannelStream.objects.filter(channel_id=made).count() == 1
        assert Channel.objects.get(pk=channels[2].pk).name == "Theirs"
        assert moving.redo()
        assert not Channel.objects.filter(pk=channels[1].pk).exists()
        moving.undo(2)
    with working_in(draft):
        assert list(Channel.objects.order_by("pk").values_list("name", flat=True)) == ["One", "Two", "Theirs", "Four", "Five"]


def make_older(draft: Draft) -> None:
    """Give the draft's file the shape of a version that knew no Gracenote ids."""
    with closing(sqlite3.connect(path_of(draft.file_name), isolation_level=None)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        file.execute("ALTER TABLE channels_app_channel DROP COLUMN gracenote_id")
        for side in ("before", "after"):
            file.execute(f"UPDATE {CHANGES} SET {side} = json_remove({side}, '$.gracenote_id')")
        file.execute(f"UPDATE {META} SET fingerprint = 'old'")
