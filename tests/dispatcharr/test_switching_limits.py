"""What a server cannot hold of a lineup that is brought to it: said beforehand, and so it is afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from channels_app.mirror.switching import LineupRoom
from channels_app.models import (
    AccountSync,
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    HiddenGroup,
    LeftoverChoice,
)
from ecm_site.conf import save_settings
from epg_app.mirror.switching import GuideRoom
from epg_app.models import GuideEntry, GuideSource, SourceType
from epg_app.source_values import UPLOAD_BYTES_MAX
from m3u_app.mirror.send_playlist import LARGEST
from m3u_app.mirror.switching import ProvidersRoom
from m3u_app.models import Account, AccountProfile, LinkGroup, Stream, StreamFilter, StreamGroup
from tasks_app.backup.snapshots import folder
from tasks_app.models import OutboxEntry
from tasks_app.progress import NoProgress
from tasks_app.switching.preview import Way, local_preview, preview_switch
from tasks_app.switching.switch import switch
from tests.fake_dispatcharr import Playlist, World, serving

pytestmark = pytest.mark.django_db(transaction=True)
URL = "http://acme.test/list.m3u"


@pytest.fixture(autouse=True)
def no_snapshots() -> Iterator[None]:
    yield
    for path in folder().iterdir():
        path.unlink()


def stream_of(account: Account, number: int) -> Stream:
    group, _ = StreamGroup.objects.get_or_create(account=account, name="News")
    return Stream.objects.create(
        account=account, group=group, name=f"S{number}", url=f"http://x.test/{number}.ts", stream_hash=bytes([number]) * 32
    )


def channel_with(stream: Stream | None, name: str, **values: object) -> Channel:
    channel = Channel.objects.create(name=name, **values)
    if stream is not None:
        ChannelStream.objects.create(channel=channel, stream=stream, position=1)
    return channel


def test_what_cannot_go_is_named_with_counts_and_does_not_go() -> None:
    plain = Account.objects.create(name="Plain", server_url=URL)
    typed = Account.objects.create(name="Typed", file_path="/data/mine.m3u")
    StreamFilter.objects.create(account=plain, regex_pattern="on", exclude=False)
    StreamFilter.objects.create(account=plain, regex_pattern="off", enabled=False)
    link = LinkGroup.objects.create()
    Account.objects.update(link_group=link)
    HiddenGroup.objects.create(group_id=ChannelGroup.objects.create(name="Mine", position=1).pk, name="Mine")
    AccountSync.objects.create(account=plain, leftovers=LeftoverChoice.NEVER)
    off = Account.objects.create(name="Off", server_url="http://acme.test/off.m3u", is_active=False)
    channel_with(stream_of(typed, 1), "Of the path", number=1)
    channel_with(stream_of(off, 2), "Of what is off", number=5)
    channel_with(None, "Locked", number=2, epg_locked=True)
    channel_with(None, "No guide", number=3, no_epg=True)
    path_guide = GuideSource.objects.create(name="Path guide", source_type=SourceType.XMLTV_FILE, file_path="/data/guide.xml")
    entry = GuideEntry.objects.create(source=path_guide, tvg_id="a", tvg_key="a", name="A")
    channel_with(None, "With guide", number=4, guide_entry=entry)
    GuideSource.objects.create(
        name="In French", url="http://acme.test/guide.xml", preferred_language="fr", is_active=False, refresh_interval=0
    )
    world = World(seed=1, refresh_seconds=0.1)
    world.playlists[URL] = Playlist.generated(6, groups=1)
    with serving(world) as empty:
        save_settings(dispatcharr_url=empty.url, dispatcharr_user=empty.user, dispatcharr_password=empty.password)
        assert preview_switch(Way.PUSH).asleep == [
            "1 stream on channels will not be there: the provider has them no more, or their group or account is switched off.",
            "2 channels wait here, as they have streams of an account that will not be there or is switched off.",
            "1 channel waits here, as it has the guide entry of a source that will not be there or is switched off.",
            "1 hidden group is hidden here only.",
            "The order of 1 group stays here only.",
            "1 channel is locked against automatic guide matching here only.",
            "1 channel is marked to have no guide here only.",
            "What auto-sync does with channels whose streams are gone, which you chose for 1 account, stays here only.",
            "1 guide source will not be there (Path guide): the guide is a path on this machine. Upload the file first, or give"
            " an address.",
            "1 guide source will be read without the language, time zone, time shift or User-Agent that you chose (In French):"
            " the server has no such choices for a guide.",
            "1 account will not be there (Typed): the playlist is a path on this machine. Upload the file first, or give an"
            " address.",
            "1 filter that is switched off stays here only: the server has none that are off.",
            "1 link between accounts stays here only: the server does not know links.",
        ]
        switch(Way.PUSH, "", progress=NoProgress())
        assert "Typed" not in {row["name"] for row in world.tables["accounts"].values()}
        assert [row["regex_pattern"] for row in world.tables["filters"].values()] == ["on"]
        (source,) = world.tables["sources"].values()
        assert source["name"] == "In French"
        assert "fr" not in source.values()
        assert {row["name"] for row in world.tables["channels"].values()} == {"Locked", "No guide"}
    waiting = dict(OutboxEntry.objects.values_list("name", "reason"))
    assert "a path on this machine" in waiting["Typed"]
    assert "data folder" in waiting["Path guide"]
    assert "1 stream of it" in waiting["Of the path"]
    assert "1 stream of it" in waiting["Of what is off"]
    assert "its guide entry" in waiting["With guide"]
    assert Channel.objects.get(epg_locked=True).name == "Locked", "what stays here is here"
    assert Channel.objects.get(no_epg=True).name == "No guide"
    assert (LinkGroup.objects.count(), HiddenGroup.objects.count(), StreamFilter.objects.filter(enabled=False).count()) == (
        1,
        1,
        1,
    )
    assert GuideSource.objects.get(name="In French").preferred_language == "fr"


def test_a_plain_lineup_goes_without_a_word() -> None:
    account = Account.objects.create(name="Plain", server_url=URL)
    StreamFilter.objects.create(account=account, regex_pattern="on")
    AccountProfile.objects.create(account=account, name="Second", search_pattern="a", replace_pattern="b")
    channel_with(stream_of(account, 1), "One", number=1)
    GuideSource.objects.create(name="Guide", url="http://acme.test/guide.xml")
    assert [sentence for room in (ProvidersRoom(), GuideRoom(), LineupRoom()) for sentence in room.missing_there()] == []


def test_files_that_are_gone_or_too_large_are_named() -> None:
    gone = str(Path(settings.UPLOAD_DIR) / "0a1b2c3d_gone.m3u")
    large = Path(settings.UPLOAD_DIR) / "0a1b2c3d_large.m3u"
    with large.open("wb") as file:
        file.truncate(max(LARGEST, UPLOAD_BYTES_MAX) + 1)  # takes no room on the disk
    Account.objects.create(name="Gone", file_path=gone)
    Account.objects.create(name="Large", file_path=str(large))
    for name, path in (("Gone guide", gone), ("Large guide", str(large))):
        GuideSource.objects.create(name=name, source_type=SourceType.XMLTV_FILE, file_path=path)
    GuideSource.objects.create(name="Nowhere")
    try:
        assert ProvidersRoom().missing_there() == [
            "1 account will not be there (Gone): the uploaded playlist is no longer there. Upload it again first, or give an"
            " address.",
            "1 account will not be there (Large): the playlist is larger than 64 MB. Give an address first.",
        ]
        assert GuideRoom().missing_there() == [
            "1 guide source will not be there (Gone guide): the uploaded guide is no longer there. Upload it again first, or"
            " give an address.",
            "1 guide source will not be there (Large guide): the guide is larger than 256 MB. Give an address first.",
            "1 guide source will not be there (Nowhere): there is no address. Enter one first.",
        ]
    finally:
        large.unlink()


def test_patterns_and_numbers_that_the_server_would_refuse_are_named() -> None:
    account = Account.objects.create(name="Plain", server_url=URL)
    StreamFilter.objects.create(account=account, regex_pattern="[[:alpha:]]")
    AccountProfile.objects.create(account=account, name="Second", search_pattern="(", replace_pattern="")
    StreamGroup.objects.create(account=account, name="Gone", is_stale=True)
    StreamGroup.objects.create(account=account, name="Backwards", auto_sync_channel_start=9, auto_sync_channel_end=5)
    StreamGroup.objects.create(account=account, name="Low", auto_sync_channel_start=0)
    StreamGroup.objects.create(account=account, name="Well", auto_sync_channel_start=1, auto_sync_channel_end=5)
    assert ProvidersRoom().missing_there() == [
        "1 provider’s group will not be there: the provider has it no more.",
        "The choices for 2 provider’s groups will not be there (Backwards, Low): the numbers for auto-sync begin below 1, or"
        " end before they begin. Correct them first.",
        "1 filter will not be there, because Dispatcharr cannot use the pattern. Write it another way first.",
        "1 account profile will not be there, because Dispatcharr cannot use the patterns. Write them another way first.",
    ]


def test_what_goes_when_the_servers_lineup_comes_names_links_uploads_and_what_hangs_on_accounts() -> None:
    path = str(Path(settings.UPLOAD_DIR) / "0a1b2c3d_mine.m3u")
    account = Account.objects.create(name="Mine", file_path=path, link_group=LinkGroup.objects.create())
    GuideSource.objects.create(name="Guide", source_type=SourceType.XMLTV_FILE, file_path=path.replace("mine.m3u", "guide.xml"))
    StreamFilter.objects.create(account=account, regex_pattern="x")
    AccountProfile.objects.create(account=account, name="Second")
    save_settings(default_channel_profile_ids=(str(ChannelProfile.objects.create(name="Family").pk),))
    try:
        preview = local_preview(Way.ADOPT)
    finally:
        save_settings(default_channel_profile_ids=())
    found = {stock.words: stock.samples for stock in preview.here}
    assert found["1 link between accounts"] == ()
    assert found["1 uploaded playlist"] == ("mine.m3u",)
    assert found["1 uploaded guide"] == ("guide.xml",)
    assert {"1 filter", "1 account profile"} <= set(found)
    assert [stock.words for stock in preview.server_bound] == ["1 default profile for new channels"]
