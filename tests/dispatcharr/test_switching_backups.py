"""What a switch clears, its backup brings back whole: uploaded files and settings that name rows as well."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_app.logos.clean_up import unused_files
from channels_app.models import Channel, ChannelProfile, Logo
from channels_app.profiles.set_memberships import default_profile_ids
from ecm_site.conf import get_settings, save_settings
from epg_app.delete_source import delete_source
from epg_app.edit_source import edit_source
from epg_app.mirror.remove_sources import remove_sources
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import SourceValues
from m3u_app.account_values import AccountValues
from m3u_app.delete_account import delete_account
from m3u_app.edit_account import edit_account
from m3u_app.models import Account
from m3u_app.store_upload import keep_upload, receive_upload
from tasks_app.backup import restore
from tasks_app.backup.restore import restore_snapshot
from tasks_app.backup.row_settings import TABLE
from tasks_app.backup.snapshots import SnapshotFailed, delete_snapshot, find_snapshot, folder, take_snapshot
from tasks_app.cleanup import temporary_files
from tasks_app.cleanup.steps import Context
from tasks_app.mirror.state import is_connected
from tasks_app.progress import NoProgress
from tasks_app.switching.preview import Way
from tasks_app.switching.switch import Switched, switch
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Uploads in a folder of their own, which those of other tests do not reach; no settings and backups left behind."""
    place = settings.CONFIG_DIR / f"uploads-{tmp_path.name}"  # guides are read from the data folder only
    place.mkdir()
    monkeypatch.setattr(settings, "UPLOAD_DIR", place)
    yield
    shutil.rmtree(place)
    save_settings(default_channel_profile_ids=())
    for path in folder().iterdir():
        path.unlink()


def uploads() -> list[Path]:
    return sorted(path for path in Path(settings.UPLOAD_DIR).iterdir() if path.is_file())


def uploaded(name: str, content: bytes) -> str:
    return keep_upload(str(receive_upload(name, [content], suffixes=(".m3u", ".xml")).path))[0]


def two_uploads() -> tuple[Path, Path]:
    account = Account.objects.create(name="Mine", file_path=uploaded("mine.m3u", b"#EXTM3U"))
    source = GuideSource.objects.create(
        name="My guide", source_type=SourceType.XMLTV_FILE, file_path=uploaded("guide.xml", b"<tv/>")
    )
    return Path(account.file_path), Path(source.file_path)


def joined(*profiles: ChannelProfile) -> None:
    save_settings(default_channel_profile_ids=tuple(str(profile.pk) for profile in profiles))


def adopt(server: FakeServer) -> Switched:
    save_settings(dispatcharr_url=server.url, dispatcharr_user=server.user, dispatcharr_password=server.password)
    return switch(Way.ADOPT, "", progress=NoProgress())


def clean_up() -> None:
    """As it is done two days later."""
    temporary_files.clear(Context(timezone.now() + timedelta(hours=48), None, False, NoProgress()))


def test_going_back_after_using_the_servers_lineup_brings_the_uploaded_files_and_the_setting(fake: FakeServer) -> None:
    two_uploads()
    family = ChannelProfile.objects.create(name="Family")
    joined(family)
    done = adopt(fake)
    assert not Account.objects.filter(name="Mine").exists()
    assert get_settings().default_channel_profile_ids == ()
    clean_up()
    assert done.snapshot is not None
    restore_snapshot(done.snapshot.name)
    assert not is_connected()
    assert Path(Account.objects.get().file_path).read_bytes() == b"#EXTM3U"
    assert Path(GuideSource.objects.get().file_path).read_bytes() == b"<tv/>"
    assert default_profile_ids() == [family.pk]


def test_and_the_way_back_from_the_way_back_does_so_too(fake: FakeServer) -> None:
    joined(ChannelProfile.objects.create(name="Family"))
    done = adopt(fake)
    there = ChannelProfile.objects.create(name="Of the server")
    joined(there)
    assert done.snapshot is not None
    safety = restore_snapshot(done.snapshot.name)
    new = ChannelProfile.objects.create(name="New")
    assert new.pk == there.pk, "ids are given out again after going back"
    assert new.pk not in default_profile_ids(), "and name other rows then"
    restore_snapshot(safety.name)
    assert default_profile_ids() == [there.pk]


def test_uploads_go_with_the_last_backup_that_names_them() -> None:
    playlist, guide = two_uploads()
    first, second = take_snapshot("before-connecting"), take_snapshot("before-connecting")
    delete_account(Account.objects.get().pk)
    delete_source(GuideSource.objects.get().pk)
    delete_snapshot(first.name)
    clean_up()
    assert uploads() == sorted([playlist, guide])
    delete_snapshot(second.name)
    clean_up()
    assert uploads() == []


def test_without_a_backup_uploads_go_at_once_and_those_of_rows_stay() -> None:
    playlist, guide = two_uploads()
    clean_up()
    assert uploads() == sorted([playlist, guide])
    delete_account(Account.objects.get().pk)
    assert uploads() == [guide]
    delete_source(GuideSource.objects.get().pk)
    assert uploads() == []


def test_a_file_that_was_just_taken_over_is_no_orphan() -> None:
    """It is on its way to the row that will name it."""
    path = uploaded("new.m3u", b"#EXTM3U")
    temporary_files.clear(Context(timezone.now(), None, False, NoProgress()))
    assert uploads() == [Path(path)]
    clean_up()
    assert uploads() == []


def test_while_a_backup_cannot_be_read_no_upload_goes() -> None:
    playlist, guide = two_uploads()
    snapshot = take_snapshot("before-connecting")
    find_snapshot(snapshot.name).write_bytes(b"not a database at all")
    delete_account(Account.objects.get().pk)
    clean_up()
    assert uploads() == sorted([playlist, guide])


def test_a_backup_of_an_older_ecm_names_what_it_can() -> None:
    playlist, _ = two_uploads()
    snapshot = take_snapshot("before-connecting")
    with sqlite3.connect(find_snapshot(snapshot.name)) as old:
        old.execute("DROP TABLE epg_app_guidesource")
    delete_account(Account.objects.get().pk)
    assert playlist.exists()


def test_a_backup_without_the_setting_joins_no_profile_by_mistake() -> None:
    joined(ChannelProfile.objects.create(name="Family"))
    snapshot = take_snapshot("before-connecting")
    with sqlite3.connect(find_snapshot(snapshot.name)) as old:
        old.execute(f"DROP TABLE {TABLE}")
    restore_snapshot(snapshot.name)
    assert ChannelProfile.objects.get().name == "Family"
    assert get_settings().default_channel_profile_ids == ()


def test_a_going_back_that_fails_leaves_the_setting_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    family = ChannelProfile.objects.create(name="Family")
    snapshot = take_snapshot("before-connecting")
    joined(family)

    def fails(path: Path) -> None:
        raise SnapshotFailed("The database is in use all the time.")

    monkeypatch.setattr(restore, "_exchange", fails)
    with pytest.raises(SnapshotFailed):
        restore_snapshot(snapshot.name)
    assert default_profile_ids() == [family.pk]


def test_a_kill_while_the_rows_are_exchanged_leaves_no_setting_of_the_other_side(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(path: Path) -> None:
        raise Killed

    snapshot = take_snapshot("before-connecting")
    joined(ChannelProfile.objects.create(name="Since"))
    monkeypatch.setattr(restore, "_exchange", killed)
    with pytest.raises(Killed):
        restore_snapshot(snapshot.name)
    assert get_settings().default_channel_profile_ids == ()


def test_settings_that_name_no_rows_stay_as_they_are_and_nothing_of_the_backup_is_left_in_the_database() -> None:
    from django.db import connection

    save_settings(default_channel_profile_ids=("1",), theme="light")
    snapshot = take_snapshot("before-connecting")
    save_settings(default_channel_profile_ids=("2",), theme="dark")
    restore_snapshot(snapshot.name)
    assert get_settings().theme == "dark"
    assert get_settings().default_channel_profile_ids == ("1",)
    assert TABLE not in connection.introspection.table_names()


def test_a_file_that_is_replaced_stays_for_the_backup_that_names_it() -> None:
    playlist, guide = two_uploads()
    account, source = Account.objects.get(), GuideSource.objects.get()
    snapshot = take_snapshot("before-connecting")
    edit_account(account.pk, AccountValues(name="Mine", server_url="http://acme.test/list.m3u"))
    new = receive_upload("new.xml", [b"<tv/>"], suffixes=(".xml",))
    edit_source(source.pk, SourceValues(name="My guide", source_type="xmltv_file", upload_path=str(new.path)))
    restore_snapshot(snapshot.name)
    assert Path(Account.objects.get().file_path) == playlist
    assert Path(GuideSource.objects.get().file_path) == guide
    assert playlist.exists()
    assert guide.exists()


def test_what_the_server_removes_stays_for_the_backup_that_names_it() -> None:
    _, guide = two_uploads()
    take_snapshot("before-connecting")
    with transaction.atomic():
        remove_sources([GuideSource.objects.get().pk])
    assert not GuideSource.objects.exists()
    assert guide.exists()


def test_an_uploaded_logo_stays_while_a_backup_shows_it() -> None:
    place = Path(settings.UPLOAD_DIR) / "logos"
    place.mkdir(exist_ok=True)
    library, shown = place / f"{'a' * 40}.png", place / f"{'b' * 40}.png"
    for path in (library, shown):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
        mark = path.with_name(path.name + ".unused")
        mark.touch()
        os.utime(mark, (0, 0))
    Logo.objects.create(name="L", url=f"/logos/{library.name}", stored_name=library.name)
    Channel.objects.create(name="One", logo_url=f"/logos/{shown.name}")
    snapshot = take_snapshot("before-connecting")
    Logo.objects.all().delete()
    Channel.objects.all().delete()
    context = Context(timezone.now(), 30, False, NoProgress())
    assert unused_files(context).deleted == 0
    for path in (library, shown):
        mark = path.with_name(path.name + ".unused")
        mark.touch()
        os.utime(mark, (0, 0))
    delete_snapshot(snapshot.name)
    assert unused_files(context).deleted == 2
