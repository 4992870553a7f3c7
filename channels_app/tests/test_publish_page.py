"""The publishing page: state, settings, tokens, tuner check."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.models import OutputToken
from channels_app.publishing import check_tuner as checking
from channels_app.publishing.change_output import change_output, undo_change
from channels_app.publishing.check_tuner import check_tuner
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, change, published
from ecm_site.conf import get_settings
from tasks_app import engine
from tasks_app.models import JournalEntry, RunRequest, TaskRun
from tasks_app.undo import UndoConflict, foresee_conflict

__all__ = ["published"]


@pytest.fixture
def operator(published: Published) -> Client:
    published.client.force_login(User.objects.create_superuser("alice"))
    return published.client


SETTINGS = {"output_access": "token", "public_base_url": "http://192.168.1.10:6100/", "output_tvg_id_source": "gracenote"}


def test_before_the_first_publish_the_page_says_what_to_do(operator: Client) -> None:
    text = operator.get("/publishing/").content.decode()
    assert "Nothing is published yet" in text
    assert "http://testserver/output/m3u" in text
    assert "http://testserver/hdhr" in text
    assert "/output/epg.xml?tvg_id_source=channel_number" in text


def test_the_page_shows_what_was_published_and_what_was_left_out(operator: Client, published: Published) -> None:
    hostile = "<script>alert(1)</script>"
    first, second, third = make_streams(["A", "B", "C"])
    entry = make_entry("a")
    make_channel("Alpha", "1", streams=[first], guide_entry=entry, tvg_id="a")
    make_channel("Twin", "1", streams=[second], tvg_id="a", guide_entry=make_entry("b"))
    make_channel("Unnumbered", None, streams=[third])
    make_channel(hostile, "9")
    make_channel("Hidden", "10", is_hidden=True)
    add_programme(entry, "Film", begins=0)
    published.publish()
    text = operator.get("/publishing/").content.decode()
    assert "1 left out" in text
    assert "&lt;script&gt;alert(1)" in text
    assert hostile not in text
    assert "and 1 hidden" in text
    for finding in (
        "No number.",
        "used by an earlier channel",
        "No guide entry",
        "no programmes for the coming days",
        "Shares its guide id",
    ):
        assert finding in text


def test_the_page_costs_the_same_however_large_the_lineup(operator: Client, published: Published) -> None:
    for name in ("a", "b"):
        make_channel(name, None, streams=make_streams([name]))
    published.publish()
    operator.get("/publishing/")  # the first page after signing in also writes the session
    with CaptureQueriesContext(connection) as few:
        operator.get("/publishing/")
    for number in range(40):
        make_channel(f"c{number}", None, streams=make_streams([f"s{number}"]))
    published.publish()
    with CaptureQueriesContext(connection) as many:
        text = operator.get("/publishing/").content.decode()
    assert "and others" in text
    assert len(many) == len(few)


def test_settings_are_saved_journalled_and_undone(
    operator: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    answer = operator.post("/publishing/settings/", SETTINGS)
    assert answer.status_code == 302
    current = get_settings()
    assert (current.output_access, current.public_base_url) == ("token", "http://192.168.1.10:6100")
    assert current.output_tvg_id_source == "gracenote"
    assert RunRequest.objects.filter(task_id="publish_lineup").exists()
    entry = JournalEntry.objects.get(category="output", action_type="update")
    assert entry.before_value == {"output_access": "lan", "public_base_url": "", "output_tvg_id_source": "tvg_id"}
    assert entry.undoable
    assert foresee_conflict(entry) == ""
    assert get_settings().output_access == "token", "looking whether it can be undone must not do it"
    with django_capture_on_commit_callbacks(execute=True):
        undo_change(entry)
    assert get_settings().output_access == "lan"
    with pytest.raises(UndoConflict, match="who may fetch it"):
        undo_change(entry)


def test_saving_without_a_change_writes_nothing(operator: Client) -> None:
    assert change_output({"output_access": "lan"}) is None
    assert not JournalEntry.objects.exists()
    with pytest.raises(ValueError, match="time_zone: not an output setting"):
        change_output({"time_zone": "UTC"})


def test_changing_access_alone_needs_no_new_files(operator: Client) -> None:
    change_output({"output_access": "open"})
    assert not RunRequest.objects.exists()
    assert "Everybody who reaches this server" in operator.get("/publishing/").content.decode()


@pytest.mark.parametrize(
    "address", ["tv.example", "ftp://tv.example", "http://user:pw@tv", "http://tv/?x=1", 'http://tv"/', "http://tv/a b"]
)
def test_a_public_address_that_cannot_be_is_refused_beside_the_field(operator: Client, address: str) -> None:
    answer = operator.post("/publishing/settings/", {**SETTINGS, "public_base_url": address})
    assert answer.status_code == 422
    assert "Use a form such as http://192.168.1.10:6100" in answer.content.decode()
    assert get_settings().output_access == "lan"


def test_a_token_is_shown_once(operator: Client, published: Published) -> None:
    answer = operator.post("/publishing/tokens/add/", {"label": "Kodi <b>"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    token = OutputToken.objects.get()
    found = text.split('id="address-token" value="')[1].split('"')[0]
    assert f"http://testserver/t/{found}/output/m3u" in text
    assert "Kodi &lt;b&gt;" in text
    page = operator.get("/publishing/").content.decode()
    assert found not in page
    assert "Kodi &lt;b&gt;" in page
    assert "tokens:changed" in answer["HX-Trigger-After-Swap"]
    asked = operator.get(f"/publishing/tokens/{token.pk}/revoke/", headers={"HX-Request": "true"}).content.decode()
    assert "It was never used." in asked
    assert OutputToken.objects.exists()
    assert operator.post(f"/publishing/tokens/{token.pk}/revoke/").status_code == 302
    assert not OutputToken.objects.exists()
    assert operator.post(f"/publishing/tokens/{token.pk}/revoke/").status_code == 302
    assert operator.get(f"/publishing/tokens/{token.pk}/revoke/").status_code == 302


def test_a_token_needs_a_name(operator: Client) -> None:
    answer = operator.post("/publishing/tokens/add/", {"label": " "}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Give the token a name" in answer.content.decode()
    assert operator.get("/publishing/tokens/add/").status_code == 200


def test_with_token_access_the_addresses_show_where_the_token_goes(operator: Client) -> None:
    change(output_access="token")
    assert "http://testserver/t/YOUR-TOKEN/output/m3u" in operator.get("/publishing/").content.decode()


def test_a_loopback_address_is_explained(operator: Client) -> None:
    text = operator.get("/publishing/", headers={"Host": "127.0.0.1:6100"}).content.decode()
    assert "so other devices cannot use it" in text
    assert "so other devices cannot use it" not in operator.get("/publishing/").content.decode()


def test_publish_now_starts_one_run_and_shows_its_progress(operator: Client) -> None:
    answer = operator.post("/publishing/publish/", headers={"HX-Request": "true"})
    run = TaskRun.objects.get()
    assert run.task_id == "publish_lineup"
    assert f'id="run-progress-{run.pk}"' in answer.content.decode()
    again = operator.post("/publishing/publish/", headers={"HX-Request": "true"})
    assert "being published already" in again["HX-Trigger"]
    assert TaskRun.objects.count() == 1
    assert operator.post("/publishing/publish/").status_code == 302
    engine.request_cancel(run.pk)
    assert operator.get("/publishing/state/").status_code == 200


def test_a_failed_publish_is_shown(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app.publishing import tasks

    monkeypatch.setattr(tasks, "publish_lineup", lambda **_: (_ for _ in ()).throw(OSError("disk on fire")))
    run = engine.run_here("publish_lineup")
    assert run.status == "failed"
    assert "disk on fire" in operator.get("/publishing/").content.decode()


def test_strangers_see_nothing(published: Published) -> None:
    User.objects.create_superuser("alice")
    for address in ("/publishing/", "/publishing/state/", "/publishing/tokens/", "/publishing/tokens/add/"):
        assert published.get(address).status_code == 302
    assert published.client.post("/publishing/publish/").status_code == 302
    assert not TaskRun.objects.exists()


# --- tuner check ------------------------------------------------------------------------------------------------------
class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        return None


@pytest.fixture
def base(published: Published, settings: Any, transactional_db: None) -> Iterator[str]:
    """This very server, listening on its own port, which the fetcher refuses otherwise."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        settings.ECM_PORT = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_check_passes_on_a_good_tuner(base: str, published: Published) -> None:
    make_channel("Alpha", "1", streams=make_streams(["A"]))
    published.publish()
    assert [(check.name, check.passed) for check in check_tuner(base)] == [
        ("discover.json", True), ("lineup_status.json", True), ("lineup.json", True), ("device.xml", True),
        ("Guide with numbers as ids", True),
    ]  # fmt: skip


def test_the_check_works_with_token_access_and_leaves_no_token(base: str, published: Published) -> None:
    make_channel("Alpha", "1", streams=make_streams(["A"]))
    published.publish()
    change(output_access="token")
    assert all(check.passed for check in check_tuner(base))
    assert not OutputToken.objects.exists()


def test_the_check_names_what_is_wrong(base: str, published: Published) -> None:
    published.publish()
    checks = {check.name: check for check in check_tuner(base)}
    assert not checks["lineup.json"].passed
    assert "The list is empty" in checks["lineup.json"].detail
    change(public_base_url="http://elsewhere.example")
    checks = {check.name: check for check in check_tuner(base)}
    assert "differs from the one asked" in checks["discover.json"].detail


def test_the_check_says_when_nobody_answers(published: Published, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    change(public_base_url="http://127.0.0.1:9")
    answer = operator.post("/publishing/check-tuner/", headers={"HX-Request": "true"})
    assert answer.content.decode().count("refused the connection on port 9") == 5
    assert operator.post("/publishing/check-tuner/").status_code == 200
    monkeypatch.setattr(checking, "get_json", lambda *_args, **_options: {"DeviceID": "12345678"})
    assert "Something else than this ECM answers" in operator.post("/publishing/check-tuner/").content.decode()


def test_who_is_no_administrator_looks_but_changes_neither_access_nor_tokens(operator: Client) -> None:
    operator.post("/publishing/settings/", SETTINGS)
    operator.post("/publishing/tokens/add/", {"label": "TV"})
    token = OutputToken.objects.get()
    bob = Client()
    bob.force_login(User.objects.create_user("bob"))
    assert bob.get("/publishing/").status_code == 200
    addresses = ("settings/", "tokens/add/", f"tokens/{token.pk}/revoke/")
    assert [bob.post(f"/publishing/{address}", {**SETTINGS, "label": "x"}).status_code for address in addresses] == [403] * 3
    changed = JournalEntry.objects.get(category="output", action_type="update", entity_type="output_settings")
    assert bob.post(f"/journal/{changed.pk}/undo/").status_code == 403
    assert get_settings().output_access == "token"
    assert OutputToken.objects.count() == 1
