"""Saved views: a filter with sort and columns under a name, for one person; orders and columns of the rows."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.channel_queries import channel_ids, channel_rows, open_pages
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, SavedView
from channels_app.pane_filters import SORT_CHOICES, ChannelFilter
from channels_app.preferences import read_preference
from channels_app.saved_views import (
    MOST_VIEWS,
    delete_view,
    list_views,
    make_default,
    rename_view,
    save_view,
    update_view,
    view_of,
)
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("alice")


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


# --- keeping them -------------------------------------------------------------------------------------------------------


def test_a_view_keeps_the_filter_and_nothing_else(user: User) -> None:
    view = save_view(user.pk, " No guide ", "missing=guide&sort=name&with=tvg_id&off=logo&sq=x&nonsense=1&group=abc")
    assert (view.name, view.query) == ("No guide", "missing=guide&off=logo&with=tvg_id&sort=name")
    assert view.wanted == ChannelFilter(missing=("guide",), sort="name", columns_on=("tvg_id",), columns_off=("logo",))


def test_names_are_needed_and_belong_to_one_view_whatever_their_case(user: User) -> None:
    other = User.objects.create_user("bob")
    save_view(user.pk, "Über", "")
    save_view(other.pk, "Über", "")  # another person's
    for name, says in (("", "Give the view"), ("x" * 101, "too long"), ("über", "already")):
        with pytest.raises(EditRefused, match=says):
            save_view(user.pk, name, "")
    view = save_view(user.pk, "B", "")
    with pytest.raises(EditRefused, match="already"):
        rename_view(user.pk, view.pk, "ÜBER")
    assert rename_view(user.pk, view.pk, "b").name == "b"


def test_there_is_an_end_to_how_many(user: User) -> None:
    SavedView.objects.bulk_create(SavedView(user=user, name=f"V{number}") for number in range(MOST_VIEWS))
    with pytest.raises(EditRefused, match="Delete one"):
        save_view(user.pk, "One more", "")


def test_somebody_elses_view_is_not_there(user: User) -> None:
    view = save_view(User.objects.create_user("bob").pk, "Bob's", "")
    for act in (view_of, delete_view, make_default):
        with pytest.raises(NotThere):
            act(user.pk, view.pk)
    with pytest.raises(NotThere):
        update_view(user.pk, view.pk, "")
    assert list_views(user.pk) == list_views(None) == []


def test_one_view_is_the_default_at_most(user: User) -> None:
    a = save_view(user.pk, "A 10", "q=a", is_default=True)
    b = save_view(user.pk, "A 9", "q=b")
    make_default(user.pk, b.pk)
    assert [(view.name, view.is_default) for view in list_views(user.pk)] == [("A 9", True), ("A 10", False)]
    update_view(user.pk, b.pk, "q=c")
    assert view_of(user.pk, b.pk).is_default  # what else is kept stays
    make_default(user.pk, None)
    assert not any(view.is_default for view in list_views(user.pk))
    assert delete_view(user.pk, a.pk).name == "A 10"


def test_damaged_values_are_an_empty_view(user: User) -> None:
    SavedView.objects.create(user=user, name="Odd", values=["?"])
    assert [(view.name, view.query) for view in list_views(user.pk)] == [("Odd", "")]


# --- on the page ----------------------------------------------------------------------------------------------------------


def view_bar(page: str) -> str:
    found = re.search(r'<span class="cm-views".*?</template>', page, re.DOTALL)
    assert found is not None
    return found[0]


def is_marked(bar: str) -> bool:
    mark = re.search(r"<span class=\"cm-view-changed\"[^>]*>", bar)
    assert mark is not None
    return " hidden" not in mark[0]


def test_the_page_opens_with_the_default_view_and_marks_what_differs(browser: Client, user: User) -> None:
    make_channel("CNN", "1")
    make_channel("BBC", "2")
    view = save_view(user.pk, "Only CNN", "q=cnn", is_default=True)
    page = page_of(browser, "/channels/")
    assert ">CNN<" in page
    assert ">BBC<" not in page
    assert f'data-view="{view.pk}"' in view_bar(page)
    assert not is_marked(view_bar(page))
    assert ">BBC<" in page_of(browser, "/channels/?q=bbc")  # an address beats the default
    assert is_marked(view_bar(page_of(browser, f"/channels/?q=bbc&view={view.pk}")))
    assert ">BBC<" not in page_of(browser, f"/channels/?view={view.pk}")  # a view's number alone is enough
    assert 'data-view=""' in view_bar(page_of(browser, "/channels/?all=1"))


def test_an_address_with_somebody_elses_view_shows_the_same_without_it(browser: Client) -> None:
    make_channel("CNN", "1")
    view = save_view(User.objects.create_user("bob").pk, "Bob's", "q=cnn")
    page = page_of(browser, f"/channels/?q=cnn&view={view.pk}")
    assert ">CNN<" in page
    assert 'data-view=""' in view_bar(page)
    assert "Bob" not in view_bar(page)


def test_a_filter_that_a_view_says_exactly_is_that_view(browser: Client, user: User) -> None:
    view = save_view(user.pk, "No logo", "missing=logo")
    assert f'data-view="{view.pk}"' in view_bar(page_of(browser, "/channels/?missing=logo"))


def test_the_view_that_was_picked_is_remembered(browser: Client, user: User) -> None:
    view = save_view(user.pk, "No logo", "missing=logo")
    browser.post("/channels/preferences/", {"filters": f"missing=logo&dup=1&view={view.pk}"})
    assert read_preference(user.pk).view == view.pk
    bar = view_bar(page_of(browser, "/channels/"))
    assert f'data-view="{view.pk}"' in bar
    assert is_marked(bar)
    delete_view(user.pk, view.pk)
    assert 'data-view=""' in view_bar(page_of(browser, "/channels/"))


def test_views_are_saved_changed_and_deleted_by_plain_forms(browser: Client, user: User) -> None:
    page = page_of(browser, "/channels/views/?missing=logo&sort=name")
    assert "No saved views yet" in page
    page = page_of(browser, "/channels/views/save/?missing=logo&sort=name")
    assert 'name="query" value="missing=logo&amp;sort=name"' in page
    answer = browser.post(
        "/channels/views/save/", {"name": "<b>Mine</b>", "query": "missing=logo&sort=name", "is_default": "on"}
    )
    assert answer.status_code == 302
    (view,) = list_views(user.pk)
    assert (view.query, view.is_default) == ("missing=logo&sort=name", True)
    page = page_of(browser, "/channels/views/?q=x")
    assert "&lt;b&gt;Mine&lt;/b&gt;" in page
    browser.post(f"/channels/views/{view.pk}/update/", {"query": "q=x"})
    browser.post(f"/channels/views/{view.pk}/rename/", {"name": "Other"})
    browser.post(f"/channels/views/{view.pk}/default/", {"value": ""})
    assert [(item.name, item.query, item.is_default) for item in list_views(user.pk)] == [("Other", "q=x", False)]
    assert "stay as they are" in page_of(browser, f"/channels/views/{view.pk}/delete/")
    browser.post(f"/channels/views/{view.pk}/delete/")
    assert list_views(user.pk) == []


def test_wrong_names_come_back_with_422_and_success_tells_the_page(browser: Client, user: User) -> None:
    answer = browser.post("/channels/views/save/", {"name": " ", "query": "q=x"}, **HTMX)  # type: ignore[arg-type]
    assert (answer.status_code, "Give the view a name." in answer.content.decode()) == (422, True)
    assert 'value="q=x"' in answer.content.decode()
    answer = browser.post("/channels/views/save/", {"name": "X", "query": "q=x"}, **HTMX)  # type: ignore[arg-type]
    assert answer.status_code == 204
    assert "views:changed" in answer.headers["HX-Trigger"]
    (view,) = list_views(user.pk)
    answer = browser.get(f"/channels/views/?q=x&view={view.pk}", **HTMX)  # type: ignore[arg-type]
    assert "<html" not in answer.content.decode()
    for path in ("rename", "delete", "default"):
        assert browser.post(f"/channels/views/99999/{path}/", {"name": "x"}).status_code == 404
    answer = browser.post("/channels/views/99999/update/", {"query": ""}, **HTMX)  # type: ignore[arg-type]
    assert "no longer exists" in answer.headers["HX-Trigger"]


def test_a_name_that_no_name_can_be_is_refused_in_words(browser: Client, user: User) -> None:
    answer = browser.post("/channels/views/save/", {"name": "\x00", "query": "q=x"})
    assert (answer.status_code, list_views(user.pk)) == (422, [])
    view = save_view(user.pk, "Mine", "q=x")
    assert browser.post(f"/channels/views/{view.pk}/rename/", {"name": "\x00 "}).status_code == 422


# --- orders and columns ---------------------------------------------------------------------------------------------------


def shown(sort: str, group_id: int) -> list[str]:
    wanted = ChannelFilter(sort=sort)
    names = [row.channel.name for row in channel_rows(wanted, group_id).rows]
    paged = [name for offset in range(len(names)) for name in _names(channel_rows(wanted, group_id, offset=offset, limit=1))]
    first = _names(open_pages(wanted, {group_id: 50}, {group_id: len(names)})[group_id])
    by_id = dict(Channel.objects.values_list("pk", "name"))
    assert names == paged == first == [by_id[pk] for pk in channel_ids(wanted, [group_id])]  # every way to ask agrees
    return names


def _names(page: Any) -> list[str]:
    return [row.channel.name for row in page.rows]


def test_orders_inside_groups_fix_their_ties() -> None:
    group = make_group("News")
    streams = make_streams(["x", "y"])
    make_channel("b", "3", group=group, streams=streams)
    make_channel("A", "2", group=group)
    make_channel("c", None, group=group, streams=streams[:1])
    make_channel("d", "1", group=group)
    assert shown("number", group.pk) == ["d", "A", "b", "c"]
    assert shown("name", group.pk) == ["A", "b", "c", "d"]
    assert shown("fewest_streams", group.pk) == ["d", "A", "c", "b"]
    assert shown("most_streams", group.pk) == ["b", "c", "d", "A"]
    Channel.objects.get(name="A").save()
    assert shown("changed", group.pk)[0] == "A"


def test_an_order_travels_with_the_address_and_does_not_count_as_narrowing() -> None:
    for sort in SORT_CHOICES:
        wanted = ChannelFilter(sort=sort)
        assert ("sort" in wanted.query) is (sort != "number")
        assert not wanted.narrows


def test_rows_show_the_columns_that_were_asked_for(browser: Client) -> None:
    group = make_group("News")
    streams = make_streams(["first", "second"])
    entry = make_entry("cnn.us", "CNN guide")
    values = {"tvg_id": "cnn.id", "gracenote_id": "g77", "guide_entry": entry}
    make_channel("CNN", "1", group=group, streams=streams[::-1], **values)
    plain = page_of(browser, f"/channels/groups/{group.pk}/rows/?")
    for text in ("cnn.id", "g77", "provider.example"):
        assert text not in plain
    page = page_of(browser, f"/channels/groups/{group.pk}/rows/?with=tvg_id&with=guide_name&with=gracenote&with=url")
    for text in (">cnn.id<", ">g77<", ">CNN guide<", "/live/***/***/"):
        assert text in page
    assert "secret" not in page
    assert "/1.ts" in page  # the first stream of the channel, not of the provider
