"""Another stream takes the place of one that a provider took away (20 §10, §23 replacement hints)."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app.arrange_streams import replace_stream, stream_ids_of
from channels_app.commands import ReplaceStream
from channels_app.errors import EditRefused, NotThere
from channels_app.find_replacement import find_replacements
from channels_app.models import ChannelStream
from channels_app.stream_loss import ChannelStreams
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from m3u_app.models import Stream, StreamGroup
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db


def lost_on(channel_name: str = "ESPN", *others: str, **values: object) -> tuple[Stream, list[Stream], int]:
    """A channel with one stream that its provider has lost, and other streams of the same provider."""
    lost, *rest = make_streams([channel_name, *others])
    Stream.objects.filter(pk=lost.pk).update(is_stale=True)
    channel = make_channel(channel_name, "1", streams=[lost], **values)
    return lost, rest, channel.pk


def names_for(channel_id: int, lost: Stream) -> list[str]:
    return [found.stream.name for found in find_replacements(channel_id, lost.name, lost_id=lost.pk)]


def test_the_same_channel_in_other_spellings_is_offered_and_nothing_else() -> None:
    lost, _, channel = lost_on("US: ESPN HD", "ESPN FHD", "US| ESPN", "UK: ESPN HD", "ESPN 2 HD", "ESPN News", "US - ESPN ᴴᴰ")
    assert names_for(channel, lost) == ["US| ESPN", "US - ESPN ᴴᴰ", "ESPN FHD"]  # the same quality before others


def test_a_guide_id_in_common_comes_before_quality_and_that_before_the_accounts_priority() -> None:
    lost, _, channel = lost_on("ESPN HD", tvg_id="espn.us")
    poor, rich = make_account("Poor"), make_account("Rich")
    rich.priority = 9
    rich.save()
    make_streams(["ESPN SD"], account=poor, tvg_id="ESPN.us")
    make_streams(["ESPN HD"], account=poor)
    make_streams(["ESPN HD "], account=rich)
    found = find_replacements(channel, lost.name, lost_id=lost.pk)
    assert [(item.stream.name, item.stream.account.name if item.stream.account else "") for item in found] == [
        ("ESPN SD", "Poor"),
        ("ESPN HD ", "Rich"),
        ("ESPN HD", "Poor"),
    ]


def test_what_cannot_be_played_is_not_offered() -> None:
    lost, (stale, off_group, off_account), channel = lost_on("ESPN", "ESPN HD", "ESPN FHD", "ESPN SD")
    Stream.objects.filter(pk=stale.pk).update(is_stale=True)
    group = StreamGroup.objects.create(account=off_group.account, name="Off", enabled=False)
    Stream.objects.filter(pk=off_group.pk).update(group=group)
    closed = make_account("Closed")
    closed.is_active = False
    closed.save()
    Stream.objects.filter(pk=off_account.pk).update(account=closed)
    assert names_for(channel, lost) == []


def test_a_replacement_takes_the_place_and_can_be_undone() -> None:
    first, lost, last, new = make_streams(["A", "B", "C", "D"])
    channel = make_channel("X", "1", streams=[first, lost, last])
    outcome = replace_stream(ReplaceStream(channel.pk, lost.pk, new.pk))
    assert stream_ids_of(channel.pk) == [first.pk, new.pk, last.pk]
    entry = JournalEntry.objects.get(action_type="stream_replace")
    assert "Replaced “B” by “D” on “X”" in (outcome.message, entry.description)[0]
    assert undo_entry(entry).undone
    assert stream_ids_of(channel.pk) == [first.pk, lost.pk, last.pk]


@pytest.mark.parametrize(("position", "expected"), [(1, "NAC"), (2, "ANC"), (3, "ACN"), (99, "ACN"), (0, "ACN")])
def test_the_place_of_a_stream_that_was_deleted_is_remembered(position: int, expected: str) -> None:
    a, c, new = make_streams(["A", "C", "N"])
    channel = make_channel("X", "1", streams=[a, c])
    replace_stream(ReplaceStream(channel.pk, 987654, new.pk, position))
    names = dict(Stream.objects.values_list("pk", "name"))
    assert "".join(names[pk] for pk in stream_ids_of(channel.pk)) == expected
    assert list(ChannelStream.objects.values_list("position", flat=True)) == [1, 2, 3]


def test_a_stream_that_is_on_the_channel_or_gone_is_refused() -> None:
    a, b = make_streams(["A", "B"])
    channel = make_channel("X", "1", streams=[a, b])
    with pytest.raises(EditRefused, match="on this channel already"):
        replace_stream(ReplaceStream(channel.pk, a.pk, b.pk))
    with pytest.raises(NotThere):
        replace_stream(ReplaceStream(channel.pk, a.pk, 987654))
    with pytest.raises(NotThere):
        find_replacements(987654, "A")


def test_one_click_takes_the_best_and_says_so_when_there_is_none() -> None:
    lost, (hd, _), channel = lost_on("ESPN HD", "ESPN FHD", "Fox")
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    url = reverse("channels:replace_stream", args=[channel])
    asked = {"stream": lost.pk, "name": lost.name, "position": 1, "back": "/m3u/changes/?in_use=1"}
    page = client.get(url, asked).content.decode()
    assert "ESPN FHD" in page
    assert "Fox" not in page
    assert client.post(url, asked)["Location"] == "/m3u/changes/?in_use=1"
    assert stream_ids_of(channel) == [hd.pk]
    answer = client.post(url, {"stream": 987654, "name": "Nobody"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "No other stream carries" in answer["HX-Trigger"]
    assert client.post(url, {**asked, "back": "https://evil.example/"})["Location"] == reverse("channels:manager")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:evil.example", "evil_example"])
def test_the_way_back_of_the_page_stays_in_the_house(back: str) -> None:
    lost, _, channel = lost_on("ESPN HD", "ESPN FHD")
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    asked = {"stream": lost.pk, "name": lost.name, "position": 1, "back": back}
    page = client.get(reverse("channels:replace_stream", args=[channel]), asked).content.decode()
    assert "evil.example" not in page
    assert f'href="{reverse("channels:manager")}" data-dialog-close' in page
    assert client.post(reverse("channels:replace_stream", args=[channel]), asked)["Location"] == reverse("channels:manager")


def test_who_uses_a_stream_is_told_with_what_is_left() -> None:
    a, b = make_streams(["A", "B"])
    both, only = make_channel("Both", "1", streams=[b, a]), make_channel("Only", "2", streams=[a])
    uses = ChannelStreams().uses([a.pk, 987654])
    assert {pk: [(use.key, use.name, use.position, use.left) for use in found] for pk, found in uses.items()} == {
        a.pk: [(both.pk, "Both", 2, 1), (only.pk, "Only", 1, 0)]
    }
    assert set(ChannelStreams().known([both.pk, 987654])) == {both.pk}
