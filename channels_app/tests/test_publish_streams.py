"""``/stream/<uuid>`` leads to the first stream that should play."""

import uuid
from typing import Any

import pytest
from django.test import Client

from channels_app.models import Channel
from channels_app.publishing.archive_links import archive_query, fill_in
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from channels_app.tests.publish_fixtures import Published, attribute, published
from m3u_app.models import Stream

__all__ = ["published"]


def play(client: Client, channel: Channel, query: str = "") -> Any:
    return client.get(f"/stream/{channel.uuid}{query}")


def test_the_first_stream_by_position_plays(published: Published) -> None:
    first, second = make_streams(["A", "B"])
    channel = make_channel("C", streams=[second, first])
    answer = play(published.client, channel)
    assert (answer.status_code, answer["Location"]) == (302, second.url)
    assert answer["Cache-Control"] == "no-store"
    head = published.client.head(f"/stream/{channel.uuid}")
    assert (head.status_code, head["Location"]) == (302, second.url)


def test_stale_streams_and_switched_off_accounts_come_last_or_never(published: Published) -> None:
    off = make_account("Off")
    off.is_active = False
    off.save()
    (disabled,) = make_streams(["disabled"], account=off)
    stale, good = make_streams(["stale", "good"])
    Stream.objects.filter(pk=stale.pk).update(is_stale=True)
    channel = make_channel("C", streams=[disabled, stale, good])
    assert play(published.client, channel)["Location"] == good.url
    only_stale = make_channel("D", streams=[disabled, stale])
    assert play(published.client, only_stale)["Location"] == stale.url
    none = make_channel("E", streams=[disabled])
    answer = play(published.client, none)
    assert answer.status_code == 503
    assert b"switched off" in answer.content


def test_a_stream_without_an_account_plays(published: Published) -> None:
    (own,) = make_streams(["own"])
    Stream.objects.filter(pk=own.pk).update(account=None, is_custom=True)
    assert play(published.client, make_channel("C", streams=[own]))["Location"] == own.url


def test_what_cannot_play_says_why(published: Published) -> None:
    assert b"no stream" in play(published.client, make_channel("Empty")).content
    assert play(published.client, make_channel("Empty too")).status_code == 503
    unknown = published.get(f"/stream/{uuid.uuid4()}")
    assert unknown.status_code == 404
    assert b"no such channel" in unknown.content
    hidden = make_channel("Hidden", streams=make_streams(["A"]), is_hidden=True)
    assert play(published.client, hidden).status_code == 404
    assert published.get("/stream/not-a-uuid").status_code in (302, 404)


@pytest.mark.parametrize("url", ["rtsp://h/1", "udp://239.0.0.1:1234", "http://h/ü b?x=1", "http://h/\r\nX-Evil: 1"])
def test_any_scheme_is_redirected_to_and_no_header_can_be_added(published: Published, url: str) -> None:
    (stream,) = make_streams(["A"])
    Stream.objects.filter(pk=stream.pk).update(url=url)
    answer = play(published.client, make_channel("C", streams=[stream]))
    assert answer.status_code == 302
    assert "X-Evil" not in answer.headers
    assert "\n" not in answer["Location"]
    assert answer["Location"].isascii()


def test_queries_do_not_grow_with_the_streams(published: Published, django_assert_num_queries: Any) -> None:
    few = make_channel("few", streams=make_streams(["A"]))
    many = make_channel("many", streams=make_streams([str(place) for place in range(40)]))
    for channel in (few, many):
        with django_assert_num_queries(1):
            play(published.client, channel)


def test_what_a_catch_up_player_appends_goes_along(published: Published) -> None:
    plain, archived, with_query = make_streams(["plain", "archived", "query"])
    Stream.objects.filter(pk__in=[archived.pk, with_query.pk]).update(is_catchup=True)
    Stream.objects.filter(pk=with_query.pk).update(url="http://h/1.ts?a=b")
    query = "?utc=1700000000&lutc=1700003600&token=our-own"
    assert play(published.client, make_channel("A", streams=[plain]), query)["Location"] == plain.url
    archived_at = play(published.client, make_channel("B", streams=[archived]), query)["Location"]
    assert archived_at == f"{archived.url}?utc=1700000000&lutc=1700003600"
    joined = play(published.client, make_channel("C", streams=[with_query]), query)["Location"]
    assert joined == "http://h/1.ts?a=b&utc=1700000000&lutc=1700003600"


def test_a_hidden_catch_up_address_is_filled_in_by_us(published: Published) -> None:
    source = "http://p.example/timeshift/joe/s3cret/{duration:60}/{Y}-{m}-{d}:{H}-{M}/1.ts"
    attributes = {"catchup": "default", "catchup-source": source}
    channel = make_channel("A", "1", streams=make_streams(["A"], is_catchup=True, extras={"attributes": attributes}))
    published.publish()
    offered = attribute(published.infos()[0], "catchup-source")
    assert (
        offered == f"http://testserver/stream/{channel.uuid}/archive?v={{duration:60}}&v={{Y}}&v={{m}}&v={{d}}&v={{H}}&v={{M}}"
    )
    filled = offered
    for placeholder, value in {
        "{duration:60}": "90",
        "{Y}": "2025",
        "{m}": "11",
        "{d}": "22",
        "{H}": "20",
        "{M}": "15",
    }.items():
        filled = filled.replace(placeholder, value)
    answer = published.get(filled.removeprefix("http://testserver"))
    assert answer["Location"] == "http://p.example/timeshift/joe/s3cret/90/2025-11-22:20-15/1.ts"


MISFITS = ["", "v=1", "v=1&v=2&v=3", "v=../x&v=2", "v=1%0a&v=2", f"v={'1' * 65}&v=2", "v=a%2Fb&v=2", "v=%40&v=1"]


@pytest.mark.parametrize("values", MISFITS)
def test_values_that_do_not_fit_are_refused(published: Published, values: str) -> None:
    extras = {"attributes": {"catchup-source": "http://joe:s3cret@h/{utc}/{duration}"}}
    channel = make_channel("A", "1", streams=make_streams(["A"], extras=extras))
    answer = published.get(f"/stream/{channel.uuid}/archive?{values}")
    assert answer.status_code == 404
    assert b"s3cret" not in answer.content


def test_a_channel_without_a_catch_up_address_has_no_archive(published: Published) -> None:
    channel = make_channel("A", "1", streams=make_streams(["A"], extras={"attributes": {"catchup-source": "?utc={utc}"}}))
    assert published.get(f"/stream/{channel.uuid}/archive?v=1").status_code == 404


def test_placeholders_of_all_spellings_are_known() -> None:
    source = "http://h/{utc:Y-m-d}/${start}/${offset:1}/{lutc}?x=1"
    assert archive_query(source) == "v={utc:Y-m-d}&v=${start}&v=${offset:1}&v={lutc}"
    assert fill_in(source, ["2025-01-01", "1", "2", "3"]) == "http://h/2025-01-01/1/2/3?x=1"
