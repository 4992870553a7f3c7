"""CSV import, hidden groups and custom streams with a real browser: dialogs open, tell, and the panes follow."""

from pathlib import Path
from typing import Any

import pytest

from channels_app.models import Channel, HiddenGroup
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from channels_app.tests.test_manager_browser import eventually, open_manager, unfold
from m3u_app.models import Stream, StreamGroup
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def choose(page: Any, entry: str) -> Any:
    """Open a dialog from the left pane's own menu."""
    page.locator("#channel-tools").click()
    page.get_by_role("menuitem", name=entry).click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".dialog-body").wait_for()
    return dialog


def test_a_file_is_looked_at_compared_and_imported(at_work: Any, site: Site, tmp_path: Path) -> None:
    group = make_group("Sports")
    make_channel("ESPN", "101", group=group)
    file = tmp_path / "list.csv"
    file.write_text("channel_number,name,group_name\n101,ESPN HD,Sports\n102,Golf,Sports\nabc,Bad,Sports\n", encoding="utf-8")
    open_manager(at_work, site)
    dialog = choose(at_work, "Import CSV")
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Show what it would do").click()
    dialog.get_by_text("2 new").wait_for()
    dialog.get_by_text("Line 4:").wait_for()
    dialog.get_by_label("Update channels that exist").check()
    dialog.get_by_text("1 changed").wait_for()
    dialog.get_by_role("button", name="Import 2 channels").click()
    at_work.locator("dialog[open]").wait_for(state="detached")
    eventually(at_work, lambda: set(Channel.objects.values_list("name", flat=True)), {"ESPN HD", "Golf"})
    unfold(at_work, f"#g{group.pk}")
    at_work.locator("#channel-tree").get_by_text("Golf", exact=True).wait_for()


def test_a_group_of_auto_sync_is_hidden_from_its_menu_and_comes_back(at_work: Any, site: Site) -> None:
    make_streams(["a"], group="Provider group")
    StreamGroup.objects.update(auto_channel_sync=True, enabled=True)
    group = make_group("Provider group")
    make_channel("A", "1", group=group)
    open_manager(at_work, site)
    head = at_work.locator(f"#gh{group.pk}")
    head.locator(".cm-dots").click()
    at_work.get_by_role("menuitem", name="Hide…").click()
    at_work.get_by_role("dialog").get_by_role("button", name="Hide group").click()
    head.wait_for(state="detached")
    assert HiddenGroup.objects.count() == 1
    choose(at_work, "Hidden groups").get_by_role("button", name="Restore Provider group").click()
    head.wait_for()


def test_a_custom_stream_is_made_and_appears_in_the_right_pane(at_work: Any, site: Site) -> None:
    open_manager(at_work, site)
    at_work.get_by_role("link", name="New custom stream").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Garden camera")
    dialog.get_by_label("Address", exact=False).first.fill("file:///etc/passwd")
    dialog.get_by_role("button", name="Create stream").click()
    dialog.get_by_text("Use a whole address").wait_for()
    dialog.get_by_label("Address", exact=False).first.fill("rtsp://cam.local/live")
    dialog.get_by_role("button", name="Create stream").click()
    at_work.locator("#stream-tree").get_by_text("Custom streams").wait_for()
    stream = Stream.objects.get(is_custom=True)
    at_work.locator("#stream-search").fill("garden")
    row = at_work.locator(f"#s{stream.pk}")
    row.get_by_text("custom", exact=True).wait_for()
    row.locator(".cm-dots").click()
    at_work.get_by_role("menuitem", name="Delete custom stream").click()
    at_work.get_by_role("dialog").get_by_role("button", name="Delete stream").click()
    row.wait_for(state="detached")
