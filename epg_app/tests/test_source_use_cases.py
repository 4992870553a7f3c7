"""30 §2: add, edit, order, switch, delete, take back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ecm_site.conf import save_settings
from epg_app import source_users
from epg_app.create_source import create_source
from epg_app.delete_source import Deletion, delete_source, preview_deletion, request_deletion
from epg_app.edit_source import edit_source, reorder_sources, toggle_source
from epg_app.importing.guide_file import CachedGuide
from epg_app.models import GuideEntry, GuideSource, Programme
from epg_app.source_values import SourceRefused, SourceValues, same_address
from epg_app.store_upload import receive_guide
from epg_app.take_guide import free_name, take_guide
from epg_app.tests.samples import SECRET_URL, SECRETS, FileGuide, guide_of, make_entries, make_programme, make_source, soon
from m3u_app.account_users import Loss
from m3u_app.guide_offers import GuideRefused
from m3u_app.store_upload import UploadRefused
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

URL = "http://guide.example/guide.xml"


def refused(values: SourceValues, current: GuideSource | None = None) -> dict[str, str]:
    with pytest.raises(SourceRefused) as caught:
        edit_source(current.pk, values) if current else create_source(values)
    return caught.value.errors


def last_entry() -> JournalEntry:
    return JournalEntry.objects.latest("pk")


def test_a_new_source_is_stored_and_journalled_without_its_secrets() -> None:
    source = create_source(SourceValues(name="  My   guide ", url=SECRET_URL, username="alice", password="s3cret-pass"))
    assert (source.name, source.status, source.url) == ("My guide", "idle", SECRET_URL)
    entry = last_entry()
    assert (entry.category, entry.action_type, entry.entity_id) == ("epg", "create", source.pk)
    assert not any(secret in str(entry.after_value) for secret in SECRETS)
    assert source.password == "s3cret-pass"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "GUIDE"}, "name"),
        ({"url": ""}, "url"),
        ({"url": "ftp://x/guide.xml"}, "url"),
        ({"url": "guide.xml"}, "url"),
        ({"url": "http://x/" + "y" * 5000}, "url"),
        ({"source_type": "nonsense"}, "source_type"),
        ({"source_type": "xmltv_file"}, "file_path"),
        ({"source_type": "xmltv_file", "file_path": "/etc/passwd"}, "file_path"),
        ({"source_type": "xmltv_file", "file_path": "../../etc/passwd"}, "file_path"),
        ({"source_type": "xmltv_file", "file_path": "nowhere.xml"}, "file_path"),
        ({"refresh_interval": 169}, "refresh_interval"),
        ({"refresh_interval": -1}, "refresh_interval"),
        ({"priority": -1}, "priority"),
        ({"time_shift_minutes": 1441}, "time_shift_minutes"),
        ({"assume_timezone": "Mars/Base"}, "assume_timezone"),
        ({"preferred_language": "x" * 21}, "preferred_language"),
        ({"user_agent": "x" * 256}, "user_agent"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(values: dict[str, Any], field: str) -> None:
    make_source("Guide")
    assert list(refused(SourceValues(**{"name": "New", "url": URL, **values}))) == [field]
    assert GuideSource.objects.count() == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/output/epg",
        "http://127.0.0.1:{port}/output/epg.xml",
        "http://192.168.1.5:{port}/output/epg.xml.gz?token=x",
        "https://tv.home.example/output/epg",
    ],
)
def test_reading_our_own_guide_is_refused(url: str) -> None:
    save_settings(public_base_url="https://tv.home.example")
    try:
        assert "itself publishes" in refused(SourceValues(name="Loop", url=url.format(port=settings.ECM_PORT)))["url"]
    finally:
        save_settings(public_base_url="")
    with pytest.raises(SourceRefused):
        create_source(SourceValues(name="Loop", url="http://ecm.lan:8080/output/epg"), own_host="ecm.lan:8080")
    create_source(SourceValues(name="Other", url="http://other.example/output/epg"))


def test_the_same_address_twice_is_allowed_and_can_be_seen() -> None:
    first = create_source(SourceValues(name="One", url=URL))
    assert same_address(URL) == first
    assert same_address(URL, first) is None
    create_source(SourceValues(name="Two", url=URL))


def test_a_file_inside_the_data_folder_may_be_named_relatively() -> None:
    path = Path(settings.CONFIG_DIR) / "mine.xml"
    path.write_text("<tv/>")
    source = create_source(SourceValues(name="F", source_type="xmltv_file", file_path="mine.xml", url="http://x/"))
    assert (source.file_path, source.url) == (str(path.resolve()), "")


def test_an_upload_is_kept_and_replaced_by_the_next_one() -> None:
    first = receive_guide("my guide.xml.gz", [b"one"])
    source = create_source(SourceValues(name="U", source_type="xmltv_file", upload_path=str(first.path)))
    stored = Path(source.file_path)
    assert stored.read_bytes() == b"one"
    assert stored.parent == Path(settings.UPLOAD_DIR)
    second = receive_guide("other.xml", [b"two"])
    edit = edit_source(source.pk, SourceValues(name="U", source_type="xmltv_file", upload_path=str(second.path)))
    assert edit.needs_refresh
    assert not stored.exists()
    delete_source(source.pk)
    assert not Path(edit.source.file_path).exists()


@pytest.mark.parametrize("name", ["guide.m3u", "guide.exe", "guide"])
def test_only_guides_and_archives_are_taken(name: str) -> None:
    with pytest.raises(UploadRefused, match="guide file"):
        receive_guide(name, [b"x"])


def values_of(source: GuideSource, **changes: Any) -> SourceValues:
    from epg_app.source_values import FIELDS

    return SourceValues(**({field: getattr(source, field) for field in FIELDS} | changes))


def test_an_edit_writes_what_differs_and_keeps_the_secret_that_was_not_typed() -> None:
    source = make_source(url=SECRET_URL, password="s3cret-pass", etag='"1"', last_report={"in_file": 9}, content_mark="m")
    edit = edit_source(source.pk, values_of(source, name="New", password=None, url=None, priority=4))
    assert edit.changed == ("name", "priority")
    assert not edit.needs_refresh
    source.refresh_from_db()
    assert (source.url, source.password, source.etag, source.content_mark) == (SECRET_URL, "s3cret-pass", '"1"', "m")
    assert last_entry().before_value == {"name": "Guide", "priority": 0}
    assert edit_source(source.pk, values_of(source)).changed == ()


def test_another_address_forgets_what_was_known_about_the_old_one() -> None:
    source = make_source(etag='"1"', content_mark="m", last_report={"in_file": 9}, held_back={"before": 9})
    edit = edit_source(source.pk, values_of(source, url="http://other.example/"))
    assert edit.needs_refresh
    source.refresh_from_db()
    assert (source.etag, source.content_mark, source.last_report, source.held_back) == ("", "", {}, {})


def test_reading_it_differently_asks_for_a_refresh() -> None:
    source = make_source()
    assert edit_source(source.pk, values_of(source, time_shift_minutes=60)).needs_refresh


def test_the_type_of_a_source_stays() -> None:
    source = make_source()
    assert "type" in refused(values_of(source, source_type="xmltv_file"), source)["source_type"]


def test_an_edit_can_be_taken_back_unless_something_changed_since() -> None:
    source = make_source()
    edit_source(source.pk, values_of(source, name="New", refresh_interval=6))
    entry = last_entry()
    assert undo_entry(entry).undone == 1
    source.refresh_from_db()
    assert (source.name, source.refresh_interval) == ("Guide", 24)
    edit_source(source.pk, values_of(source, name="Again"))
    entry = last_entry()
    GuideSource.objects.update(name="Third")
    report = undo_entry(entry)
    assert report.undone == 0
    assert "Third" in report.conflicts[0]


def test_a_changed_address_with_a_login_is_journalled_masked_and_cannot_be_taken_back() -> None:
    source = make_source(url=SECRET_URL)
    edit_source(source.pk, values_of(source, url=SECRET_URL.replace("s3cret-pass", "s3cret-pass2"), priority=3))
    entries = list(JournalEntry.objects.order_by("pk"))
    assert [entry.undoable for entry in entries] == [True, False]
    assert not any(secret in f"{entry.before_value}{entry.after_value}" for entry in entries for secret in SECRETS)
    assert entries[0].batch_id == entries[1].batch_id != ""


def test_switching_off_keeps_everything_and_can_be_taken_back() -> None:
    source = make_source(status="success", retry_count=2)
    [entry] = make_entries(source, "a")
    toggled, journal_id = toggle_source(source.pk, active=False)
    assert (toggled.is_active, toggled.status, toggled.retry_count) == (False, "disabled", 0)
    assert GuideEntry.objects.filter(pk=entry.pk).exists()
    assert toggle_source(source.pk, active=False)[1] is None
    undo_entry(JournalEntry.objects.get(pk=journal_id))
    source.refresh_from_db()
    assert (source.is_active, source.status) == (True, "idle")


def order() -> list[str]:
    return list(GuideSource.objects.order_by("-priority", "name").values_list("name", flat=True))


def test_a_new_order_is_one_step_that_can_be_taken_back() -> None:
    ids = {name: make_source(name, priority=0).pk for name in "ABC"}
    reorder_sources([ids["C"], ids["A"], ids["B"]])
    assert dict(GuideSource.objects.values_list("name", "priority")) == {"C": 3, "A": 2, "B": 1}
    assert JournalEntry.objects.filter(action_type="reorder").count() == 1
    assert reorder_sources([ids["C"], ids["A"], ids["B"]]) is None
    undo_entry(last_entry())
    assert order() == ["A", "B", "C"]


def test_an_order_survives_sources_that_came_or_went_meanwhile() -> None:
    ids = {name: make_source(name, priority=index).pk for index, name in enumerate("CBA")}
    assert order() == ["A", "B", "C"]
    reorder_sources([ids["C"], 9999, ids["A"], ids["C"]])
    assert order() == ["C", "A", "B"]


class Lineup:
    def __init__(self) -> None:
        self.let_go: list[int] = []

    def losses(self, source_id: int) -> list[Loss]:
        return [Loss("2 channels left without guide", ["One", "Two"], is_grave=True)]

    def before_removal(self, source_id: int, batch_id: str) -> int:
        assert GuideEntry.objects.filter(source_id=source_id).exists()
        self.let_go.append(source_id)
        return 2


@pytest.fixture
def lineup() -> Iterator[Lineup]:
    lineup = Lineup()
    source_users.register_source_user(lineup)
    yield lineup
    source_users.unregister_source_user(lineup)


def test_deleting_says_beforehand_and_journals_afterwards_what_went(
    file_guide: Callable[..., FileGuide], lineup: Lineup
) -> None:
    guide = file_guide(keep_unmapped=True)
    other = make_source("Other")
    [kept] = make_entries(other, "a")
    make_programme(kept, soon())
    guide.refresh(guide_of({f"c{number}": ["1", "2"] for number in range(45)}))
    preview = preview_deletion(guide.source.pk)
    assert (preview.entries, preview.programmes, preview.in_background) == (45, 90, False)
    assert preview.losses[0].samples == ["One", "Two"]
    deletion = request_deletion(guide.source.pk)
    assert isinstance(deletion, Deletion)
    assert (deletion.entries, deletion.programmes, deletion.channels) == (45, 90, 2)
    assert lineup.let_go == [guide.source.pk]
    assert list(Programme.objects.values_list("entry_id", flat=True)) == [kept.pk]
    assert list(GuideSource.objects.values_list("name", flat=True)) == ["Other"]
    assert "2 channels lost their guide" in last_entry().description
    assert guide.path.exists()  # typed by hand, not uploaded


def test_a_big_source_is_deleted_in_the_background_and_off_at_once() -> None:
    source = make_source(programme_count=50_000)
    run = request_deletion(source.pk)
    assert isinstance(run, TaskRun)
    source.refresh_from_db()
    assert not source.is_active
    assert source.deleting_since is not None
    assert request_deletion(source.pk) == run


def test_the_files_of_a_deleted_source_go_with_it() -> None:
    source = make_source()
    cached = CachedGuide(source.pk)
    cached.path.write_text("x")
    cached.candidate.write_text("x")
    delete_source(source.pk)
    assert not cached.path.exists()
    assert not cached.candidate.exists()


def test_a_guide_that_came_with_a_playlist_is_taken_once() -> None:
    make_source("Acme", url="http://x/")
    taken = take_guide("Acme", SECRET_URL)
    source = GuideSource.objects.get(name="Acme 2")
    assert source.url == SECRET_URL
    assert "s3cret" not in taken.message
    assert TaskRun.objects.get().lock_key == f"epg:{source.pk}"
    with pytest.raises(GuideRefused, match="Acme 2"):
        take_guide("Acme", SECRET_URL)
    with pytest.raises(GuideRefused):
        take_guide("Acme", "ftp://x/")
    assert free_name("acme") == "acme 3"
