"""Enter in the forms of the lineup does the expected thing: it presses no button that happens to stand first."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, make_streams, numbers_of
from channels_app.tests.test_group_csv_browser import choose
from channels_app.tests.test_manager_browser import open_manager, says, unfold
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_enter_agrees_to_numbers_also_below_a_long_preview(at_work: Any, site: Site) -> None:
    group = make_group("News")
    make_channels(group, **{letter: str(number) for number, letter in enumerate("ABCDEFGH", 1)})
    open_manager(at_work, site)
    at_work.locator(f"#gh{group.pk} .cm-dots").click()
    at_work.get_by_role("menuitem", name="Sort & renumber").click()
    dialog = at_work.get_by_role("dialog")
    dialog.locator("#id_start").fill("10")
    dialog.get_by_text("8 channels: 10–17").wait_for()
    dialog.get_by_role("button", name="Show all").click()
    dialog.get_by_role("region", name="All changes").wait_for()
    expect(dialog.locator("#id_start")).to_have_value("10")
    dialog.locator("#id_start").fill("20")
    dialog.get_by_text("8 channels: 20–27").wait_for()
    at_work.keyboard.press("Escape")
    at_work.locator(f"#gh{group.pk} .cm-dots").click()
    at_work.get_by_role("menuitem", name="Sort & renumber").click()
    dialog.locator("#id_start").fill("30")
    dialog.get_by_text("8 channels: 30–37").wait_for()
    expect(dialog.get_by_role("button", name="Show all")).to_be_visible()
    at_work.keyboard.press("Enter")
    says(at_work, "8 channels renumbered")
    assert numbers_of(group)["A"] == "30"


def test_enter_in_the_search_for_a_channel_takes_none(at_work: Any, site: Site) -> None:
    (stream,) = make_streams(["one"])
    first, other = make_channel("AAA", "1"), make_channel("ZZZ", "2")
    open_manager(at_work, site)
    unfold(at_work, "#stream-tree .cm-group")
    at_work.locator(f"#s{stream.pk} .cm-dots").click()
    at_work.get_by_role("menuitem", name="Add to channel").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("button", name="AAA").wait_for()
    dialog.get_by_role("searchbox").focus()
    at_work.keyboard.type("zz")
    at_work.keyboard.press("Enter")
    dialog.get_by_role("button", name="AAA").wait_for(state="detached")
    at_work.wait_for_timeout(600)  # typing searches as well, a moment later
    assert (stream_ids_of(first.pk), stream_ids_of(other.pk)) == ([], [])
    dialog.get_by_role("button", name="ZZZ").press("Enter")
    says(at_work, "Added 1 stream to “ZZZ”")


def test_enter_on_a_choice_of_the_import_imports_nothing(at_work: Any, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "lineup.csv"
    file.write_text("channel_number,name\n101,ESPN HD\n102,Golf\n", encoding="utf-8")
    open_manager(at_work, site)
    dialog = choose(at_work, "Import CSV")
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Show what it would do").click()
    dialog.get_by_text("2 new").wait_for()
    with at_work.expect_response("**/csv/**"):
        dialog.get_by_role("radio").first.press("Enter")
    dialog.get_by_text("2 new").wait_for()
    assert not Channel.objects.exists()


def test_the_check_of_the_tuner_leaves_the_keyboard_where_it_is(at_work: Any, site: Site) -> None:
    at_work.goto(site.url("/publishing/"))
    button = at_work.get_by_role("button", name="Check tuner")
    button.focus()
    with at_work.expect_response("**/check**"):
        at_work.keyboard.press("Enter")
    expect(at_work.locator("#tuner-checks > *").first).to_be_visible()
    expect(button).to_be_focused()
