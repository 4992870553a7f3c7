"""Adding, editing, ordering and deleting guide sources on their pages (30 §2.2, §2.3)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from epg_app.models import GuideSource
from epg_app.source_users import register_source_user, unregister_source_user
from epg_app.tests.samples import HTMX, SECRET_URL, SECRETS, guide_of, make_entries, make_programme, make_source
from m3u_app.account_users import Loss
from m3u_app.models import Account
from tasks_app.models import JournalEntry, TaskRun

pytestmark = pytest.mark.django_db

ADD = "/guide/add/"


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path
    settings.UPLOAD_DIR = tmp_path / "uploads"


def posted(**values: Any) -> dict[str, Any]:
    """What the add form posts when nothing but ``values`` was typed."""
    return {
        "source_type": "xmltv",
        "name": "Guide",
        "url": "http://guide.example/guide.xml",
        "priority": "0",
        "refresh_interval": "24",
        "assume_timezone": "UTC",
        "time_shift_minutes": "0",
        "is_active": "on",
        "refresh_now": "on",
    } | values


def upload(name: str = "guide.xml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, guide_of({"a": ["One"]}).encode())


# --- adding -------------------------------------------------------------------------------------------------------------


def test_the_form_is_a_dialog_for_htmx_and_a_page_for_everybody_else(admin_client: Client) -> None:
    assert "<html" in admin_client.get(ADD).content.decode()
    part = admin_client.get(ADD, headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="source-form"' in part


def test_a_new_source_is_saved_and_its_first_refresh_starts(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(username="alice", password="s3cret-pass", preferred_language="en"), headers=HTMX)
    assert answer.status_code == 204
    assert "first refresh has been started" in answer.headers["HX-Trigger"]
    source = GuideSource.objects.get()
    assert (source.username, source.password, source.preferred_language) == ("alice", "s3cret-pass", "en")
    assert TaskRun.objects.get().lock_key == f"epg:{source.pk}"
    assert JournalEntry.objects.get(action_type="create").entity_id == source.pk


def test_a_source_that_is_off_is_not_refreshed(admin_client: Client) -> None:
    answer = admin_client.post(ADD, {key: value for key, value in posted().items() if key != "is_active"}, follow=True)
    assert "Switch it on to load its guide" in answer.content.decode()
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", " ", "Give the guide a name."),
        ("name", "Taken", "Another guide has this name."),
        ("url", "", "Give the address of the guide."),
        ("url", "ftp://guide.example/x", "http"),
        ("url", "http://testserver/output/epg.xml", "ECM itself publishes"),
        ("refresh_interval", "169", "168"),
        ("priority", "-1", "0"),
        ("time_shift_minutes", "9999", "1440"),
        ("assume_timezone", "Mars/Olympus", "There is no such time zone."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(field: str, typed: str, words: str, admin_client: Client) -> None:
    make_source("Taken")
    answer = admin_client.post(ADD, posted(**{field: typed}), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    error = page.split(f'id="id_{field}_error"', 1)[1].split("</div>", 1)[0]
    assert words in error
    assert GuideSource.objects.count() == 1


def test_secrets_never_come_back_readable_but_are_not_lost(admin_client: Client) -> None:
    first = admin_client.post(ADD, posted(name="", url=SECRET_URL, password="s3cret-pass", username="bob"), headers=HTMX)
    page = first.content.decode()
    assert first.status_code == 422
    assert not any(secret in page for secret in SECRETS)
    form = first.context["form"]
    again = {name: form[name].value() or "" for name in form.fields if name not in ("guide_file", "password")}
    assert admin_client.post(ADD, again | {"name": "Now", "password": ""}, headers=HTMX).status_code == 204
    source = GuideSource.objects.get()
    assert (source.url, source.password) == (SECRET_URL, "s3cret-pass")


def test_the_same_address_twice_is_allowed_with_a_warning(admin_client: Client) -> None:
    make_source("First", url="http://guide.example/guide.xml")
    answer = admin_client.post(ADD, posted(name="Second"), headers=HTMX)
    assert answer.status_code == 204
    assert "First" in answer.headers["HX-Trigger"]
    assert "same address" in answer.headers["HX-Trigger"]
    assert GuideSource.objects.count() == 2


def test_switching_the_kind_keeps_what_was_typed_but_no_secret(admin_client: Client) -> None:
    values = posted(switch_type="xmltv_file", name="Mine", url=SECRET_URL, password="s3cret-pass")
    page = admin_client.post(ADD, values).content.decode()
    assert 'name="guide_file"' in page
    assert 'name="url"' not in page
    assert 'value="Mine"' in page
    assert not any(secret in page for secret in SECRETS)
    part = admin_client.post(ADD, values, headers=HTMX).content.decode()
    assert part.strip().startswith('<div id="connection-fields">')


def test_a_guide_is_uploaded(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(source_type="xmltv_file", guide_file=upload("../my guide.xml")), headers=HTMX)
    assert answer.status_code == 204
    path = Path(GuideSource.objects.get().file_path)
    assert path.name.endswith("_my_guide.xml")
    assert path.parent.name == "uploads"
    assert "<programme" in path.read_text()


def test_an_upload_survives_an_error_elsewhere(admin_client: Client) -> None:
    first = admin_client.post(ADD, posted(source_type="xmltv_file", name="", guide_file=upload()), headers=HTMX)
    assert first.status_code == 422
    assert "Kept file" in first.content.decode()
    token = first.context["form"]["upload_token"].value()
    assert admin_client.post(ADD, posted(source_type="xmltv_file", upload_token=token), headers=HTMX).status_code == 204
    assert Path(GuideSource.objects.get().file_path).is_file()


@pytest.mark.parametrize(("name", "words"), [("guide.exe", "Choose a guide file"), ("guide.xml", "The file is empty")])
def test_a_file_that_is_no_guide_is_refused(name: str, words: str, admin_client: Client) -> None:
    file = SimpleUploadedFile(name, b"")
    answer = admin_client.post(ADD, posted(source_type="xmltv_file", guide_file=file), headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not GuideSource.objects.exists()


def test_paths_stay_inside_the_data_folder(admin_client: Client, tmp_path: Path) -> None:
    (tmp_path / "mine.xml").write_text(guide_of({"a": ["One"]}))
    refused = admin_client.post(ADD, posted(source_type="xmltv_file", file_path="../../etc/passwd"), headers=HTMX)
    assert refused.status_code == 422
    assert "Only files in the data folder" in refused.content.decode()
    assert admin_client.post(ADD, posted(source_type="xmltv_file", file_path="mine.xml"), headers=HTMX).status_code == 204
    assert GuideSource.objects.get().file_path == str(tmp_path / "mine.xml")


def test_a_guide_is_taken_over_from_the_page_of_an_account(admin_client: Client) -> None:
    account = Account.objects.create(
        name="Panel",
        account_type="XC",
        server_url="http://panel.example:8080",
        username="alice",
        password="s3cret-pass",
    )
    page = admin_client.get(reverse("m3u:account", args=[account.pk])).content.decode()
    assert "Add as guide source" in page
    answer = admin_client.post(reverse("m3u:add_guide", args=[account.pk]), {"position": "0"}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("guide:sources")
    assert "Added the guide “Panel”" in answer.content.decode()
    assert "s3cret-pass" not in answer.content.decode()
    source = GuideSource.objects.get()
    assert "s3cret-pass" in source.url
    assert TaskRun.objects.get().lock_key == f"epg:{source.pk}"


# --- editing ------------------------------------------------------------------------------------------------------------


def test_editing_keeps_the_secrets_that_are_not_typed_again(admin_client: Client) -> None:
    source = make_source("Old", url=SECRET_URL, username="bob", password="s3cret-pass")
    url = reverse("guide:edit", args=[source.pk])
    answer = admin_client.get(url)
    assert not any(secret in answer.content.decode() for secret in SECRETS)
    form = answer.context["form"]
    values = posted(name="New", url=form["url"].value(), username="bob", password="")
    assert admin_client.post(url, values, headers=HTMX).status_code == 204
    source.refresh_from_db()
    assert (source.name, source.url, source.password) == ("New", SECRET_URL, "s3cret-pass")
    assert not TaskRun.objects.exists()


def test_a_mask_that_was_edited_is_refused(admin_client: Client) -> None:
    source = make_source(url=SECRET_URL)
    url = "http://other.example/xmltv.php?username=***&password=***"
    answer = admin_client.post(reverse("guide:edit", args=[source.pk]), posted(url=url), headers=HTMX)
    assert answer.status_code == 422
    assert "stands for a hidden login" in answer.content.decode()


@pytest.mark.parametrize(("refresh_now", "runs"), [("on", 1), ("", 0)])
def test_another_address_refreshes_when_asked(refresh_now: str, runs: int, admin_client: Client) -> None:
    source = make_source("Guide")
    values = posted(url="http://guide.example/other.xml", refresh_now=refresh_now)
    admin_client.post(reverse("guide:edit", args=[source.pk]), values)
    assert TaskRun.objects.count() == runs


def test_the_type_stays(admin_client: Client) -> None:
    source = make_source("Guide")
    url = reverse("guide:edit", args=[source.pk])
    assert "switch_type" not in admin_client.get(url).content.decode()
    admin_client.post(url, posted(source_type="xmltv_file", switch_type="xmltv_file"))
    source.refresh_from_db()
    assert source.source_type == "xmltv"


# --- order --------------------------------------------------------------------------------------------------------------


def names() -> list[str]:
    return list(GuideSource.objects.values_list("name", flat=True))


def test_the_order_is_saved_as_one_operation_and_can_be_undone(admin_client: Client) -> None:
    a, b, c = (make_source(name) for name in "ABC")
    url = reverse("guide:order")
    assert "<html" not in admin_client.get(url, headers=HTMX).content.decode()
    answer = admin_client.post(url, {"order": [c.pk, a.pk, b.pk]}, headers=HTMX)
    assert names() == ["C", "A", "B"]
    assert list(GuideSource.objects.values_list("priority", flat=True)) == [3, 2, 1]
    entry = JournalEntry.objects.get()
    assert str(entry.pk) in answer.headers["HX-Trigger"]
    admin_client.post(reverse("journal:undo", args=[entry.pk]))
    assert names() == ["A", "B", "C"]


def test_without_scripts_a_button_moves_a_row_before_anything_is_saved(admin_client: Client) -> None:
    a, b, c = (make_source(name) for name in "ABC")
    url = reverse("guide:order")
    page = admin_client.post(url, {"order": [a.pk, b.pk, c.pk], "up": c.pk}).context["sources"]
    assert [source.name for source in page] == ["A", "C", "B"]
    page = admin_client.post(url, {"order": [a.pk, c.pk, b.pk], "down": b.pk}).context["sources"]
    assert [source.name for source in page] == ["A", "C", "B"]
    assert not JournalEntry.objects.exists()


def test_senseless_orders_do_no_harm(admin_client: Client) -> None:
    make_source("A")
    make_source("B")
    admin_client.post(reverse("guide:order"), {"order": ["x", "9" * 30, "4711", "-3", "²"]})
    assert names() == ["A", "B"]


# --- deleting -----------------------------------------------------------------------------------------------------------


class Channels:
    """Plays the lineup."""

    def losses(self, source_id: int) -> list[Loss]:
        return [Loss("3 channels lose their guide", ["<b>One</b>", "Two"], is_grave=True)]

    def before_removal(self, source_id: int, batch_id: str) -> int:
        return 3


@pytest.fixture
def channels() -> Iterator[Channels]:
    user = Channels()
    register_source_user(user)
    yield user
    unregister_source_user(user)


def test_deleting_says_first_which_channels_lose_their_guide(admin_client: Client, channels: Channels) -> None:
    source = make_source("<i>Guide</i>", programme_count=1)
    (entry,) = make_entries(source, "a")
    make_programme(entry, timezone.now() - timedelta(minutes=5))
    url = reverse("guide:delete", args=[source.pk])
    page = admin_client.get(url).content.decode()
    for words in (
        "1 guide channel<",
        "1 programme<",
        "3 channels lose their guide",
        "&lt;b&gt;One&lt;/b&gt;",
        "&lt;i&gt;Guide",
    ):
        assert words in page
    assert GuideSource.objects.exists()
    answer = admin_client.post(url, headers=HTMX)
    assert answer.status_code == 204
    assert "with 1 guide channels and 1 programmes" in answer.headers["HX-Trigger"]
    assert not GuideSource.objects.exists()


def test_a_large_guide_is_deleted_in_the_background(admin_client: Client) -> None:
    source = make_source("Guide", programme_count=50_000)
    answer = admin_client.post(reverse("guide:delete", args=[source.pk]), follow=True).content.decode()
    assert "is being deleted in the background" in answer
    assert "Deleting…" in answer
    edit = admin_client.get(reverse("guide:edit", args=[source.pk]), follow=True).content.decode()
    assert "is being deleted" in edit
    admin_client.post(reverse("guide:toggle", args=[source.pk]), {"active": "1"})
    assert not GuideSource.objects.get().is_active
    TaskRun.objects.all().delete()
    assert "Delete the rest" in admin_client.get("/guide/").content.decode()
