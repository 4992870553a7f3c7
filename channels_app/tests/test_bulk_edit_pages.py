"""The bulk edit dialog: with and without scripts, its preview, errors beside fields, a number that changed meanwhile."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.models import Channel, ChannelProfile
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, make_streams

pytestmark = pytest.mark.django_db
URL = "/channels/bulk-edit/"
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice"))
    return client


def error_at(page: str, field: str) -> str:
    found = re.search(rf'id="be-error-{field}"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert found is not None
    return re.sub("<[^>]+>", "", found[1]).strip()


def confirmed(browser: Client, values: dict[str, Any], **headers: Any) -> Any:
    """Press the button that the preview of ``values`` brings along."""
    found = re.search(r'name="confirmed" value="([^"]*)"', browser.post(URL, values, **headers).content.decode())
    assert found is not None
    return browser.post(URL, {**values, "confirmed": found[1]}, **headers)


def test_the_dialog_leaves_everything_as_it_is_until_something_is_chosen(browser: Client) -> None:
    channels = make_channels(make_group("News"), A="1", B="2")
    ids = ",".join(str(item.pk) for item in channels.values())
    answer = browser.get(URL, {"channel": ids}, **HTMX)
    page = answer.content.decode()
    assert "Edit 2 channels" in page
    assert "Everything is left as it is so far" in page
    assert 'value="" selected>Leave as is' in page
    assert "<html" not in page
    assert "<html" in browser.get(URL, {"channel": ids}).content.decode()


def test_a_plain_form_previews_first_and_then_edits(browser: Client) -> None:
    channel = make_channel("BBC HD", "1", group=make_group("News"))
    values = {"channel": str(channel.pk), "step": "1", "find": " HD"}
    page = browser.post(URL, values).content.decode()
    assert "<html" in page
    assert re.search(r'be-old">BBC HD</td><td class="be-new">BBC<', page)
    assert "Change 1 channel" in page
    assert 'name="find" value=" HD"' in page
    assert Channel.objects.get().name == "BBC HD"
    answer = confirmed(browser, values)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/channels/")
    assert Channel.objects.get().name == "BBC"


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("pressed", ["", "1", "of another edit"])
def test_what_was_not_previewed_is_previewed_first(browser: Client, headers: dict[str, Any], pressed: str) -> None:
    """The first press of a page without scripts, and one that is quicker than the preview of the last letter."""
    channel = make_channel("BBC HD", "1")
    values = {"channel": str(channel.pk), "step": "1", "find": " HD"}
    if pressed == "of another edit":
        other = browser.post(URL, {**values, "find": "BBC"}).content.decode()
        pressed = re.findall(r'name="confirmed" value="([^"]+)"', other)[0]
    answer = browser.post(URL, {**values, "confirmed": pressed}, **headers)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Look at what will change, then press the button again." in page
    assert 'be-new">BBC<' in page
    assert Channel.objects.get().name == "BBC HD"
    assert confirmed(browser, values, **headers).status_code < 400
    assert Channel.objects.get().name == "BBC"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_preview_shows_all_channels_when_asked(browser: Client, headers: dict[str, Any]) -> None:
    channels = make_channels(make_group("News"), **{f"C{place}": str(place + 1) for place in range(20)})
    values = {"channel": ",".join(str(item.pk) for item in channels.values()), "step": "1", "front": "UK "}
    page = browser.post(URL, values, **headers).content.decode()
    assert page.count('class="be-new"') == 8
    assert "and 12 more" in page
    assert "Show all" in page
    page = browser.post(URL, {**values, "full": "1"}, **headers).content.decode()
    assert page.count('class="be-new"') == 20
    assert "more" not in page.split("</table>")[1].split("</section>")[0]
    assert '<input type="hidden" name="full" value="1">' in page, "it stays full while more is typed"


def test_a_preview_while_typing_answers_with_parts_only(browser: Client) -> None:
    channel = make_channel("BBC HD", "1")
    values = {"channel": str(channel.pk), "step": "1", "find": "(", "is_pattern": "on"}
    page = browser.post(URL, values, **HTMX).content.decode()
    assert "no valid pattern" in error_at(page, "find")
    assert "<form" not in page
    assert "<input" not in page  # what is being typed stays where it is
    values |= {"find": "HD"}
    page = browser.post(URL, values, **HTMX).content.decode()
    assert error_at(page, "find") == ""
    assert "1 channel changes" in page
    assert 'id="bulk-edit-submit"' in page


def test_errors_stand_beside_their_fields_with_422_and_nothing_is_changed(browser: Client) -> None:
    channel = make_channel("BBC", "1")
    values = {"channel": str(channel.pk), "step": "1", "confirmed": "1", "number": "start", "number_value": "x", "front": "UK "}
    answer = browser.post(URL, values, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not a number" in error_at(page, "number_value")
    assert 'value="UK "' in page  # what was typed is not lost
    assert Channel.objects.get().name == "BBC"
    answer = browser.post(URL, {"channel": str(channel.pk), "step": "1", "confirmed": "1"}, **HTMX)
    assert answer.status_code == 422
    assert "Choose what to change" in answer.content.decode()
    answer = browser.post(URL, {**values, "number": "all", "confirmed": "1"}, **HTMX)
    assert "one of the list" in error_at(answer.content.decode(), "number")


def test_a_filter_that_matches_another_number_by_now_asks_again_for_that_number(browser: Client) -> None:
    group = make_group("News")
    make_channels(group, A="1", B="2")
    target = {"all": "1", "matching": "missing=logo", "confirmed_count": "2", "step": "1"}
    make_channel("C", "3", group=group)
    edit = {"hidden": "on", "front": "x "}
    page = browser.post(URL, {**target, **edit}, **HTMX).content.decode()
    assert "You confirmed 2 channels, now it is 3. Look again." in page
    answer = browser.post(URL, {**target, **edit, "confirmed": "1"}, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "You confirmed 2 channels, now it is 3. Look again." in page
    assert 'name="confirmed_count" value="3"' in page
    assert "Change 3 channels" in page
    assert not Channel.objects.filter(is_hidden=True).exists()
    answer = confirmed(browser, {**target, **edit, "confirmed_count": "3"}, **HTMX)
    assert answer.status_code == 204
    assert Channel.objects.filter(is_hidden=True, name__startswith="x ").count() == 3


def test_an_outdated_number_is_told_before_the_dialog_opens(browser: Client) -> None:
    make_channel("A")
    answer = browser.get(URL, {"all": "1", "confirmed_count": "9"}, **HTMX)
    assert answer.status_code == 204
    assert "You confirmed 9 channels, now it is 1" in answer.headers["HX-Trigger"]


def test_profiles_are_switched_from_the_dialog(browser: Client) -> None:
    channel = make_channel("A")
    kids = ChannelProfile.objects.create(name="Kids & <b>co</b>")
    page = browser.get(URL, {"channel": channel.pk}).content.decode()
    assert "Kids &amp; &lt;b&gt;co&lt;/b&gt;" in page
    values = {"channel": str(channel.pk), "step": "1", f"profile_{kids.pk}": "on"}
    assert confirmed(browser, values, **HTMX).status_code == 204
    assert kids.memberships.count() == 1


def test_hostile_names_are_text_and_long_ones_are_cut(browser: Client) -> None:
    channel = make_channel("<img src=x onerror=alert(1)>" + "x" * 480, "1")
    page = browser.post(
        URL, {"channel": str(channel.pk), "step": "1", "tidy": "on", "find": "<IMG", "replacement": "<b"}, **HTMX
    )
    text = page.content.decode()
    assert "<img src=x" not in text
    assert "&lt;b src=x" in text


def test_a_preview_costs_the_same_number_of_queries_however_many_channels_there_are(browser: Client) -> None:
    group = make_group("News")
    stream = make_streams(["s"])[0]
    make_channels(group, A="1", B="2")
    profile = ChannelProfile.objects.create(name="Kids")
    edit: dict[str, Any] = {
        "find": "a", "replacement": "b", "number": "start", "number_value": "5", "group": "set", "group_value": "X",
        "tvg_id": "set", "tvg_id_value": "{name}", "guide": "clear", "logo": "stream", f"profile_{profile.pk}": "on",
    }  # fmt: skip

    def cost() -> int:
        count = Channel.objects.count()
        values = {"all": "1", "matching": "", "confirmed_count": str(count), "step": "1", **edit}
        with CaptureQueriesContext(connection) as queries:
            page = browser.post(URL, values, **HTMX).content.decode()
        assert f"{count:,}" in page
        return len(queries)

    cost()  # what is read once and kept
    before = cost()
    Channel.objects.bulk_create(Channel(name=f"ca {number}", group=group, number=number) for number in range(1500))
    Channel.objects.first().channel_streams.create(stream=stream, position=1)  # type: ignore[union-attr]
    assert cost() == before
