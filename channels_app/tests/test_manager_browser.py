"""The channel manager in a real browser: dragging, keys, editing in place, selecting, phones."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, make_streams, numbers_of
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def lineup() -> dict[str, Any]:
    news, sports = make_group("News"), make_group("Sports")
    streams = make_streams(["CNN HD", "CNN SD", "Fox", "Sky"], group="US")
    channels = make_channels(news, CNN="1", BBC="2", Sky="3") | make_channels(sports, ESPN="50", DAZN="51")
    return {"news": news, "sports": sports, "streams": streams, **channels}


def open_manager(page: Any, site: Site) -> None:
    page.goto(site.url("/channels/"))
    page.locator("#channel-tree .is-current").first.wait_for()  # the scripts have begun


def unfold(page: Any, selector: str) -> None:
    page.locator(f"{selector} .cm-twist").first.click()
    page.locator(f"{selector} :is(.cm-channel, .cm-source, .cm-hint)").first.wait_for()


def channel(page: Any, item: Channel) -> Any:
    return page.locator(f"#c{item.pk}")


def drag(page: Any, source: Any, target: Any, *, height: float = 0.5) -> None:
    """Press on ``source``, move like a hand, and let go over ``target`` (``height``: 0 = top, 1 = bottom)."""
    source.scroll_into_view_if_needed()
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + start["width"] / 2 + 14, start["y"] + start["height"] / 2 + 3, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] * height, steps=12)
    page.mouse.up()


def says(page: Any, text: str) -> None:
    page.locator(".ecm-toast-text", has_text=text).first.wait_for()


def eventually(page: Any, look: Callable[[], Any], expected: Any) -> None:
    """Wait until the database says what is expected: keys have to rest before an order is sent."""
    for _attempt in range(100):
        if look() == expected:
            return
        page.wait_for_timeout(100)
    assert look() == expected


def until(page: Any, condition: str) -> None:
    """Wait until a script expression is true. (The page's own policy forbids Playwright to poll by itself.)"""
    for _attempt in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never became true: {condition}")


def shown_names(page: Any) -> list[str]:
    names: list[str] = page.locator("#channel-tree .cm-channel .cm-name").all_inner_texts()
    return names


def test_a_stream_dragged_onto_a_group_becomes_a_channel(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, "#stream-tree .cm-group")
    source = at_work.locator(f"#s{lineup['streams'][2].pk} .cm-grip")
    drag(at_work, source, at_work.locator(f"#gh{lineup['news'].pk}"))
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("button", name="Create 1 channel").wait_for()
    assert dialog.locator("#bulk-start").input_value() == "4"  # behind the highest number of the group
    assert dialog.locator("#bulk-group").input_value() == "News"
    dialog.get_by_role("button", name="Create 1 channel").click()
    says(at_work, "Created 1 channel from 1 stream")
    made = Channel.objects.get(name="Fox")
    assert (made.group, made.number) == (lineup["news"], 4)
    at_work.locator(f"#k{lineup['streams'][2].pk}.is-on").wait_for()  # and the stream is marked as used


def test_several_streams_dragged_onto_a_group_open_bulk_creation(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, "#stream-tree .cm-group")
    for stream in lineup["streams"][:3]:
        at_work.locator(f"#s{stream.pk} .cm-pick").check()
    source = at_work.locator(f"#s{lineup['streams'][1].pk} .cm-grip")
    drag(at_work, source, at_work.locator(f"#gh{lineup['sports'].pk}"))
    dialog = at_work.get_by_role("dialog")
    dialog.wait_for()
    assert "3 streams" in dialog.inner_text()


def test_streams_dragged_onto_a_channel_are_added_to_it(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    unfold(at_work, "#stream-tree .cm-group")
    cnn = channel(at_work, lineup["CNN"])
    drag(at_work, at_work.locator(f"#s{lineup['streams'][0].pk} .cm-grip"), cnn.locator(".cm-row"))
    says(at_work, "Added 1 stream to “CNN”")
    cnn.locator(".cm-streams-count", has_text="1").wait_for()
    cnn.locator(".cm-twist").click()  # an expanded list takes drops like the row
    cnn.locator(".cm-stream").wait_for()
    drag(at_work, at_work.locator(f"#s{lineup['streams'][1].pk} .cm-grip"), cnn.locator(".cm-stream"))
    cnn.locator(".cm-stream").nth(1).wait_for()
    assert stream_ids_of(lineup["CNN"].pk) == [stream.pk for stream in lineup["streams"][:2]]


def test_streams_of_a_channel_are_reordered_by_drag_keys_and_buttons(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    a, b, c = (stream.pk for stream in lineup["streams"][:3])
    item = make_channel("Three", "60", group=lineup["sports"], streams=lineup["streams"][:3])
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['sports'].pk}")
    row = channel(at_work, item)
    row.locator(".cm-twist").click()
    members = row.locator(".cm-stream")
    members.nth(2).wait_for()
    drag(at_work, members.nth(0).locator(".cm-grip"), members.nth(2), height=0.9)
    says(at_work, "Reordered the streams")
    eventually(at_work, lambda: stream_ids_of(item.pk), [b, c, a])
    grip = row.locator(f".cm-stream[data-id='{a}'] .cm-grip")
    grip.focus()
    at_work.keyboard.press("ArrowUp")
    at_work.keyboard.press("ArrowUp")
    eventually(at_work, lambda: stream_ids_of(item.pk), [a, b, c])
    until(at_work, f"document.activeElement.closest('.cm-stream')?.dataset.id === '{a}'")
    row.locator(f".cm-stream[data-id='{a}'] [data-act=stream-down]").click()
    eventually(at_work, lambda: stream_ids_of(item.pk), [b, a, c])


def test_channels_are_reordered_by_drag_and_undone_from_the_message(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    target = channel(at_work, lineup["Sky"]).locator(".cm-row")
    drag(at_work, channel(at_work, lineup["CNN"]).locator(".cm-row > .cm-grip"), target, height=0.9)
    says(at_work, "Reordered 1 channel")
    assert numbers_of(lineup["news"]) == {"BBC": "1", "Sky": "2", "CNN": "3"}
    at_work.get_by_role("button", name="Undo").click()
    says(at_work, "undone")
    until(at_work, "document.querySelector('#channel-tree .cm-channel .cm-name').textContent === 'CNN'")
    assert numbers_of(lineup["news"]) == {"CNN": "1", "BBC": "2", "Sky": "3"}


def test_ctrl_z_takes_back_one_step_after_another(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    channel(at_work, lineup["CNN"]).locator(".cm-name").focus()
    for name in ("CNN 2", "CNN 3"):
        at_work.keyboard.press("F2")
        at_work.keyboard.type(name)
        at_work.keyboard.press("Enter")
        says(at_work, f"to “{name}”")
        until(at_work, f"document.activeElement.textContent === '{name}'")
    for name in ("CNN 2", "CNN"):
        at_work.keyboard.press("Control+z")
        until(at_work, f"document.querySelector('#c{lineup['CNN'].pk} .cm-name').textContent === '{name}'")
    assert Channel.objects.get(pk=lineup["CNN"].pk).name == "CNN"


def test_channels_are_reordered_with_the_keyboard_alone(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    at_work.locator(f"#gh{lineup['news'].pk} .cm-twist").focus()
    at_work.keyboard.press("ArrowRight")
    channel(at_work, lineup["CNN"]).wait_for()
    at_work.keyboard.press("ArrowDown")
    assert at_work.evaluate("document.activeElement.textContent") == "CNN"
    at_work.keyboard.press("Alt+ArrowDown")
    at_work.keyboard.press("Alt+ArrowDown")
    says(at_work, "Reordered 1 channel")
    assert numbers_of(lineup["news"]) == {"BBC": "1", "Sky": "2", "CNN": "3"}
    until(at_work, "document.activeElement.textContent === 'CNN'")  # the focus stays on what was moved
    channel(at_work, lineup["CNN"]).locator(".cm-row > .cm-grip").focus()
    at_work.keyboard.press("ArrowUp")
    eventually(at_work, lambda: numbers_of(lineup["news"]), {"BBC": "1", "CNN": "2", "Sky": "3"})


def test_a_channel_dragged_to_another_group_asks_for_numbers(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    drag(at_work, channel(at_work, lineup["BBC"]).locator(".cm-row > .cm-grip"), at_work.locator(f"#gh{lineup['sports'].pk}"))
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_text("Continue from 52").wait_for()
    assert shown_names(at_work) == ["CNN", "BBC", "Sky"]  # nothing has moved yet
    dialog.get_by_role("button", name="Move", exact=True).click()
    says(at_work, "Moved “BBC” to Sports")
    assert numbers_of(lineup["sports"]) == {"ESPN": "50", "DAZN": "51", "BBC": "52"}


def test_a_drop_between_rows_of_another_group_suggests_that_place(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    unfold(at_work, f"#g{lineup['sports'].pk}")
    target = channel(at_work, lineup["ESPN"]).locator(".cm-row")
    drag(at_work, channel(at_work, lineup["BBC"]).locator(".cm-row > .cm-grip"), target, height=0.9)
    at_work.get_by_role("dialog").get_by_text("Insert at 5").wait_for()


def test_groups_are_reordered_by_drag_and_keys(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    kids = make_group("Kids")
    make_channels(kids, Toon="90")
    open_manager(at_work, site)
    grip = at_work.locator(f"#gh{kids.pk} .cm-grip")
    drag(at_work, grip, at_work.locator(f"#gh{lineup['news'].pk}"), height=0.2)
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_text("Renumber from 1").wait_for()
    assert not ChannelGroup.objects.exclude(position=None).exists()  # nothing has moved yet
    dialog.get_by_role("button", name="Move", exact=True).click()
    says(at_work, "Moved “Kids”")
    assert list(ChannelGroup.objects.order_by("position").values_list("name", flat=True)) == ["Kids", "News", "Sports"]
    in_front = (
        "([first, second]) => document.getElementById(first).compareDocumentPosition(document.getElementById(second)) & 4"
    )
    at_work.wait_for_function(in_front, arg=[f"gh{kids.pk}", f"gh{lineup['news'].pk}"])  # the list has come again
    at_work.locator(f"#gh{kids.pk} .cm-grip").focus()
    at_work.keyboard.press("ArrowDown")
    names = ChannelGroup.objects.order_by("position").values_list("name", flat=True)
    eventually(at_work, lambda: list(names.all()), ["News", "Kids", "Sports"])


def test_escape_ends_a_drag_without_a_change(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    start = channel(at_work, lineup["CNN"]).locator(".cm-row > .cm-grip").bounding_box()
    end = channel(at_work, lineup["Sky"]).bounding_box()
    at_work.mouse.move(start["x"] + 5, start["y"] + 5)
    at_work.mouse.down()
    at_work.mouse.move(start["x"] + 20, start["y"] + 9, steps=4)
    at_work.mouse.move(end["x"] + 60, end["y"] + end["height"] * 0.9, steps=8)
    at_work.locator(".cm-drag-label").wait_for()
    at_work.keyboard.press("Escape")
    at_work.mouse.up()
    at_work.locator(".cm-drag-label").wait_for(state="detached")
    assert shown_names(at_work) == ["CNN", "BBC", "Sky"]
    assert numbers_of(lineup["news"]) == {"CNN": "1", "BBC": "2", "Sky": "3"}


def test_names_and_numbers_are_edited_in_place(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    cnn = channel(at_work, lineup["CNN"])
    cnn.locator(".cm-name").dblclick()
    at_work.keyboard.type("CNN <b>International</b>")
    at_work.keyboard.press("Enter")
    says(at_work, "Renamed “CNN”")
    assert Channel.objects.get(pk=lineup["CNN"].pk).name == "CNN <b>International</b>"
    cnn.locator(".cm-number").dblclick()
    at_work.keyboard.type("one")
    at_work.keyboard.press("Enter")
    error = cnn.locator(".cm-inline-error")
    error.get_by_text("“one” is not a number").wait_for()
    assert cnn.locator(".cm-inline input").input_value() == "one"  # what was typed stays
    at_work.keyboard.press("Escape")
    assert cnn.locator(".cm-number").inner_text() == "1"
    cnn.locator(".cm-number").dblclick()
    at_work.keyboard.type("2.5")
    cnn.locator(".cm-inline input").blur()  # leaving the field saves
    says(at_work, "1 → 2.5")
    until(at_work, "document.querySelectorAll('#channel-tree .cm-name')[1].textContent.startsWith('CNN')")
    cnn.locator(".cm-name").focus()
    at_work.keyboard.press("F2")
    at_work.keyboard.type("CNN")
    at_work.keyboard.press("Tab")  # Shift+Tab and Tab change between name and number
    says(at_work, "to “CNN”")


def test_a_selection_is_made_by_ranges_keys_and_group_boxes(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    unfold(at_work, f"#g{lineup['news'].pk}")
    bar = at_work.locator("#channel-selection")
    count = bar.locator("[data-count]")
    channel(at_work, lineup["CNN"]).locator(".cm-name").click()
    channel(at_work, lineup["Sky"]).locator(".cm-name").click(modifiers=["Shift"])
    assert count.inner_text() == "3 selected"
    channel(at_work, lineup["BBC"]).locator(".cm-name").click(modifiers=["Control"])
    assert count.inner_text() == "2 selected"
    at_work.locator(f"#gh{lineup['sports'].pk} .cm-pick").check()  # a closed group
    until(at_work, "document.querySelector('#channel-selection [data-count]').textContent === '4 selected'")
    at_work.keyboard.press("Escape")
    bar.wait_for(state="hidden")
    channel(at_work, lineup["CNN"]).locator(".cm-name").focus()
    at_work.keyboard.press("Control+a")
    until(at_work, "document.querySelector('#channel-selection [data-count]').textContent === '3 selected'")
    bar.get_by_role("button", name="Delete").click()
    at_work.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    says(at_work, "Deleted 3 channels")
    assert list(Channel.objects.order_by("name").values_list("name", flat=True)) == ["DAZN", "ESPN"]
    bar.wait_for(state="hidden")


def test_a_stream_selection_survives_searching_and_goes_to_a_channel(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    at_work.locator("#stream-search").fill("cnn")
    at_work.locator(f"#s{lineup['streams'][0].pk} .cm-pick").check()
    at_work.locator("#stream-search").fill("fox")
    at_work.locator(f"#s{lineup['streams'][2].pk} .cm-pick").check()
    bar = at_work.locator("#stream-selection")
    assert bar.locator("[data-count]").inner_text() == "2 selected"
    bar.get_by_role("button", name="Add to channel").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("espn")
    dialog.get_by_role("button", name="BBC").wait_for(state="detached")
    dialog.get_by_role("button", name="ESPN").click()
    says(at_work, "Added 2 streams to “ESPN”")
    assert stream_ids_of(lineup["ESPN"].pk) == [lineup["streams"][0].pk, lineup["streams"][2].pk]
    bar.wait_for(state="hidden")


def test_filters_live_in_the_address_and_are_remembered(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    make_channel("With", "99", streams=lineup["streams"][:1])
    open_manager(at_work, site)
    at_work.locator("#channel-totals [data-filter=without]").click()
    at_work.wait_for_url("**/channels/?without=1")
    at_work.locator("#channel-chips", has_text="5 channels shown").wait_for()
    assert "With" not in shown_names(at_work)
    at_work.locator("#stream-search").fill("sky")
    at_work.wait_for_url("**/channels/?without=1&sq=sky")
    at_work.wait_for_timeout(1200)  # until the choice is stored
    at_work.goto(site.url("/channels/"))
    at_work.locator("#channel-chips", has_text="5 channels shown").wait_for()
    assert at_work.locator("#stream-search").input_value() == ""
    at_work.locator("#channel-chips .cm-clear").click()
    at_work.locator("#channel-chips", has_text="5 channels shown").wait_for(state="detached")


def test_a_new_group_and_a_new_channel_come_into_view(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    at_work.get_by_role("link", name="New group").click()
    dialog = at_work.get_by_role("dialog")
    dialog.get_by_label("Group name").fill("Kids")
    at_work.keyboard.press("Enter")
    says(at_work, "Created group “Kids”")
    kids = ChannelGroup.objects.get(name="Kids")
    at_work.locator(f"#gh{kids.pk} .cm-dots").click()
    at_work.get_by_role("menuitem", name="New channel here").click()
    dialog.get_by_label("Name", exact=True).fill("Toon")
    at_work.keyboard.press("Enter")
    says(at_work, "Created channel 1 “Toon”")
    channel(at_work, Channel.objects.get(name="Toon")).wait_for()


def test_the_divider_moves_by_mouse_and_keys_and_is_remembered(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    open_manager(at_work, site)
    divider = at_work.locator("#pane-divider")
    box = divider.bounding_box()
    at_work.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    at_work.mouse.down()
    at_work.mouse.move(100, box["y"] + 200, steps=6)  # further than allowed
    at_work.mouse.up()
    assert divider.get_attribute("aria-valuenow") == "20"
    at_work.keyboard.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "22"
    at_work.wait_for_timeout(1200)
    at_work.reload()
    assert at_work.locator("#pane-divider").get_attribute("aria-valuenow") == "22"


def test_on_a_phone_one_list_is_shown_and_menus_replace_drags(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    at_work.set_viewport_size({"width": 390, "height": 844})
    open_manager(at_work, site)
    expect(at_work.locator("#channels-pane")).to_be_visible()
    expect(at_work.locator("#streams-pane")).not_to_be_visible()
    at_work.get_by_role("button", name="Streams", exact=True).click()
    expect(at_work.locator("#channels-pane")).not_to_be_visible()
    unfold(at_work, "#stream-tree .cm-group")
    at_work.locator(f"#s{lineup['streams'][0].pk} .cm-dots").click()
    at_work.get_by_role("menuitem", name="Add to channel").click()
    at_work.get_by_role("dialog").get_by_role("button", name="CNN").click()
    says(at_work, "Added 1 stream to “CNN”")
    assert at_work.evaluate("document.documentElement.scrollWidth") <= 390


def test_long_groups_load_while_scrolling(at_work: Any, site: Site) -> None:
    group = make_group("Long")
    for number in range(230):
        make_channel(f"Channel {number}", str(number + 1), group=group)
    open_manager(at_work, site)
    unfold(at_work, f"#g{group.pk}")
    expect(at_work.locator(".cm-channel")).to_have_count(100)
    for expected in (200, 230):
        at_work.locator("#channel-tree").evaluate("tree => tree.scrollTo(0, tree.scrollHeight)")
        until(at_work, f"document.querySelectorAll('.cm-channel').length === {expected}")
    last = channel(at_work, Channel.objects.get(name="Channel 229"))
    last.locator(".cm-name").dblclick()
    at_work.keyboard.type("The last one")
    at_work.keyboard.press("Enter")
    says(at_work, "Renamed")
    assert at_work.locator(".cm-channel").count() == 230  # a refresh keeps what was loaded
