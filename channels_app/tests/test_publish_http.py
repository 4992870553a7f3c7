"""How published files are answered: ETag, gzip, HEAD, options, addresses of this server."""

import gzip
from typing import Any

import pytest
from lxml import etree

from channels_app.publishing import sending
from channels_app.publishing.output_tokens import create_token
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, attribute, body, change, published
from tasks_app.models import RunRequest

__all__ = ["published"]

FEEDS = [
    "/output/m3u",
    "/output/epg",
    "/output/epg.xml",
    "/output/epg.xml.gz",
    "/hdhr/lineup.json",
    "/hdhr/lineup.xml",
    "/hdhr/lineup.m3u",
]


@pytest.fixture
def lineup(published: Published) -> Published:
    first, second = make_streams(["A", "B"])
    entry = make_entry("a")
    make_channel("Alpha", "1", streams=[first], group=make_group("News"), tvg_id="a", guide_entry=entry)
    make_channel("Beta", "2", streams=[second], tvg_id="b")
    add_programme(entry, "Film", begins=0)
    published.publish()
    return published


@pytest.mark.parametrize("feed", FEEDS)
def test_an_unchanged_file_is_not_sent_again(lineup: Published, feed: str) -> None:
    first = lineup.get(feed)
    assert first.status_code == 200
    assert int(first["Content-Length"]) == len(b"".join(first.streaming_content))
    again = lineup.get(feed, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert lineup.get(feed, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("feed", FEEDS)
def test_publishing_the_same_lineup_again_keeps_the_etag(lineup: Published, feed: str) -> None:
    before = lineup.get(feed)["ETag"]
    lineup.publish()
    assert lineup.get(feed)["ETag"] == before


@pytest.mark.parametrize("feed", FEEDS)
def test_head_answers_headers_only(lineup: Published, feed: str) -> None:
    whole, head = lineup.get(feed), lineup.client.head(feed)
    assert head.status_code == 200
    assert head.content == b""
    assert {name: head[name] for name in ("ETag", "Content-Length", "Content-Type")} == {
        name: whole[name] for name in ("ETag", "Content-Length", "Content-Type")
    }


@pytest.mark.parametrize("feed", ["/output/m3u", "/output/epg", "/hdhr/lineup.json"])
def test_gzip_is_negotiated(lineup: Published, feed: str) -> None:
    plain = lineup.get(feed)
    packed = lineup.get(feed, headers={"Accept-Encoding": "deflate, gzip;q=0.8"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert packed["ETag"] != plain["ETag"]
    assert "Accept-Encoding" in packed["Vary"]
    data = b"".join(packed.streaming_content)
    assert int(packed["Content-Length"]) == len(data)
    assert gzip.decompress(data) == b"".join(plain.streaming_content)
    assert "Content-Encoding" not in lineup.get(feed, headers={"Accept-Encoding": "gzip;q=0, br"})


def test_the_gz_file_is_a_file_not_an_encoding(lineup: Published) -> None:
    answer = lineup.get("/output/epg.xml.gz", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert answer["Content-Type"] == "application/gzip"
    assert gzip.decompress(b"".join(answer.streaming_content)).decode() == lineup.text("/output/epg.xml")


def test_the_packed_guide_is_one_ordinary_gzip_member(lineup: Published) -> None:
    """Some clients stop after the first member; blocks inside must not be members."""
    import zlib

    data = b"".join(lineup.get("/output/epg.xml.gz").streaming_content)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = unpacker.decompress(data)
    assert unpacker.eof
    assert unpacker.unused_data == b""
    assert text.endswith(b"</tv>\n")


def test_addresses_are_those_the_player_used(lineup: Published) -> None:
    for host in ("tv.lan:6100", "192.168.1.5", "[fd00::1]:6100"):
        lines = lineup.text("/output/m3u", headers={"Host": host}).splitlines()
        assert attribute(lines[0], "url-tvg") == f"http://{host}/output/epg"
        assert lines[2].startswith(f"http://{host}/stream/")
        packed = body(lineup.get("/output/m3u", headers={"Host": host, "Accept-Encoding": "gzip"})).decode()
        assert packed.splitlines() == lines


def test_etags_differ_between_addresses(lineup: Published) -> None:
    assert lineup.get("/output/m3u", headers={"Host": "a"})["ETag"] != lineup.get("/output/m3u", headers={"Host": "b"})["ETag"]
    assert lineup.get("/output/epg", headers={"Host": "a"})["ETag"] == lineup.get("/output/epg", headers={"Host": "b"})["ETag"]


def test_the_public_address_wins(lineup: Published) -> None:
    change(public_base_url="https://tv.example.org/ecm/")
    assert lineup.lines()[2].startswith("https://tv.example.org/ecm/stream/")
    assert lineup.get("/hdhr/discover.json").json()["BaseURL"] == "https://tv.example.org/ecm/hdhr"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tv.example"}, "https://tv.example"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tv.example", "X-Forwarded-Port": "8443"}, "https://tv.example:8443"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tv.example:8443", "X-Forwarded-Port": "8443"}, "https://tv.example:8443"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}, "https://testserver"),
        ({"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "tv.example"}, "http://testserver"),
        ({"X-Forwarded-Host": 'evil"/><x'}, "http://testserver"),
    ],
)  # fmt: skip
def test_a_trusted_proxy_may_say_scheme_host_and_port(
    lineup: Published, settings: Any, headers: dict[str, str], expected: str
) -> None:
    assert lineup.text("/output/m3u", headers=headers).splitlines()[2].startswith("http://testserver/stream/")  # not trusted
    import ipaddress

    settings.ECM_TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32")]
    assert lineup.text("/output/m3u", headers=headers).splitlines()[2].startswith(f"{expected}/stream/")


def test_the_playlist_names_the_guide_that_fits(lineup: Published) -> None:
    _token, text = create_token("Kodi")
    address = f"/t/{text}/output/m3u?tvg_id_source=channel_number&days=3&prev_days=1&group=News"
    guide = attribute(lineup.lines(address)[0], "url-tvg")
    assert guide == f"http://testserver/t/{text}/output/epg?tvg_id_source=channel_number&group=News&days=3&prev_days=1"
    assert [channel.get("id") for channel in lineup.guide(guide.removeprefix("http://testserver")).findall("channel")] == ["1"]


def test_one_group_can_be_asked_for(lineup: Published) -> None:
    assert [line.rpartition(",")[2] for line in lineup.infos("/output/m3u?group=news")] == ["Alpha"]
    assert [line.rpartition(",")[2] for line in lineup.infos("/output/m3u?group=Default")] == ["Beta"]
    assert [line.rpartition(",")[2] for line in lineup.infos("/output/m3u?group=News&group=Default")] == ["Alpha", "Beta"]
    assert [one.get("id") for one in lineup.guide("/output/epg?group=News").findall("channel")] == ["a"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tvg_id_source=name", "tvg_id_source must be one of"),
        ("days=-1", "days must be a whole number from 0 to 365"),
        ("days=366", "days must be"),
        ("days=%D9%A3", "days must be"),
        ("prev_days=31", "prev_days must be a whole number from 0 to 30"),
        ("direct=maybe", "direct must be true or false"),
        ("cachedlogos=maybe", "cachedlogos must be true or false"),
        ("group=Nowhere", "There is no group “Nowhere”"),
        ("&".join(f"group={number}" for number in range(51)), "at most 50 times"),
    ],
)
@pytest.mark.parametrize("feed", ["/output/m3u", "/output/epg"])
def test_options_that_cannot_be_are_refused_in_words(lineup: Published, feed: str, query: str, words: str) -> None:
    answer = lineup.get(f"{feed}?{query}")
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")


def test_options_of_others_are_their_own_business(lineup: Published) -> None:
    assert lineup.text("/output/m3u?cachedlogos=true&type=m3u_plus&username=x&days=") == lineup.text("/output/m3u")


def test_provider_addresses_need_the_setting(lineup: Published) -> None:
    refused = lineup.get("/output/m3u?direct=true")
    assert refused.status_code == 403
    assert b"secret" not in refused.content
    assert "secret" not in lineup.text("/output/m3u")
    change(output_direct_urls=True)
    assert lineup.lines("/output/m3u?direct=true")[2].startswith("http://provider.example/live/user/secret/")
    change(output_direct_urls=False)
    assert lineup.get("/output/m3u?direct=true").status_code == 403


def test_before_the_first_publish_players_are_told_to_come_back(published: Published) -> None:
    answer = published.get("/output/epg")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert b"being published for the first time" in answer.content
    assert RunRequest.objects.filter(task_id="publish_lineup").exists()


def test_an_empty_lineup_is_published_as_valid_files(published: Published) -> None:
    published.publish()
    assert len(published.lines()) == 1
    assert published.get("/hdhr/lineup.json").status_code == 200
    assert body(published.get("/hdhr/lineup.json")).split() == [b"[", b"]"]
    assert published.guide().findall("channel") == []


@pytest.mark.parametrize(
    "address", ["/output/m3u/Kids", "/output/epg/Kids", "/hdhr/Kids/discover.json", "/hdhr/Kids/lineup.json"]
)
def test_unknown_profiles_are_not_found(lineup: Published, address: str) -> None:
    answer = lineup.get(address)
    assert answer.status_code == 404
    assert "no output profile “Kids”" in answer.content.decode()


def test_feeds_take_no_other_methods(lineup: Published) -> None:
    assert lineup.client.post("/output/m3u").status_code == 405
    assert lineup.client.delete("/output/epg").status_code == 405


def test_packed_texts_in_memory_are_bounded(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PACKED_MEMORY", 2000)
    for number in range(50):
        lineup.get("/output/m3u", headers={"Host": f"h{number}", "Accept-Encoding": "gzip"})
    assert sum(map(len, sending._packed.values())) <= 2000


def test_large_texts_go_out_unpacked(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PACK_UP_TO", 10)
    assert "Content-Encoding" not in lineup.get("/output/m3u", headers={"Accept-Encoding": "gzip"})


def test_the_guide_of_a_large_lineup_unpacks_in_pieces(published: Published) -> None:
    import random

    words = random.Random(1)
    (stream,) = make_streams(["A"])
    entry = make_entry("a")
    make_channel("Alpha", "1", streams=[stream], tvg_id="a", guide_entry=entry)
    for hour in range(60):
        add_programme(entry, f"Film {hour}", begins=hour, description=words.randbytes(20_000).hex())
    published.publish()
    answer = published.get("/output/epg")
    pieces = list(answer.streaming_content)
    assert len(pieces) > 1
    assert len(b"".join(pieces)) == int(answer["Content-Length"])
    assert len(etree.fromstring(b"".join(pieces)).findall("programme")) == 60
