"""Views in edit mode: what they write is one step of the draft, all of it or nothing, and the lineup itself stays as it is."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxDetails

from channels_app import lineup_changed as lineup_changed_module
from channels_app.commands import CreateChannel, UpdateChannel
from channels_app.drafts.lives import active_draft, discard, open_draft, put_aside, unfinished_draft
from channels_app.drafts.staging import in_draft, live, staged
from channels_app.drafts.steps import record
from channels_app.drafts.storage import main_database, path_of
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.edit_channels import create_channel, update_channel
from channels_app.models import Channel, Draft, DraftChange, DraftState, DraftStep, ViewPreference
from channels_app.tests.draft_fixtures import steps_of
from channels_app.tests.lineup_fixtures import make_channel, make_group
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def before_draft() -> None:
    make_channel("BBC One", "101", group=make_group("UK"))


def posted(user: Any, view: Callable[..., HttpResponse]) -> HttpResponse:
    request = RequestFactory().post("/channels/somewhere/", **HTMX)
    request.user = user
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    request._messages = Messages()  # type: ignore[attr-defined]
    return staged(view)(request)


class Messages(list[str]):
    def add(self, level: int, message: str, extra_tags: str = "") -> None:
        self.append(message)


def toasts_of(response: HttpResponse) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(response["HX-Trigger"])["toasts"]["items"]
    return found


def test_an_edit_is_one_step_and_the_lineup_stays_as_it_is(visitor: Client, draft: Draft) -> None:
    channel = Channel.objects.get()
    answer = visitor.post(f"/channels/{channel.pk}/name/", {"value": "BBC Two"}, **HTMX)
    assert answer.status_code == 204
    assert steps_of(draft) == ["Renamed “BBC One” to “BBC Two”"]
    assert Channel.objects.get().name == "BBC One"
    assert not JournalEntry.objects.filter(category="channel").exists()
    assert b"BBC Two" in visitor.get("/channels/tree/", {"open": channel.group_id}, **HTMX).content
    assert connections["default"].settings_dict["NAME"] == connection.settings_dict["NAME"]


def test_another_session_of_the_person_sees_the_draft_and_another_person_does_not(
    visitor: Client, user: Any, draft: Draft
) -> None:
    channel = Channel.objects.get()
    visitor.post(f"/channels/{channel.pk}/name/", {"value": "BBC Two"}, **HTMX)
    again, other = Client(), Client()
    again.force_login(user)
    other.force_login(get_user_model().objects.create_user("other", password="x"))
    path = f"/channels/tree/?open={channel.group_id}"
    assert b"BBC Two" in again.get(path, **HTMX).content
    seen = other.get(path, **HTMX).content
    assert b"BBC One" in seen
    assert b"BBC Two" not in seen


def test_nothing_is_asked_of_the_server_by_staged_edits(visitor: Client, draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(lineup_changed_module, "request_publish", lambda: asked.append("publish"))
    monkeypatch.setattr(lineup_changed_module, "mapping_changed", lambda: asked.append("guide"))
    visitor.post(f"/channels/{Channel.objects.get().pk}/name/", {"value": "BBC Two"}, **HTMX)
    assert asked == []
    put_aside(draft)
    visitor.post(f"/channels/{Channel.objects.get().pk}/name/", {"value": "BBC Two"}, **HTMX)
    assert "publish" in asked


def test_the_undo_of_a_toast_takes_the_step_back_once(visitor: Client, draft: Draft) -> None:
    channel = Channel.objects.get()
    first = visitor.post(f"/channels/{channel.pk}/name/", {"value": "BBC Two"}, **HTMX)
    address = toasts_of(first)[0]["undo"]
    assert address.startswith("/channels/draft/undo/")
    assert "Undid: Renamed" in toasts_of(visitor.post(address, **HTMX))[0]["text"]
    visitor.post(f"/channels/{channel.pk}/name/", {"value": "BBC Three"}, **HTMX)
    assert "something else was changed since" in toasts_of(visitor.post(address, **HTMX))[0]["text"]
    with working_in(draft):
        assert Channel.objects.get().name == "BBC Three"


def test_a_refused_edit_leaves_no_step(visitor: Client, draft: Draft) -> None:
    assert visitor.post(f"/channels/{Channel.objects.get().pk}/name/", {"value": " "}, **HTMX).status_code == 422
    assert steps_of(draft) == []


def test_an_error_in_a_view_takes_everything_back(user: Any, draft: Draft) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        create_channel(CreateChannel({"name": "Half"}))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        posted(user, view)
    assert steps_of(draft) == []
    with working_in(draft):
        assert not Channel.objects.filter(name="Half").exists()
        assert not DraftChange.objects.exists()


def test_an_answer_that_refuses_takes_back_what_was_written_before_it(user: Any, draft: Draft) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        create_channel(CreateChannel({"name": "Half"}))
        return HttpResponse(status=422)

    assert posted(user, view).status_code == 422
    assert steps_of(draft) == []


def test_what_is_done_live_stays_when_the_step_is_taken_back(user: Any, draft: Draft) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        assert in_draft() == draft
        with live():
            assert in_draft() is None
            ViewPreference.objects.create(user=user, screen="x")
            update_channel(UpdateChannel(Channel.objects.get().pk, {"name": "Live"}))
        assert Channel.objects.get().name == "BBC One"
        return HttpResponse(status=400)

    posted(user, view)
    assert ViewPreference.objects.filter(screen="x").exists()
    assert Channel.objects.get().name == "Live"
    assert JournalEntry.objects.filter(description__contains="Live").count() == 1


def test_a_staged_view_cannot_write_the_main_database_by_mistake(user: Any, draft: Draft) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        ViewPreference.objects.create(user=user, screen="x")
        return HttpResponse()

    with pytest.raises(OperationalError, match="readonly"):
        posted(user, view)


def test_an_answer_that_is_made_while_it_is_sent_is_made_in_the_draft(user: Any, draft: Draft) -> None:
    with record(draft):
        create_channel(CreateChannel({"name": "Staged"}))

    def view(request: HttpRequest) -> Any:
        return StreamingHttpResponse(name for name in Channel.objects.order_by("pk").values_list("name", flat=True))

    assert b"".join(posted(user, view)) == b"BBC OneStaged"


def test_staging_never_waits_for_a_writer_of_the_main_database(visitor: Client, draft: Draft) -> None:
    channel = Channel.objects.get()
    visitor.get("/channels/", **HTMX)  # the sign-in is renewed by a write at the first visit
    importer = sqlite3.connect(main_database(), isolation_level=None)
    importer.execute("BEGIN IMMEDIATE")
    try:
        answer = visitor.post(f"/channels/{channel.pk}/name/", {"value": "BBC Two"}, **HTMX)
        assert toasts_of(answer)[0]["text"].startswith("Renamed")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(main_database(), isolation_level=None, timeout=0).execute("BEGIN IMMEDIATE")
    finally:
        importer.execute("ROLLBACK")
        importer.close()
    assert len(steps_of(draft)) == 1


def test_a_page_shows_the_draft_while_a_long_step_is_being_taken(visitor: Client, draft: Draft) -> None:
    busy = sqlite3.connect(path_of(draft.file_name), isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    try:
        make_channel("New on the server")
        assert visitor.get("/channels/").status_code == 200
    finally:
        busy.execute("ROLLBACK")
        busy.close()
    assert b"New on the server" in visitor.get("/channels/tree/?open=0", **HTMX).content


def test_a_full_disk_is_told_and_nothing_is_lost(user: Any, draft: Draft) -> None:
    with record(draft):
        create_channel(CreateChannel({"name": "Kept"}))
    told = Messages()

    def view(request: HttpRequest) -> HttpResponse:
        nonlocal told
        told = request._messages  # type: ignore[attr-defined]
        create_channel(CreateChannel({"name": "Half"}))
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite then says what it says on a full disk
            cursor.execute("CREATE TABLE big(value)")
            cursor.execute("INSERT INTO big VALUES (randomblob(10000000))")
        return HttpResponse()

    assert posted(user, view).status_code == 204
    assert "disk is full" in told[0]
    with working_in(draft):
        assert set(Channel.objects.values_list("name", flat=True)) == {"BBC One", "Kept"}
    assert len(steps_of(draft)) == 1


@pytest.mark.parametrize("damage", ["gone", "garbage", "cut"])
def test_a_draft_that_cannot_be_read_is_said_and_can_be_discarded(
    visitor: Client, user: Any, draft: Draft, damage: str
) -> None:
    path = path_of(draft.file_name)
    if damage == "gone":
        path.unlink()
    elif damage == "garbage":
        path.write_bytes(os.urandom(4096))
    else:
        path.write_bytes(path.read_bytes()[:5000])
    answer = visitor.get("/channels/")
    assert answer.status_code == 409
    assert b"Discard the draft" in answer.content
    assert visitor.post(f"/channels/{Channel.objects.get().pk}/name/", {"value": "X"}, **HTMX).headers["HX-Refresh"] == "true"
    assert Channel.objects.get().name == "BBC One"
    visitor.post("/channels/draft/exit/discard/")
    assert unfinished_draft(user) is None
    assert visitor.get("/channels/").status_code == 200


def test_a_draft_that_is_being_applied_cannot_be_edited(visitor: Client, draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.COMMITTING)
    with working_in(draft):
        before = DraftStep.objects.count()
    from channels_app.drafts import steps

    with working_in(draft), pytest.raises(steps.DraftBusy, match="being applied"), steps.step():
        pass
    with working_in(draft):
        assert DraftStep.objects.count() == before
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.OPEN)


def test_a_page_from_before_edit_mode_edits_nothing(visitor: Client, user: Any, draft: Draft) -> None:
    channel = Channel.objects.get()
    for shown in ("0", str(draft.pk + 1)):
        answer = visitor.post(f"/channels/{channel.pk}/name/", {"value": "X"}, **HTMX, HTTP_X_DRAFT=shown)
        assert answer.headers["HX-Refresh"] == "true"
    assert visitor.post(f"/channels/{channel.pk}/name/", {"value": "Y"}, **HTMX, HTTP_X_DRAFT=str(draft.pk)).status_code == 204
    discard(draft)
    answer = visitor.post(f"/channels/{channel.pk}/name/", {"value": "Z"}, **HTMX, HTTP_X_DRAFT=str(draft.pk))
    assert answer.headers["HX-Refresh"] == "true"
    assert Channel.objects.get().name == "BBC One"


def test_a_person_has_one_draft_and_goes_on_with_it(user: Any, draft: Draft) -> None:
    assert open_draft(user) == draft
    put_aside(draft)
    assert active_draft(user) is None
    assert open_draft(user) == draft
    assert active_draft(user) == draft
    assert discard(draft)
    assert not discard(draft)
    assert not path_of(draft.file_name).exists()


def test_new_rows_have_ids_that_the_main_database_never_reaches(draft: Draft) -> None:
    with record(draft):
        made = create_channel(CreateChannel({"name": "New"})).channel_ids
    assert made == [FIRST_TEMPORARY_ID]
    assert path_of(draft.file_name).stat().st_mode & 0o777 == 0o600


def test_a_process_killed_in_the_middle_of_a_step_leaves_the_last_whole_one(draft: Draft) -> None:
    with record(draft):
        create_channel(CreateChannel({"name": "Whole"}))
    connections.close_all()
    child = os.fork()
    if not child:  # pragma: no cover - the child ends here
        with record(draft):
            create_channel(CreateChannel({"name": "Half"}))
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert len(steps_of(draft)) == 1
    with record(draft):
        create_channel(CreateChannel({"name": "After"}))
    with working_in(draft):
        assert set(Channel.objects.values_list("name", flat=True)) == {"BBC One", "Whole", "After"}
