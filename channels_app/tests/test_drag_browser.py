"""Every case of 10 §6 with a real mouse, and the keyboard or menu way of each. Few pages, many drags: a browser is slow."""

from typing import Any

import pytest

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, make_streams, numbers_of
from channels_app.tests.test_manager_browser import channel, eventually, open_manager, says, unfold, until
from channels_app.tests.test_manager_browser import drag as press_and_move
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def lineup() -> dict[str, Any]:
    news, sports, kids = make_group("News"), make_group("Sports"), make_group("Kids")
    streams = make_streams(["CNN HD", "CNN SD", "Fox", "Zeta"], group="US")
    more = make_streams(["BBC 1", "BBC 2"], group="UK")
    channels = make_channels(news, CNN="1", BBC="2", Sky="3") | make_channels(sports, ESPN="50", DAZN="55", NBA="60")
    channels |= make_channels(None, Loose="900", Bare=None)
    return {"news": news, "sports": sports, "kids": kids, "streams": streams, "more": more, **channels}


def drag(page: Any, source: Any, target: Any, *, height: float = 0.5) -> None:
    """A drag of a row that is not just being exchanged for a newer one: lists refresh themselves after every edit."""
    for _attempt in range(50):
        if not page.evaluate("Boolean(document.querySelector('.htmx-request, .htmx-settling, .cm.is-saving'))"):
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(150)
    press_and_move(page, source, target, height=height)


def grip(page: Any, item: Channel) -> Any:
    return channel(page, item).locator(".cm-row > .cm-grip")


def row(page: Any, item: Channel) -> Any:
    return channel(page, item).locator(".cm-row")


def dialog_says(page: Any, text: str) -> Any:
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(text).first.wait_for()
    return dialog


def close(page: Any) -> None:
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def shows(page: Any, group: ChannelGroup, *names: str) -> None:
    """Wait until the list has been brought up to date: a row that is just exchanged cannot be dragged."""
    rows = f"[...document.querySelectorAll('#gb{group.pk} .cm-name')].map((name) => name.textContent).join()"
    until(page, f"{rows} === '{','.join(names)}' && !document.querySelector('.cm.is-saving')")


def pick(page: Any, *items: Channel) -> None:
    """Make these rows the selection, and nothing else."""
    for place, item in enumerate(items):
        channel(page, item).locator(".cm-name").click(modifiers=["Control"] if place else [])


def menu(page: Any, opener: Any, entry: str) -> None:
    opener.click()
    page.get_by_role("menuitem", name=entry).click()


def test_streams_and_stream_groups_go_where_they_are_dropped(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    page = at_work
    open_manager(page, site)
    unfold(page, f"#g{lineup['news'].pk}")
    unfold(page, "#g0")
    uk, us = page.locator("#stream-tree .cm-group").nth(0), page.locator("#stream-tree .cm-group").nth(1)
    us.locator(".cm-twist").click()
    us.locator(".cm-source").first.wait_for()
    first, second, third = (page.locator(f"#s{stream.pk}") for stream in lineup["streams"][:3])
    start = page.get_by_role("dialog").locator("#bulk-start")

    # several streams onto a row: one step, the whole selection, those already there are skipped
    first.locator(".cm-pick").check()
    second.locator(".cm-pick").check()
    drag(page, first.locator(".cm-grip"), row(page, lineup["CNN"]), height=0.6)
    says(page, "Added 2 streams to “CNN”")
    eventually(page, lambda: stream_ids_of(lineup["CNN"].pk), [stream.pk for stream in lineup["streams"][:2]])

    # the gap before a row: insert at its number; no number, no gap
    drag(page, third.locator(".cm-grip"), row(page, lineup["BBC"]), height=0.06)
    dialog_says(page, "Create 1 channel")
    assert start.input_value() == "2"
    assert page.locator("#bulk-group").input_value() == "News"
    close(page)
    drag(page, third.locator(".cm-grip"), row(page, lineup["Bare"]), height=0.06)
    says(page, "Added 1 stream to “Bare”")
    page.locator("#stream-selection").wait_for(state="hidden")

    # the header of an empty group, and of Uncategorized
    fourth = page.locator(f"#s{lineup['streams'][3].pk}")
    drag(page, fourth.locator(".cm-grip"), page.locator("#gh0"))
    dialog_says(page, "Create 1 channel")
    assert start.input_value() == "901"
    close(page)

    # the same from menus
    fourth.locator(".cm-pick").check()
    menu(page, channel(page, lineup["Sky"]).locator(".cm-row > .cm-dots"), "Insert selected streams here")
    dialog_says(page, "Create 1 channel")
    assert start.input_value() == "3"
    close(page)
    menu(page, page.locator("#gh0 .cm-dots"), "Create from selected streams")
    dialog_says(page, "Create 1 channel")
    close(page)
    page.locator("#stream-selection").get_by_role("button", name="Clear").click()

    # a whole group: onto the pane without a number, between groups with the number that follows, before the first with 1
    tree = page.locator("#channel-tree")
    drag(page, uk.locator(".cm-group-head > .cm-grip"), row(page, lineup["BBC"]))
    dialog_says(page, "Create channels from")
    assert start.input_value() == ""
    close(page)
    drag(page, uk.locator(".cm-group-head > .cm-grip"), page.locator(f"#gh{lineup['sports'].pk}"), height=0.04)
    dialog_says(page, "Create channels from")
    assert start.input_value() == "4"  # behind News, which ends with 3
    close(page)
    menu(page, page.locator(f"#gh{lineup['news'].pk} .cm-dots"), "Sort & renumber")
    dialog_says(page, "Start")
    close(page)

    # outside of what could take it, nothing happens
    drag(page, uk.locator(".cm-group-head > .cm-grip"), page.locator("#streams-title"))
    drag(page, fourth.locator(".cm-grip"), page.locator("#streams-title"))
    assert page.locator("dialog[open]").count() == 0
    assert tree.locator(".cm-end-zone, .is-drop-target").count() == 0


def test_channels_are_dropped_inside_and_between_groups(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    page, news, sports = at_work, lineup["news"], lineup["sports"]
    toon = make_channel("Toon", "90", group=lineup["kids"])
    open_manager(page, site)
    unfold(page, f"#g{news.pk}")
    unfold(page, f"#g{sports.pk}")
    unfold(page, f"#g{lineup['kids'].pk}")

    # several rows of one group: they keep their order and share the numbers that were there
    pick(page, lineup["DAZN"], lineup["NBA"])
    drag(page, grip(page, lineup["NBA"]), row(page, lineup["ESPN"]), height=0.1)
    says(page, "Reordered 2 channels")
    assert numbers_of(sports) == {"DAZN": "50", "NBA": "55", "ESPN": "60"}
    shows(page, sports, "DAZN", "NBA", "ESPN")
    page.keyboard.press("Escape")

    # the end zone of the same group: behind the last number
    zone = page.locator(f"#gb{news.pk} .cm-end-zone")
    start, end = grip(page, lineup["CNN"]).bounding_box(), page.locator(f"#gb{news.pk}").bounding_box()
    page.mouse.move(start["x"] + 4, start["y"] + 4)
    page.mouse.down()
    page.mouse.move(start["x"] + 10, start["y"] + 12, steps=4)
    zone.wait_for(state="attached")
    page.mouse.move(start["x"] + 80, end["y"] + end["height"], steps=10)
    page.locator(".cm-drag-label", has_text="To the end").wait_for()
    page.mouse.up()
    says(page, "Reordered 1 channel")
    eventually(page, lambda: numbers_of(news), {"BBC": "1", "Sky": "2", "CNN": "3"})
    shows(page, news, "BBC", "Sky", "CNN")
    assert zone.count() == 0

    # a row of another group: insert there; its end: behind the last; its header: behind the highest
    drag(page, grip(page, toon), row(page, lineup["NBA"]), height=0.1)
    dialog_says(page, "Insert at 55")
    close(page)
    drag(page, grip(page, lineup["BBC"]), page.locator(f"#gh{sports.pk}"))
    dialog_says(page, "Continue from 61")
    close(page)
    assert list(numbers_of(news)) == ["BBC", "Sky", "CNN"]  # nothing has moved

    # a selection over several groups moves into the one it is dropped in
    pick(page, lineup["BBC"], lineup["ESPN"])
    drag(page, grip(page, lineup["BBC"]), page.locator(f"#gh{sports.pk}"))
    dialog = dialog_says(page, "From multiple groups")
    dialog.get_by_role("button", name="Move", exact=True).click()
    says(page, "Moved “BBC” to Sports")
    assert numbers_of(sports) == {"DAZN": "50", "NBA": "55", "ESPN": "60", "BBC": "61"}
    shows(page, sports, "DAZN", "NBA", "ESPN", "BBC")
    page.keyboard.press("Escape")

    # outside of the pane nothing happens, wherever the row was on its way
    drag(page, grip(page, lineup["Sky"]), page.locator("#streams-title"))
    page.wait_for_timeout(300)
    assert page.locator("dialog[open]").count() == 0
    assert page.locator(f"#gb{news.pk} .cm-name").all_inner_texts() == ["Sky", "CNN"]

    # keys and menus: the selection as a block, top and end of the group
    pick(page, lineup["ESPN"], lineup["BBC"])
    grip(page, lineup["ESPN"]).focus()
    page.keyboard.press("ArrowUp")
    eventually(page, lambda: list(numbers_of(sports)), ["DAZN", "ESPN", "BBC", "NBA"])
    shows(page, sports, "DAZN", "ESPN", "BBC", "NBA")
    page.keyboard.press("Escape")
    until(page, "document.querySelector('#channel-selection').hidden")
    menu(page, channel(page, lineup["NBA"]).locator(".cm-row > .cm-dots"), "Move to the top of the group")
    eventually(page, lambda: list(numbers_of(sports)), ["NBA", "DAZN", "ESPN", "BBC"])


def test_whole_groups_are_dropped_several_at_once(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    page = at_work
    make_channel("Toon", "90", group=lineup["kids"])
    open_manager(page, site)
    heads = {name: page.locator(f"#gh{lineup[name].pk}") for name in ("news", "sports", "kids")}
    drag(page, heads["kids"].locator(".cm-grip"), page.locator("#gh0"))  # Uncategorized is no target
    page.wait_for_timeout(300)
    assert page.locator("dialog[open]").count() == 0
    for name in ("sports", "kids"):
        heads[name].locator(".cm-pick").check()
    drag(page, heads["kids"].locator(".cm-grip"), heads["news"], height=0.2)
    dialog = dialog_says(page, "Move 2 groups")
    dialog.get_by_text("Renumber from 1").click()
    dialog.get_by_text("4 channels: 1–4").wait_for()
    dialog.get_by_role("button", name="Move", exact=True).click()
    says(page, "4 channels renumbered")
    assert list(ChannelGroup.objects.order_by("position").values_list("name", flat=True)) == ["Sports", "Kids", "News"]
    assert numbers_of(lineup["kids"]) == {"Toon": "4"}
    page.keyboard.press("Escape")
    until(page, "document.querySelector('#channel-selection').hidden")
    menu(page, page.locator(f"#gh{lineup['news'].pk} .cm-dots"), "Move group")
    dialog = dialog_says(page, "Place")
    dialog.locator("[name=before]").select_option(label="In front of Sports")
    dialog.get_by_text("First, in front of “Sports”").wait_for()
    dialog.get_by_role("button", name="Move", exact=True).click()
    says(page, "Moved “News”")
    assert ChannelGroup.objects.order_by("position").first() == lineup["news"]


def test_nothing_is_lost_and_nothing_stays_alive(at_work: Any, site: Site, lineup: dict[str, Any]) -> None:
    page, news = at_work, lineup["news"]
    open_manager(page, site)
    unfold(page, f"#g{news.pk}")
    alive = "[...document.querySelectorAll('#channel-manager *')].filter((each) => window.Sortable.get(each)).length"
    assert page.evaluate(alive) == 0

    # less than eight pixels are no drag
    box = grip(page, lineup["CNN"]).bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 4, box["y"] + 10, steps=3)
    assert page.locator(".cm-drag-label").count() == 0
    page.mouse.up()

    # a server that does not answer: the row goes back to where it was
    page.route("**/channels/reorder/", lambda route: route.abort())
    drag(page, grip(page, lineup["CNN"]), row(page, lineup["Sky"]), height=0.9)
    until(page, "document.querySelector('#channel-tree .cm-channel .cm-name').textContent === 'CNN'")
    page.unroute("**/channels/reorder/")
    page.complaints.clear()

    # a server that refuses: the list as it is, and why
    Channel.objects.filter(pk=lineup["CNN"].pk).update(group=lineup["kids"])
    drag(page, grip(page, lineup["CNN"]), row(page, lineup["Sky"]), height=0.9)
    says(page, "no longer in this group")
    until(page, f"!document.querySelector('#gb{news.pk} #c{lineup['CNN'].pk}')")
    assert numbers_of(news) == {"BBC": "2", "Sky": "3"}

    # while an edit is being saved, handles wait
    held: list[Any] = []
    page.route("**/channels/*/hidden/", lambda route: held.append(route))  # noqa: PLW0108 - Playwright looks at the signature
    menu(page, channel(page, lineup["BBC"]).locator(".cm-row > .cm-dots"), "Hide from players")
    page.locator(".cm.is-saving").wait_for()
    press_and_move(page, grip(page, lineup["Sky"]), row(page, lineup["BBC"]), height=0.1)
    held[0].continue_()
    page.locator(".cm.is-saving").wait_for(state="detached")
    assert numbers_of(news) == {"BBC": "2", "Sky": "3"}
    until(page, f"{alive} === 0")


def test_a_list_scrolls_when_a_drag_comes_near_its_edge(at_work: Any, site: Site) -> None:
    page = at_work
    group = make_group("Long")
    for number in range(60):
        make_channel(f"Channel {number}", str(number + 1), group=group)
    open_manager(page, site)
    unfold(page, f"#g{group.pk}")
    box = page.locator(".cm-channel .cm-row > .cm-grip").first.bounding_box()
    tree = page.locator("#channel-tree").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 40, steps=5)
    page.mouse.move(box["x"] + 20, tree["y"] + tree["height"] - 12, steps=8)
    for _ in range(40):
        page.mouse.move(box["x"] + 20, tree["y"] + tree["height"] - 12 - _ % 2)
        if page.evaluate("document.getElementById('channel-tree').scrollTop") > 200:
            break
        page.wait_for_timeout(50)
    assert page.evaluate("document.getElementById('channel-tree').scrollTop") > 200
    page.keyboard.press("Escape")
    page.mouse.up()
    assert Channel.objects.get(name="Channel 0").number == 1
