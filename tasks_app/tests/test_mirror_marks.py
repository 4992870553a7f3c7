"""The header's mark of the server, and marks beside rows: right figures, one query, a small one without a server."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.mirror_pages.header import ANOTHER, MOVED, NO_ADDRESS, NO_WORKER, ServerMark, server_mark
from tasks_app.mirror_pages.waits import waiting_rows
from tasks_app.models import MirrorPull, MirrorState, OutboxEntry, OutboxState, WorkerBeat

pytestmark = pytest.mark.django_db

TAG = Template('{% load mirror %}{% for id in ids %}<p id="{{ id }}">{% waits_for_server "channel" id %}</p>{% endfor %}')


@pytest.fixture
def connected() -> MirrorState:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    WorkerBeat.objects.create(worker="one", started_at=timezone.now(), seen_at=timezone.now())
    return MirrorState.objects.create(pk=1, connected=True, address="http://192.0.2.1:9191")


def entries(*states: str, first: int = 1) -> None:
    OutboxEntry.objects.bulk_create(
        OutboxEntry(kind="channel", local_id=number, name=f"Row {number}", state=state)
        for number, state in enumerate(states, start=first)
    )


WAITING, PARKED, CONFLICT = OutboxState.WAITING, OutboxState.PARKED, OutboxState.CONFLICT


def test_without_a_server_there_is_no_mark_and_one_small_query(django_assert_num_queries: Any) -> None:
    MirrorState.objects.create(pk=1)
    with django_assert_num_queries(1) as asked:
        assert server_mark() is None
    assert "outbox" not in asked.captured_queries[0]["sql"]


def test_a_mirrored_server_whose_address_is_gone_is_told_on_every_page(connected: MirrorState, client: Client) -> None:
    save_settings(dispatcharr_url="")  # a file edited by hand, or a backup that was put back
    entries(WAITING)
    assert server_mark() == ServerMark(waiting=1, stopped=NO_ADDRESS)
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    page = client.get("/journal/").content.decode()
    assert f"1 change waits for delivery. {NO_ADDRESS}" in page
    assert 'href="/server/"' in page
    assert "/server/queue/" in client.get("/find/?q=conflicts").content.decode()
    assert "server-live" in client.get("/").content.decode()


def test_an_address_alone_is_no_connection() -> None:
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    assert server_mark() is None


@pytest.mark.parametrize("rows", [0, 1, 400])
def test_the_figures_cost_one_query_however_much_waits(
    connected: MirrorState, django_assert_num_queries: Any, rows: int
) -> None:
    entries(*[WAITING] * rows, PARKED, CONFLICT)
    MirrorPull.objects.create(kind="stream", held_back={"count": 20})
    MirrorPull.objects.create(kind="channel")
    with django_assert_num_queries(1):
        assert server_mark() == ServerMark(waiting=rows, conflicts=1, parked=1, questions=1)


def test_an_open_page_looks_again_soon_while_something_is_on_its_way() -> None:
    assert ServerMark(waiting=2).ask_again < ServerMark().ask_again
    assert ServerMark(waiting=2, trouble="It is down.").ask_again == ServerMark().ask_again


def test_changes_that_nobody_delivers_are_told_as_such(connected: MirrorState) -> None:
    def said() -> str:
        mark = server_mark()
        assert mark is not None
        return mark.stopped

    assert said() == ""
    WorkerBeat.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    assert said() == "", "while nothing waits, the heart in the header tells it"
    entries(WAITING)
    assert said() == NO_WORKER
    WorkerBeat.objects.update(seen_at=timezone.now())
    assert said() == ""
    MirrorState.objects.update(doubt={"at": "2026-01-01T00:00:00+00:00", "address": "http://192.0.2.1:9191", "marks": {}})
    assert said() == ANOTHER
    save_settings(dispatcharr_url="http://192.0.2.2:9191")
    assert said() == MOVED


def test_the_mark_hides_passwords_of_what_the_server_said(connected: MirrorState, client: Client) -> None:
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    MirrorState.objects.update(trouble="http://joe:secret@h/ refused")
    page = client.get("/server/mark/").content.decode()
    assert "Syncing waits" in page
    assert "joe:secret" not in page


def test_one_page_asks_once(connected: MirrorState, django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/")
    with django_assert_num_queries(1):
        assert server_mark(request) is server_mark(request)


@pytest.mark.parametrize(
    ("mark", "badge", "words", "is_shown"),
    [
        (ServerMark(), "", "nothing waits", False),
        (ServerMark(1), "1", "1 change waits for delivery", True),
        (ServerMark(1204), "99+", "1,204 changes wait for delivery", True),
        (ServerMark(2, 1), "1", "2 changes wait for delivery, 1 needs an answer", True),
        (ServerMark(conflicts=1, questions=1, trouble="Gone"), "2", "2 need an answer. Syncing waits: Gone", True),
        (ServerMark(trouble="Gone"), "", "nothing waits. Syncing waits: Gone", True),
        (ServerMark(1, stopped=NO_WORKER), "1", f"1 change waits for delivery. {NO_WORKER}", True),
        (ServerMark(1, trouble="Gone", stopped=MOVED), "1", f"1 change waits for delivery. {MOVED}", True),
    ],
)
def test_the_mark_says_what_is_urgent(mark: ServerMark, badge: str, words: str, is_shown: bool) -> None:
    assert (mark.badge, mark.words, mark.is_shown) == (badge, words, is_shown)


@pytest.mark.parametrize(
    ("mark", "address"),
    [
        (ServerMark(3), "/server/queue/"),
        (ServerMark(3, 1, 1, 1), "/server/queue/?state=conflict"),
        (ServerMark(3, 0, 1, 1), "/server/queue/?state=parked"),
        (ServerMark(3, 0, 0, 1), "/server/"),
        (ServerMark(trouble="Gone."), "/server/"),
    ],
)
def test_the_mark_leads_to_what_is_to_be_done(mark: ServerMark, address: str) -> None:
    assert mark.leads_to == address


def test_pages_have_the_mark_and_the_menu_entry_only_while_connected(client: Client) -> None:
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    page = client.get("/journal/").content.decode()
    assert "server-mark" not in page.replace("server_mark.css", "")
    assert 'href="/server/"' not in page
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    MirrorState.objects.create(pk=1, connected=True)
    entries(WAITING, WAITING)
    page = client.get("/journal/").content.decode()
    assert 'href="/server/"' in page
    assert "Server: 2 changes wait for delivery" in page


def test_ctrl_k_finds_the_pages_only_while_connected(client: Client) -> None:
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    assert "/server/queue/" not in client.get("/find/?q=conflicts").content.decode()
    save_settings(dispatcharr_url="http://192.0.2.1:9191")
    MirrorState.objects.create(pk=1, connected=True)
    assert "/server/queue/" in client.get("/find/?q=conflicts").content.decode()


def test_an_open_page_gets_the_mark_only_when_it_changed(connected: MirrorState, client: Client) -> None:
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    entries(WAITING)
    mark = server_mark()
    assert mark is not None
    assert client.get(f"/server/mark/?seen={mark.token}").status_code == 204
    entries(CONFLICT, first=2)
    answer = client.get(f"/server/mark/?seen={mark.token}")
    assert "1 needs an answer" in answer.content.decode()
    MirrorState.objects.update(connected=False)
    assert client.get("/server/mark/?seen=1-1-0-0-").content.decode().strip() == ""


def test_marks_beside_rows_cost_one_query_for_a_page(django_assert_num_queries: Any) -> None:
    entries(WAITING, PARKED, CONFLICT)
    with django_assert_num_queries(1):
        waits = waiting_rows({"channel": range(1, 2000), "account": [1]})
        html = TAG.render(Context({"ids": range(1, 500), "waits": waits}))
    assert html.count("server-waits-waiting") == html.count("server-waits-parked") == html.count("server-waits-conflict") == 1
    assert len(waits) == 3


def test_rows_of_another_kind_with_the_same_id_have_no_mark() -> None:
    entries(WAITING)
    assert waiting_rows({"account": [1]}).of("account", 1) is None


def test_a_page_about_one_row_needs_no_view_that_asks(django_assert_num_queries: Any) -> None:
    entries(WAITING)
    with django_assert_num_queries(1):
        assert "server-waits-waiting" in TAG.render(Context({"ids": [1]}))


def test_no_rows_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert len(waiting_rows({"account": []})) == 0


def test_reasons_are_escaped_and_hold_no_credentials() -> None:
    OutboxEntry.objects.create(
        kind="channel", local_id=1, state=PARKED, reason='<b>"no"</b> http://u:secret@host/?password=mellon'
    )
    html = TAG.render(Context({"ids": [1]}))
    assert "<b>" not in html
    assert "secret" not in html
    assert "mellon" not in html
