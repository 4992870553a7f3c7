"""The account pages in a real browser: dialog, keyboard, live rows, choosing groups over several pages, narrow screens."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from m3u_app.models import Account
from m3u_app.request_refresh import request_refresh
from m3u_app.tests.account_samples import make_account, make_groups, make_streams, make_xtream
from m3u_app.tests.fake_servers import FakePanel, serving
from tasks_app import queueing
from tasks_app.models import RunStatus, TaskRun
from tasks_app.process_identity import own_identity
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

PANEL = FakePanel(
    categories=[{"category_id": "1", "category_name": "News"}, {"category_id": "2", "category_name": "Kids"}],
    streams=[{"stream_id": index, "name": f"Channel {index}", "category_id": str(index % 2 + 1)} for index in range(40)],
    user_info={"exp_date": None},
)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda run_id: True)


def row(page: Any, name: str) -> Any:
    return page.locator("#account-list tbody tr").filter(has_text=name)


def test_an_account_is_added_by_keyboard(at_work: Any, site: Site, inline_tasks: None) -> None:
    with serving(PANEL) as panel:
        at_work.goto(site.url("/m3u/"))
        at_work.get_by_role("link", name="Add account").first.focus()
        at_work.keyboard.press("Enter")
        dialog = at_work.get_by_role("dialog", name="Add account")
        dialog.wait_for()
        at_work.keyboard.type("My panel")
        dialog.get_by_role("button", name="Xtream Codes").focus()
        at_work.keyboard.press("Enter")
        dialog.get_by_label("Password").wait_for()
        assert dialog.get_by_label("Name", exact=True).input_value() == "My panel"
        dialog.get_by_label("Server address").fill(panel.address)
        dialog.get_by_label("User name").fill("alice")
        dialog.get_by_label("Password").fill("wrong")
        dialog.get_by_role("button", name="Test").click()
        dialog.get_by_text("Login failed").wait_for()
        dialog.get_by_label("Password").fill("s3cret-pass")
        dialog.get_by_role("button", name="Test").click()
        dialog.get_by_text("The login works.").wait_for()
        dialog.get_by_label("Password").focus()
        at_work.keyboard.press("Enter")  # saves, and does not press the first button of the form
        dialog.wait_for(state="hidden")
        row(at_work, "My panel").get_by_text("Ready", exact=True).wait_for()
    assert "40" in row(at_work, "My panel").inner_text()
    assert "s3cret-pass" not in at_work.content()
    assert Account.objects.get().password == "s3cret-pass"


def test_errors_stay_in_the_dialog_with_the_cursor_on_the_first(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("link", name="Add account").first.click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Playlist address").fill("ftp://x")
    dialog.get_by_role("button", name="Add account").click()
    dialog.locator("#id_name.is-invalid:focus").wait_for()
    assert "must start with http" in dialog.locator("#id_server_url_error").inner_text()
    assert not Account.objects.exists()


def test_a_chosen_file_clears_the_address(at_work: Any, site: Site, inline_tasks: None) -> None:
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("link", name="Add account").first.click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("From a file")
    dialog.get_by_label("Playlist address").fill("http://tv.example/x.m3u")
    content = b'#EXTM3U\n#EXTINF:-1 group-title="G",Alpha\nhttp://h/a.ts\n'
    dialog.get_by_label("Playlist file").set_input_files([{"name": "l.m3u", "mimeType": "audio/x-mpegurl", "buffer": content}])
    assert dialog.get_by_label("Playlist address").input_value() == ""
    dialog.get_by_role("button", name="Add account").click()
    row(at_work, "From a file").get_by_text("Ready", exact=True).wait_for()
    assert Account.objects.get().stream_count == 1


def test_refresh_now_is_asked_only_when_the_source_was_touched(at_work: Any, site: Site) -> None:
    account = make_xtream()
    at_work.goto(site.url(f"/m3u/{account.pk}/edit/"))
    question = at_work.get_by_label("Refresh now")
    expect(question).not_to_be_visible()
    at_work.get_by_label("User name").fill("bob")
    question.wait_for(state="visible")
    expect(question).to_be_checked()


def test_a_busy_row_lives_and_the_page_falls_silent_afterwards(at_work: Any, site: Site, no_worker: None) -> None:
    account = make_account("Acme")
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("button", name="Refresh Acme").click()
    row(at_work, "Acme").get_by_text("Waiting for a free worker").wait_for()
    now = timezone.now()
    run = TaskRun.objects.get()
    alive = {"status": RunStatus.RUNNING, "worker": own_identity(), "started_at": now, "heartbeat_at": now}
    TaskRun.objects.filter(pk=run.pk).update(
        **alive,
        phase="Downloading",
        phase_started_at=now,
        current=3_000_000,
        total=6_000_000,
        current_item="900 KB/s, 4 s left",
    )
    Account.objects.filter(pk=account.pk).update(status="fetching")
    row(at_work, "Acme").get_by_text("Downloading…").wait_for()
    row(at_work, "Acme").get_by_text("900 KB/s, 4 s left").wait_for()
    cancel = at_work.get_by_role("button", name="Cancel the refresh of Acme")
    cancel.click()
    at_work.get_by_text("Stopping the refresh of “Acme”.").wait_for()
    run.refresh_from_db()
    assert run.cancel_requested
    Account.objects.filter(pk=account.pk).update(status="success")
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.CANCELLED)
    row(at_work, "Acme").get_by_text("Ready", exact=True).wait_for()
    asked: list[str] = []
    at_work.on("request", lambda request: asked.append(request.url) if "/m3u/" in request.url else None)
    at_work.wait_for_timeout(4500)
    assert asked == []
    expect(at_work.get_by_role("button", name="Refresh all")).to_be_enabled()


def test_switching_keeps_the_focus_and_can_be_undone(at_work: Any, site: Site) -> None:
    account = make_account("Acme")
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("button", name="Disable Acme").focus()
    at_work.keyboard.press("Enter")
    at_work.get_by_role("button", name="Enable Acme").wait_for()
    at_work.locator(f"#toggle-{account.pk}:focus").wait_for()
    at_work.get_by_role("button", name="Undo").click()
    at_work.get_by_role("button", name="Disable Acme").wait_for()
    account.refresh_from_db()
    assert account.is_active


def test_groups_are_chosen_over_pages_and_searches_and_saved_at_once(at_work: Any, site: Site) -> None:
    account = make_account("Acme")
    make_groups(account, *(f"UK | Sports {index}" for index in range(150)), *(f"DE | Kino {index}" for index in range(60)))
    posts: list[str] = []
    at_work.on("request", lambda request: posts.append(request.post_data or "") if request.method == "POST" else None)
    at_work.goto(site.url(f"/m3u/{account.pk}/groups/"))
    boxes = at_work.locator("input[name=enabled]")
    save = at_work.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    at_work.get_by_role("button", name="Disable all").click()
    expect(at_work.locator("input[name=enabled]:checked")).to_have_count(0)
    at_work.get_by_label("Find a group").fill("kino")
    at_work.get_by_text("showing 60").wait_for()
    at_work.get_by_role("button", name="Enable these 60").click()
    boxes.first.focus()
    at_work.keyboard.press("Space")
    expect(at_work.locator("input[name=enabled]:checked")).to_have_count(59)
    at_work.get_by_label("Find a group").fill("")
    at_work.get_by_role("link", name="Next").click()
    at_work.get_by_text("Page 2 of 3").wait_for()
    expect(at_work.locator("input[name=enabled]:checked")).to_have_count(0)
    boxes.nth(4).check()
    assert posts == []
    save.click()
    at_work.get_by_text("Saved. What is imported changes with the next refresh.").wait_for()
    assert len(posts) == 1
    assert len(posts[0]) < 1000
    kept = set(account.groups.filter(enabled=True).values_list("name", flat=True))
    assert kept - {f"DE | Kino {index}" for index in range(1, 60)} == {"UK | Sports 44"}
    assert len(kept) == 60
    expect(save).to_be_disabled()


def test_leaving_with_unsaved_switches_asks(at_work: Any, site: Site) -> None:
    account = make_account("Acme")
    make_groups(account, "News", "Kids")
    at_work.goto(site.url(f"/m3u/{account.pk}/groups/"))
    at_work.locator("input[name=enabled]").first.uncheck()
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    at_work.on("dialog", stay)
    at_work.get_by_role("link", name="All accounts").click()
    at_work.wait_for_url(re.compile(r"/m3u/$"))
    assert asked == ["beforeunload"]


def test_deleting_asks_first_and_escape_keeps_everything(at_work: Any, site: Site) -> None:
    account = make_account("Acme")
    make_streams(account, make_groups(account, "News")[0], 3)
    at_work.goto(site.url("/m3u/"))
    at_work.get_by_role("link", name="Delete Acme").click()
    dialog = at_work.get_by_role("dialog", name="Delete “Acme”?")
    dialog.get_by_text("3 streams").wait_for()
    assert at_work.evaluate("document.activeElement.textContent").strip() == "Keep it"
    at_work.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert Account.objects.exists()
    at_work.get_by_role("link", name="Delete Acme").click()
    dialog.get_by_role("button", name="Delete").click()
    at_work.get_by_text("No provider yet").wait_for()
    assert not Account.objects.exists()


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_sticks_out_on_any_width(width: int, at_work: Any, site: Site, no_worker: None) -> None:
    long_name = "Averyveryverylongproviderwithoutanyspaces" * 5
    account = make_account(
        long_name,
        status="error",
        last_message="x" * 3000,
        server_url="http://tv.example/" + "a" * 2000,
        held_back={"before": 10**6, "after": 1, "groups": [{"name": "g" * 250, "before": 10**6, "after": 0}]},
        playlist_header={"guides": ["http://epg.example/" + "b" * 500]},
        last_report={"streams_total": 10**9, "dropped": {"bad_url": 10**9}, "samples": {"bad_url": [[1, "y" * 160]]}},
    )
    group = make_groups(account, "z" * 250, is_stale=True)[0]
    make_streams(account, group, 2, is_stale=True, last_seen=timezone.now())
    request_refresh(account.pk)
    at_work.set_viewport_size({"width": width, "height": 900})
    for part in ("", f"{account.pk}/", f"{account.pk}/groups/", f"{account.pk}/edit/", f"{account.pk}/delete/", "add/"):
        at_work.goto(site.url(f"/m3u/{part}"))
        assert at_work.evaluate("document.documentElement.scrollWidth") <= width, part
    Account.objects.filter(pk=account.pk).update(is_active=True)
    at_work.goto(site.url(f"/m3u/{account.pk}/held-back/"))
    assert at_work.evaluate("document.documentElement.scrollWidth") <= width
