"""Undo, redo and checkpoints over the pages, and how steps are described (10 §13.4, §13.6)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.arrange_streams import remove_streams, stream_ids_of
from channels_app.commands import CreateChannel, DeleteChannels, RemoveStreams, RenameGroup, UpdateChannel
from channels_app.drafts import moving
from channels_app.drafts.bar import bar_of, elapsed_words, waiting_changes
from channels_app.drafts.checkpoints import checkpoints, set_checkpoint
from channels_app.drafts.lives import discard, put_aside
from channels_app.drafts.redone_over import sentence_about
from channels_app.drafts.runs import PARAMETER
from channels_app.drafts.steps import DETAILS_KEPT, record, shortened_details, step
from channels_app.drafts.switching import working_in
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import rename_group
from channels_app.errors import EditRefused
from channels_app.models import Channel, Draft, DraftChange, DraftStep
from channels_app.tests.draft_fixtures import rows_in, stored_rows
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from tasks_app.engine import run_here
from tasks_app.models import RunStatus

pytestmark = pytest.mark.django_db(transaction=True)
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def before_draft() -> None:
    make_channel("One", "1", streams=make_streams(["a", "b"]))


def rename(draft: Draft, *names: str) -> None:
    channel_id = Channel.objects.get().pk
    for name in names:
        with record(draft):
            update_channel(UpdateChannel(channel_id, {"name": name}))


def name_in(draft: Draft) -> str:
    with working_in(draft):
        return Channel.objects.get().name


def test_buttons_of_the_page_undo_and_redo_without_scripts(visitor: Client, draft: Draft) -> None:
    rename(draft, "Two", "Three")
    assert visitor.post("/channels/draft/undo/").status_code == 302
    assert name_in(draft) == "Two"
    seen = visitor.get("/channels/").content.decode()
    assert "Undo: Renamed “One” to “Two”" in seen
    assert "Redo: Renamed “Two” to “Three”" in seen
    visitor.post("/channels/draft/redo/")
    assert name_in(draft) == "Three"
    visitor.post("/channels/draft/undo/", {"steps": "2"})
    assert name_in(draft) == "One"
    assert "nothing to undo" in visitor.post("/channels/draft/undo/", **HTMX)["HX-Trigger"]


def toasts(answer: Any) -> str:
    return str(answer["HX-Trigger"])


@pytest.mark.parametrize("on_the_server", ["renamed", "deleted", "other streams"])
def test_redoing_what_the_server_changed_meanwhile_says_so(visitor: Client, draft: Draft, on_the_server: str) -> None:
    channel = Channel.objects.get()
    rename(draft, "Two")
    visitor.post("/channels/draft/undo/")
    if on_the_server == "renamed":
        update_channel(UpdateChannel(channel.pk, {"name": "Theirs"}))
    elif on_the_server == "deleted":
        delete_channels(DeleteChannels((channel.pk,)))
    else:  # another matter: the draft changes nothing of it
        remove_streams(RemoveStreams(channel.pk, (make_streams(["c"])[0].pk, *stream_ids_of(channel.pk)[:1])))
    told = toasts(visitor.post("/channels/draft/redo/", **HTMX))
    assert "Redid: Renamed" in told
    assert ("was changed on the server meanwhile, too" in told) == (on_the_server != "other streams")
    assert name_in(draft) == "Two"


def test_redoing_tells_nothing_while_the_server_stands_still(visitor: Client, draft: Draft) -> None:
    rename(draft, "Two", "Three")
    visitor.post("/channels/draft/undo/", {"steps": "2"})
    assert "meanwhile" not in toasts(visitor.post("/channels/draft/redo/", {"steps": "2"}, **HTMX))


def test_going_forward_to_a_checkpoint_tells_it_too_and_names_groups(visitor: Client, draft: Draft) -> None:
    group = make_group("News")
    visitor.get("/channels/")  # the draft takes the new group over
    with record(draft):
        rename_group(RenameGroup(group.pk, "Mine"))
    visitor.post("/channels/draft/checkpoints/", {"name": "Here"})
    visitor.post("/channels/draft/undo/")
    rename_group(RenameGroup(group.pk, "Theirs"))
    with working_in(draft):
        found = checkpoints()[0]
    told = toasts(visitor.post(f"/channels/draft/checkpoints/{found.step_id}/revert/", **HTMX))
    assert "Back at \\u201cHere\\u201d: 1 step redone" in told
    assert "\\u201cMine\\u201d was changed on the server meanwhile, too." in told


def test_many_things_are_told_by_the_first_names() -> None:
    assert sentence_about([]) == ""
    assert sentence_about(["A", "B"]).startswith("“A”, “B” were changed")
    assert sentence_about([*"ABCDE"]).startswith("“A”, “B”, “C” and 2 others were changed")


def test_a_new_step_ends_what_could_be_redone(draft: Draft) -> None:
    rename(draft, "Two", "Three")
    with working_in(draft):
        moving.undo()
    rename(draft, "Four")
    with working_in(draft):
        assert moving.redo() == []
        assert list(DraftStep.objects.values_list("undone", flat=True)) == [False, False]
        assert DraftChange.objects.count() == 2


def test_a_deleted_channel_comes_back_as_it_was_in_the_draft(draft: Draft) -> None:
    rename(draft, "Two")
    before = rows_in(draft)
    with record(draft):
        delete_channels(DeleteChannels((Channel.objects.get().pk,)))
    with working_in(draft):
        assert not Channel.objects.exists()
        moving.undo()
    assert rows_in(draft) == before


def test_a_channel_created_and_deleted_in_the_draft_comes_back_too(draft: Draft) -> None:
    with record(draft):
        made = create_channel(CreateChannel({"name": "New"})).channel_ids[0]
    before = rows_in(draft)
    with record(draft):
        delete_channels(DeleteChannels((made,)))
    with working_in(draft):
        moving.undo()
    assert rows_in(draft) == before


def test_a_thousand_steps_can_be_taken_back_and_done_again(draft: Draft) -> None:
    states = {0: rows_in(draft)}
    channel_id = Channel.objects.get().pk
    with working_in(draft):
        for number in range(1, 1001):
            with step():
                Channel.objects.filter(pk=channel_id).update(name=f"Name {number}")
            if number in (1, 500, 1000):
                states[number] = stored_rows()
        for count, place in ((500, 500), (499, 1), (1, 0)):
            moving.undo(count)
            assert stored_rows() == states[place]
        moving.redo(1000)
        assert stored_rows() == states[1000]
        moving.go_to(list(DraftStep.objects.order_by("pk").values_list("pk", flat=True))[499])
        assert stored_rows() == states[500]


def test_a_step_of_many_entries_is_called_by_its_summary(draft: Draft) -> None:
    with record(draft):
        ids = [create_channel(CreateChannel({"name": f"New {place}"})).channel_ids[0] for place in range(3)]
    with record(draft):
        delete_channels(DeleteChannels(tuple(ids)))
    with working_in(draft):
        first, second = DraftStep.objects.order_by("pk")
    assert first.description == "Created channel “New 0” and 2 more"
    assert second.description == "Deleted 3 channels"
    assert len(second.details) == 3


def test_details_are_kept_up_to_a_number() -> None:
    kept = shortened_details([str(number) for number in range(DETAILS_KEPT + 3)])
    assert kept[-1] == "and 3 more changes"
    assert len(kept) == DETAILS_KEPT + 1


def test_checkpoints_are_named_listed_and_gone_back_to(visitor: Client, draft: Draft) -> None:
    rename(draft, "Two")
    visitor.post("/channels/draft/checkpoints/", {"name": ""})
    rename(draft, "Three", "Four")
    visitor.post("/channels/draft/checkpoints/", {"name": "Named"})
    rename(draft, *(f"Name {number}" for number in range(6)))
    with working_in(draft):
        later, earlier = checkpoints()
    assert (later.name, later.behind, later.needs_consent) == ("Named", 6, True)
    assert (earlier.name, earlier.behind) == ("Checkpoint 1", 8)
    seen = visitor.get("/channels/draft/checkpoints/").content.decode()
    assert "Checkpoint 1" in seen
    address = f"/channels/draft/checkpoints/{later.step_id}/revert/"
    assert "6 steps after “Named” will be undone" in visitor.post(address).content.decode()
    assert name_in(draft) == "Name 5"
    visitor.post(address, {"confirmed": "1"})
    assert name_in(draft) == "Four"
    visitor.post(f"/channels/draft/checkpoints/{earlier.step_id}/revert/")
    assert name_in(draft) == "Two"
    with working_in(draft):
        assert [(found.name, found.ahead) for found in checkpoints()] == [("Named", 2), ("Checkpoint 1", 0)]
    visitor.post(address)
    assert name_in(draft) == "Four"
    visitor.post(f"/channels/draft/checkpoints/{later.step_id}/delete/")
    with working_in(draft):
        assert [found.name for found in checkpoints()] == ["Checkpoint 1"]
        assert DraftStep.objects.filter(undone=False).count() == 3


def test_a_checkpoint_needs_a_change_and_a_place_of_its_own(visitor: Client, draft: Draft) -> None:
    assert visitor.post("/channels/draft/checkpoints/", {"name": "x"}, **HTMX).status_code == 422
    rename(draft, "Two")
    with working_in(draft):
        set_checkpoint("Here")
        with pytest.raises(EditRefused, match="already is a checkpoint"):
            set_checkpoint()
        assert set_checkpoint("Renamed").checkpoint == "Renamed"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (45, "45s"), (60, "1m"), (180, "3m"), (200, "3m 20s"), (3600, "1h"), (7500, "2h 5m"), (100_000, "1d 3h")],
)
def test_time_is_told_in_words(seconds: int, words: str) -> None:
    assert elapsed_words(seconds) == words


def test_the_bar_tells_what_waits_also_when_the_draft_is_put_aside(visitor: Client, draft: Draft) -> None:
    rename(draft, "Two")
    seen = visitor.get("/channels/").content.decode()
    assert "Done (1)" in seen
    put_aside(draft)
    seen = visitor.get("/channels/").content.decode()
    assert "1 unsaved change" in seen
    assert "Done" not in seen
    assert "Draft: 1 change" in visitor.get("/journal/").content.decode()
    visitor.post("/channels/draft/start/")
    assert "Done (1)" in visitor.get("/channels/").content.decode()


def test_the_head_of_other_pages_costs_nothing_without_a_draft(visitor: Client, user: Any) -> None:
    with CaptureQueriesContext(connection) as found:
        assert waiting_changes(user) is None
    assert len(found) == 0


def test_the_bar_costs_the_same_for_any_number_of_steps(draft: Draft) -> None:
    def queries() -> int:
        with working_in(draft), CaptureQueriesContext(connection) as found:
            bar_of(draft)
            checkpoints()
        return len(found)

    rename(draft, "Two")
    few = queries()
    rename(draft, *(f"Name {number}" for number in range(20)))
    assert queries() == few


@pytest.mark.parametrize("address", ["undo/", "redo/", "checkpoints/"])
def test_without_edit_mode_nothing_is_moved(visitor: Client, draft: Draft, address: str) -> None:
    rename(draft, "Two")
    put_aside(draft)
    assert visitor.post(f"/channels/draft/{address}", {"name": "x"}, follow=True).status_code == 200
    assert name_in(draft) == "Two"


def test_a_background_run_makes_one_step_of_the_draft(draft: Draft, user: Any) -> None:
    from channels_app.bulk_options import BulkOptions, Selection
    from channels_app.bulk_task import BulkCreateTask, parameters_of
    from channels_app.plan_bulk_create import plan_bulk_create

    selection = Selection(stream_ids=tuple(stream.pk for stream in make_streams(["CNN", "Sky"])))
    with working_in(draft):
        values = parameters_of(selection, plan_bulk_create(selection, BulkOptions(start=Decimal(100))))
    assert values[PARAMETER] == draft.pk
    run = run_here(BulkCreateTask.task_id, values)
    assert run.status == RunStatus.COMPLETED, run.message
    assert Channel.objects.count() == 1
    with working_in(draft):
        assert DraftStep.objects.count() == 1
        assert Channel.objects.count() > 1
    discard(draft)
    run = run_here(BulkCreateTask.task_id, values)
    assert run.status == RunStatus.FAILED
    assert "applied or discarded meanwhile" in run.message
