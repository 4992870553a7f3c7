"""The dialogs about names in a real browser."""

from typing import Any

import pytest

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams
from channels_app.tests.test_manager_browser import channel, eventually, open_manager, says, unfold
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_the_wand_opens_the_dialog_of_its_row_and_a_name_can_be_put_back(at_work: Any, site: Site) -> None:
    group = make_group("News")
    better, other = make_channel("CNN HD", "1", group=group), make_channel("BBC RAW", "2", group=group)
    open_manager(at_work, site)
    unfold(at_work, f"#channel-tree .cm-group[data-id='{group.pk}']")
    channel(at_work, better).locator(".cm-wand").click()
    field = at_work.locator(f"#dialog [name=value-{better.pk}]")
    field.wait_for()
    assert field.input_value() == "CNN"
    at_work.locator("#dialog [data-revert]").click()
    assert field.input_value() == "CNN HD"
    field.fill("Cable News")
    field.press("Enter")  # confirms; it does not press the first button of the list
    says(at_work, "Renamed 1 channel")
    eventually(at_work, lambda: set(Channel.objects.values_list("name", flat=True)), {"Cable News", "BBC RAW"})
    channel(at_work, better).locator(".cm-name", has_text="Cable News").wait_for()
    assert channel(at_work, better).locator(".cm-wand").count() == 0
    assert channel(at_work, other).locator(".cm-wand").count() == 1


def test_duplicates_are_found_from_the_menu_of_the_pane_and_merged(at_work: Any, site: Site) -> None:
    one, two, three = make_streams(["1", "2", "3"])
    group = make_group("DE")
    keep, gone = make_channel("RTL", "1", group=group, streams=[one, two]), make_channel("RTL HD", "2", streams=[three])
    stays = [make_channel("ABC", "3"), make_channel("ABC HD", "4")]
    open_manager(at_work, site)
    at_work.locator("[data-pane=channels] [aria-haspopup=menu]").first.click()
    at_work.get_by_role("menuitem", name="Find duplicates").first.click()
    dialog = at_work.locator("#dialog .names")
    dialog.get_by_role("button", name="Merge 2 groups").wait_for()
    dialog.get_by_label("Merge these 2: ABC").uncheck()
    assert dialog.locator("[data-names-going]").inner_text() == "1"
    dialog.get_by_role("button", name="Merge 1 group", exact=True).click()
    says(at_work, "Merged 1 channel into")
    eventually(at_work, lambda: stream_ids_of(keep.pk), [one.pk, two.pk, three.pk])
    left = set(Channel.objects.values_list("pk", flat=True))
    assert left == {keep.pk, *(item.pk for item in stays)}
    at_work.locator(".ecm-toast").get_by_role("button", name="Undo").first.click()
    eventually(at_work, lambda: stream_ids_of(gone.pk), [three.pk])


def test_the_edit_dialog_gets_a_gracenote_id(at_work: Any, site: Site) -> None:
    entry = make_entry("cnn.us")
    type(entry).objects.filter(pk=entry.pk).update(station_id="58646")
    made = make_channel("CNN", "1")
    open_manager(at_work, site)
    unfold(at_work, "#channel-tree .cm-group[data-id='0']")
    channel(at_work, made).locator(".cm-dots").click()
    at_work.get_by_role("menuitem", name="Edit…").click()
    at_work.locator("#dialog [name=tvg_id]").fill("CNN.us")
    at_work.get_by_role("button", name="Get from guide").click()
    at_work.locator(".names-told", has_text="58646 from Guide").wait_for()
    at_work.locator("#dialog").get_by_role("button", name="Save").click()
    eventually(at_work, lambda: Channel.objects.get().gracenote_id, "58646")
