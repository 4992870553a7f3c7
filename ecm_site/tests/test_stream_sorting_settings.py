"""Settings → Stream Sorting (10 §1.3)."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from ecm_site.conf import get_settings, save_settings

pytestmark = pytest.mark.django_db
PAGE = "/settings/stream-sorting/"
SENT = {
    "stream_sort_enabled": ["m3u_priority", "bitrate"],
    "stream_sort_priority": "bitrate\r\nPriority of the provider\r\n",
    "deprioritize_failed_streams": "on",
    "failed_stream_sort_order": "Low frame rate",
}


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_user("op", password="x", is_staff=True))
    return client


def test_the_order_is_typed_as_lines_and_what_is_left_out_comes_last(signed_in: Client) -> None:
    assert signed_in.post(PAGE, SENT).status_code == 302
    saved = get_settings()
    assert saved.stream_sort_priority[:3] == ("bitrate", "m3u_priority", "resolution")
    assert len(saved.stream_sort_priority) == 6
    assert set(saved.stream_sort_enabled) == {"m3u_priority", "bitrate"}
    assert saved.failed_stream_sort_order == ("low_fps", "failed", "black_screen")
    assert (saved.deprioritize_failed_streams, saved.deprioritize_black_screen) == (True, False)
    page = signed_in.get(PAGE).content.decode().replace("\r", "")
    assert "Bitrate\nPriority of the provider\nResolution" in page


def test_a_line_that_means_nothing_is_told(signed_in: Client) -> None:
    answer = signed_in.post(PAGE, {**SENT, "stream_sort_priority": "Loudness"})
    assert answer.status_code == 422
    assert "“Loudness” is none of these" in answer.content.decode()


def test_a_saved_list_without_a_newer_criterion_shows_it_at_the_end(signed_in: Client) -> None:
    save_settings(stream_sort_priority=("video_codec", "something_older"))
    page = signed_in.get(PAGE).content.decode().replace("\r", "")
    assert "Video codec\nResolution" in page
