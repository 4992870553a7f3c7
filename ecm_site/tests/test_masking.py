"""No credential of an address or a message reaches a page, a log or the journal."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm_site.logs import MaskSecrets
from ecm_site.masking import mask_text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://joe:s3cret@h:80/x", "http://***@h:80/x"),
        ("http://joe:s3@cret@h/x", "http://***@h/x"),
        ("http://h/get.php?username=joe&password=s3cret&type=m3u", "http://h/get.php?username=***&password=***&type=m3u"),
        ("http://h/?USER=joe&amp;Pass=s3cret", "http://h/?USER=***&amp;Pass=***"),
        ("http://h/live/joe/s3cret/12.ts", "http://h/live/***/***/12.ts"),
        ("http://h:8080/c/movie/joe/s3cret/12.mkv", "http://h:8080/c/movie/***/***/12.mkv"),
        ("http://h/timeshift/joe/s3cret/60/2025-01-01:10-00/12.ts", "http://h/timeshift/***/***/60/2025-01-01:10-00/12.ts"),
        ("http://h:8080/joe/s3cret/12", "http://h:8080/***/***/12"),
        ("http://h/joe.doe@mail.example/s3.cret/12.m3u8?x=1", "http://h/***/***/12.m3u8?x=1"),
        ("http://h/joe.doe/s3.cret/12.ts.", "http://h/***/***/12.ts."),
        ("http://h/x?url=http%3A%2F%2Fk%2F%3Fusername%3Djoe%26password%3Ds3cret%26a%3D1",
         "http://h/x?url=http%3A%2F%2Fk%2F%3Fusername%3D***%26password%3D***%26a%3D1"),
        ("login failed for password=s3cret", "login failed for password=***"),
        ('{"username": "joe", "password":"s\\"3cret", "a": "b"}', '{"username": "***", "password":"***", "a": "b"}'),
        ("Authorization: Basic am9lOnMzY3JldA==", "Authorization: Basic ***"),
        ("authorization=Bearer abc.def", "authorization=Bearer ***"),
        ("Cookie: sid=abc; b=c", "Cookie: ***"),
        ("http://ecm:6100/t/AbC-1_2/output/m3u", "http://ecm:6100/t/***/output/m3u"),
        ("http://ecm/output/epg?token=AbC&days=3", "http://ecm/output/epg?token=***&days=3"),
    ],
)  # fmt: skip
def test_credentials_are_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "nothing to hide",
        "http://example.com/playlist.m3u",
        "http://h/hls/720p/index.m3u8",
        "http://logos.example/us/espn.png",
        "keyboard=yes and monkey=3",
        "2025-11-22 10:00: 12 streams created",
        'tvg-id="espn.us" group-title="User=Friends"',
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


_WORD = st.text("abcXYZ019-_~", min_size=4, max_size=12).map(lambda text: f"Zq{text}")


@given(user=_WORD, password=_WORD)
def test_no_spelling_of_an_xtream_login_survives(user: str, password: str) -> None:
    for address in (
        f"http://{user}:{password}@h/x",
        f"http://h:8080/get.php?username={user}&password={password}&type=m3u_plus",
        f"http://h/player_api.php?password={password}&username={user}",
        f"https://h/live/{user}/{password}/99.ts",
        f"http://h/{user}/{password}/99",
        f"before http://h/series/{user}/{password}/99.mkv|User-Agent=x after",
    ):
        masked = mask_text(f"Could not open {address}, sorry")
        assert user not in masked
        assert password not in masked


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


HOSTILE = ["://a/", "://a", "?token=", '"token":"', "authorization: ", "%3Ftoken%3D", "/t/a", "://a/b/c/live/"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_of_any_size_comes_to_an_end(piece: str) -> None:
    """A pattern with quadratic behaviour would need hours for this, so that the test run would never end."""
    masked = mask_text(piece * (2_000_000 // len(piece)))
    assert mask_text(masked) == masked


def test_log_lines_are_masked_with_their_arguments(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "[M3U] Refreshed %s", ("http://joe:s3cret@h/",), None)
    MaskSecrets().filter(record)
    assert record.getMessage() == "[M3U] Refreshed http://***@h/"
