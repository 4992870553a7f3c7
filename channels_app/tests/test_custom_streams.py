"""Custom streams: made, changed, deleted, shown, used on channels and published (10 §9.2); streams of channels over HTTP
(10 §9.1, examples 86 and 87)."""

import json
from typing import Any

import pytest
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.pane_filters import StreamFilter
from channels_app.publishing.lineup_rows import read_lineup
from channels_app.publishing.playlist_text import playlist_lines
from channels_app.stream_queries import stream_rows, stream_tree
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from m3u_app.custom_streams import (
    CustomStream,
    CustomStreamRefused,
    create_custom_stream,
    delete_custom_stream,
    group_of,
    update_custom_stream,
)
from m3u_app.models import Stream
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

CAMERA = CustomStream("Garden camera", "rtsp://admin:geheim@192.168.1.9:554/live", group="House")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/1.ts", "https://a.example/", "rtmp://a.example/live", "rtp://239.0.0.1:5000",
        "http://a.example/?u=http://@b.example/", "udp://239.1.1.1:1234", "rtsp://cam.local/live", "http://[::1]:8080/x",
    ],
)  # fmt: skip
def test_addresses_of_every_kind_that_players_know(url: str) -> None:
    assert create_custom_stream(CustomStream("A", url))[0].url == url


@pytest.mark.parametrize("scheme", ["udp", "rtp"])
def test_the_at_sign_of_multicast_is_not_kept_and_published_all_the_same(scheme: str) -> None:
    stream, _ = create_custom_stream(CustomStream("A", f"{scheme}://@239.1.1.1:1234"))
    assert stream.url == f"{scheme}://239.1.1.1:1234"
    assert update_custom_stream(stream.pk, CustomStream("A", f"{scheme}://@239.1.1.1:1234"))[1] is None
    with pytest.raises(CustomStreamRefused, match="has this address already"):
        create_custom_stream(CustomStream("B", stream.url))
    make_channel("Multicast", "1", streams=[stream])
    assert f"{scheme}://@239.1.1.1:1234\n" in "".join(playlist_lines(read_lineup().channels, "tvg_id", direct=True))


def test_a_row_of_an_earlier_version_that_kept_the_at_sign_counts_as_the_same_address() -> None:
    Stream.objects.create(name="Old", url="udp://@239.1.1.1:1234", is_custom=True, stream_hash=b"x" * 32)
    with pytest.raises(CustomStreamRefused, match="Old"):
        create_custom_stream(CustomStream("New", "udp://@239.1.1.1:1234"))


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "javascript:alert(1)", "http://", "rtp://", "http://a b/", "http://[::1", "a.example", "udp://@:x"]
)  # fmt: skip
def test_other_addresses_are_refused_beside_their_field(url: str) -> None:
    with pytest.raises(CustomStreamRefused) as refused:
        create_custom_stream(CustomStream("A", url))
    assert set(refused.value.errors) == {"url"}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(CustomStreamRefused) as refused:
        create_custom_stream(CustomStream(" ", "x", logo_url="ftp://x/y", tvg_id="t" * 300))
    assert set(refused.value.errors) == {"name", "url", "logo_url", "tvg_id"}
    create_custom_stream(CAMERA)
    with pytest.raises(CustomStreamRefused, match="Garden camera"):
        create_custom_stream(CustomStream("Other", CAMERA.url))


def test_each_change_is_journalled_without_showing_passwords_and_undone() -> None:
    stream, created = create_custom_stream(CAMERA)
    _, changed = update_custom_stream(stream.pk, CustomStream("Yard", CAMERA.url, tvg_id="yard.local"))
    assert update_custom_stream(stream.pk, CustomStream("Yard", CAMERA.url, tvg_id="yard.local"))[1] is None
    assert "geheim" not in "".join(entry.description for entry in JournalEntry.objects.all())
    assert undo_entry(JournalEntry.objects.get(pk=changed or 0)).conflicts == []
    stream.refresh_from_db()
    assert (stream.name, stream.tvg_id, group_of(stream)) == ("Garden camera", "", "House")
    _, deleted = delete_custom_stream(stream.pk)
    assert undo_entry(JournalEntry.objects.get(pk=deleted or 0)).conflicts == []
    again = Stream.objects.get()
    assert (again.pk, again.url, again.is_custom) == (stream.pk, CAMERA.url, True)
    assert undo_entry(JournalEntry.objects.get(pk=created or 0)).conflicts == []
    assert not Stream.objects.exists()


def test_a_stream_that_channels_use_is_not_undone_away() -> None:
    stream, created = create_custom_stream(CAMERA)
    make_channel("Garden", streams=[stream])
    assert undo_entry(JournalEntry.objects.get(pk=created or 0)).conflicts
    assert Stream.objects.exists()


def test_streams_of_providers_cannot_be_changed_or_deleted_this_way() -> None:
    (stream,) = make_streams(["a"])
    with pytest.raises(Stream.DoesNotExist):
        update_custom_stream(stream.pk, CAMERA)
    with pytest.raises(Stream.DoesNotExist):
        delete_custom_stream(stream.pk)


def test_custom_streams_stand_in_the_right_pane_are_found_and_published() -> None:
    make_streams(["BBC"])
    stream, _ = create_custom_stream(CAMERA)
    names = [(node.pk, node.name, node.stream_count) for node in stream_tree(StreamFilter()).providers]
    assert (0, "Custom streams", 1) in names
    assert [row.stream for row in stream_rows(StreamFilter(text="garden cam"), (0, 0)).rows] == [stream]
    make_channel("Garden", "1", streams=[stream])
    assert [channel.stream_url for channel in read_lineup().channels] == [CAMERA.url]


def test_deleting_takes_it_off_its_channels_and_says_so() -> None:
    stream, _ = create_custom_stream(CAMERA)
    channel = make_channel("Garden", streams=[stream])
    delete_custom_stream(stream.pk)
    assert stream_ids_of(channel.pk) == []
    assert "the custom stream was deleted" in JournalEntry.objects.get(entity_type="channel").description


def test_the_dialogs(signed_in: Client) -> None:
    page = "/channels/custom-streams/"
    bad = signed_in.post(f"{page}create/", {"name": "", "url": "file:///x"})
    assert bad.status_code == 422
    values = {"name": "<b>Cam</b>", "url": "rtsp://bob:hunter2secret@cam.local/1", "group": "House"}
    assert signed_in.post(f"{page}create/", values).status_code == 302
    stream = Stream.objects.get()
    channel = make_channel("Garden", streams=[stream])
    listed = signed_in.get(page).content.decode()
    assert "&lt;b&gt;Cam" in listed
    assert "hunter2secret" not in listed
    assert "Saved at once" in signed_in.get(f"{page}{stream.pk}/").content.decode()
    assert "Garden" in signed_in.get(f"{page}{stream.pk}/delete/").content.decode()
    assert signed_in.post(f"{page}{stream.pk}/", {**values, "name": "Cam"}).status_code == 302
    assert 'class="cm-source is-custom"' in signed_in.get("/channels/streams/groups/0-0/").content.decode()
    assert signed_in.post(f"{page}{stream.pk}/delete/").status_code == 302
    assert stream_ids_of(channel.pk) == []
    assert signed_in.get(f"{page}{stream.pk}/").status_code == 404
    (other,) = make_streams(["a"])
    assert signed_in.get(f"{page}{other.pk}/").status_code == 404


# --- streams of a channel over HTTP -----------------------------------------------------------------------------------


def post(client: Client, path: str, **body: Any) -> tuple[int, Any]:
    answer = client.post(f"/api/channels/{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_86_and_87_adding_several_streams(signed_in: Client) -> None:
    five, ten, eleven = make_streams(["5", "10", "11"])
    channel = make_channel("A", streams=[five, ten])
    status, told = post(signed_in, f"{channel.pk}/add-streams", stream_ids=[ten.pk, eleven.pk, five.pk])
    assert (status, told["added"], told["skipped"]) == (200, [eleven.pk], [ten.pk, five.pk])
    assert (told["total_streams"], told["streams"]) == (3, [five.pk, ten.pk, eleven.pk])
    entries = JournalEntry.objects.count()
    assert post(signed_in, f"{channel.pk}/add-streams", stream_ids=[five.pk, ten.pk])[1]["added"] == []
    assert JournalEntry.objects.count() == entries


def test_adding_removing_and_reordering_over_http(signed_in: Client) -> None:
    a, b = make_streams(["a", "b"])
    channel = make_channel("A", streams=[a])
    assert post(signed_in, f"{channel.pk}/add-stream", stream_id=b.pk)[1]["total_streams"] == 2
    assert post(signed_in, f"{channel.pk}/add-stream", stream_id=999_999)[0] == 404
    assert post(signed_in, "999999/add-stream", stream_id=a.pk)[0] == 404
    assert post(signed_in, f"{channel.pk}/add-stream", stream="x")[0] == 422
    assert post(signed_in, f"{channel.pk}/reorder-streams", stream_ids=[b.pk, a.pk])[1]["streams"] == [b.pk, a.pk]
    for wrong in ([a.pk], [a.pk, b.pk, 999_999], [a.pk, a.pk]):
        assert post(signed_in, f"{channel.pk}/reorder-streams", stream_ids=wrong)[0] == 422
    assert stream_ids_of(channel.pk) == [b.pk, a.pk]
    assert post(signed_in, f"{channel.pk}/remove-stream", stream_id=b.pk)[1]["streams"] == [a.pk]
    assert post(signed_in, f"{channel.pk}/remove-stream", stream_id=b.pk)[0] == 200


@pytest.mark.parametrize("path", ["/channels/custom-streams/create/", "/channels/groups/create/"])
def test_a_form_that_is_sent_without_anything_is_refused_in_words(signed_in: Client, path: str) -> None:
    assert signed_in.post(path).status_code == 422
