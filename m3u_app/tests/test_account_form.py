"""Adding and editing accounts in the browser: fields by kind, errors beside them, secrets never back (20 §1.3, §1.4)."""

import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from m3u_app.models import Account
from m3u_app.store_upload import PENDING_DIR
from m3u_app.tests.account_samples import HTMX, SECRET_URL, make_account, make_xtream, posted
from m3u_app.tests.fake_servers import FakePanel, FakeServer, FakeTuner, serving, text_answer
from tasks_app.models import TaskRun

pytestmark = pytest.mark.django_db

ADD = "/m3u/add/"
PLAYLIST = b'#EXTM3U\n#EXTINF:-1 tvg-id="a",Alpha\nhttp://h/a.ts\n'


def edit_url(account: Account) -> str:
    return reverse("m3u:edit", args=[account.pk])


def field_errors(page: str) -> dict[str, str]:
    """Error sentence by field, as the page shows them beside the boxes."""
    return dict(re.findall(r'<div class="invalid-feedback d-block" id="id_(\w+)_error">([^<]*)</div>', page))


def hidden(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', page) or re.search(rf'value="([^"]*)"[^>]*name="{name}"', page)
    return match[1] if match else ""


def box(page: str, name: str) -> str:
    match = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    return match[0] if match else ""


def test_the_form_is_a_dialog_for_htmx_and_a_page_for_others(admin_client: Client) -> None:
    page, part = admin_client.get(ADD).content, admin_client.get(ADD, headers=HTMX).content
    assert b"<html" in page
    assert b"<html" not in part
    assert b'name="server_url"' in part


@pytest.mark.parametrize(
    ("kind", "there", "absent"),
    [
        ("STD", {"server_url", "playlist_file", "file_path"}, {"username", "password", "favorites_group"}),
        ("XC", {"server_url", "username", "password"}, {"playlist_file", "file_path", "favorites_group"}),
        ("HDHR", {"server_url", "favorites_group"}, {"playlist_file", "file_path", "username", "password"}),
    ],
)
def test_only_the_fields_of_the_kind_are_there(kind: str, there: set[str], absent: set[str], admin_client: Client) -> None:
    page = admin_client.get(ADD, {"type": kind}).content.decode()
    for name in there:
        assert f'name="{name}"' in page
    for name in absent:
        assert f'name="{name}"' not in page


def test_switching_the_kind_keeps_what_fits_and_drops_secrets(admin_client: Client) -> None:
    data = posted(switch_type="XC", name="Typed", server_url=SECRET_URL, username="bob", password="typed-secret")
    part = admin_client.post(ADD, data, headers=HTMX).content.decode()
    assert 'id="connection-fields"' in part
    assert 'value="bob"' in part
    assert "typed-secret" not in part
    assert "s3cret-pass" not in part
    page = admin_client.post(ADD, data).content.decode()
    assert 'value="Typed"' in page
    assert 'name="password"' in page
    assert not Account.objects.exists()


def test_adding_saves_starts_a_refresh_and_closes_the_dialog(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(name="  Acme  ", priority="4"), headers=HTMX)
    assert answer.status_code == 204
    assert {"dialog:close", "accounts:changed"} <= json.loads(answer.headers["HX-Trigger"]).keys()
    account = Account.objects.get()
    assert (account.name, account.priority, account.is_active, account.auto_enable_new_groups) == ("Acme", 4, True, True)
    assert TaskRun.objects.get().lock_key == f"m3u:{account.pk}"


def test_adding_plainly_ends_on_the_list(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(), follow=True)
    assert answer.redirect_chain == [(reverse("m3u:accounts"), 302)]
    assert "first refresh has been started" in answer.content.decode()


def test_an_account_that_is_added_switched_off_is_not_refreshed(admin_client: Client) -> None:
    data = posted()
    del data["is_active"]
    admin_client.post(ADD, data)
    assert Account.objects.get().status == "disabled"
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "custom"}, {"name"}),
        ({"server_url": ""}, {"server_url"}),
        ({"server_url": "ftp://x/y"}, {"server_url"}),
        ({"server_url": "not an address"}, {"server_url"}),
        ({"file_path": "/srv/a.m3u"}, {"server_url"}),
        ({"max_streams": "many", "priority": "1.5", "refresh_interval": "-1"}, {"max_streams", "priority", "refresh_interval"}),
        ({"max_streams": "", "stale_stream_days": "99999999999999999999"}, {"max_streams", "stale_stream_days"}),
        ({"exp_date": "tomorrow"}, {"exp_date"}),
        ({"exp_date": "0001-01-01"}, {"exp_date"}),
        ({"exp_date": "9999-12-31"}, {"exp_date"}),
        ({"user_agent": "VLC\r\nX-Other: 1"}, {"user_agent"}),
        ({"account_type": "XC", "server_url": "http://h"}, {"username", "password"}),
        ({"account_type": "HDHR", "server_url": ""}, {"server_url"}),
    ],
)
def test_errors_stand_beside_their_fields(values: dict[str, str], fields: set[str], admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(**values), headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    errors = field_errors(page)
    assert set(errors) == fields
    for name in fields:
        assert "is-invalid" in box(page, name)
        assert f"id_{name}_error" in box(page, name)  # screen readers hear it with the box
    assert not Account.objects.exists()


def test_an_error_in_a_folded_box_unfolds_it(admin_client: Client) -> None:
    page = admin_client.post(ADD, posted(priority="x")).content.decode()
    assert '<details class="m3u-more" open>' in page


def test_hostile_input_is_escaped(admin_client: Client) -> None:
    page = admin_client.post(
        ADD, posted(name='"><script>alert(1)</script>', server_url='x" onfocus="alert(1)')
    ).content.decode()
    assert "<script>alert(1)" not in page
    assert 'onfocus="alert' not in page


def test_a_nul_byte_is_refused_not_stored(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(name="A\x00B"), headers=HTMX)
    assert answer.status_code == 422
    assert "name" in field_errors(answer.content.decode())


# --- secrets ------------------------------------------------------------------------------------------------------------


def test_stored_secrets_are_never_rendered(admin_client: Client) -> None:
    std = make_account("Acme", server_url=SECRET_URL)
    panel = make_xtream("Panel")
    for account in (std, panel):
        page = admin_client.get(edit_url(account)).content.decode()
        assert "s3cret-pass" not in page
    page = admin_client.get(edit_url(std)).content.decode()
    assert "username=***&amp;password=***&amp;type=m3u_plus" in box(page, "server_url")
    assert "alice" not in page
    page = admin_client.get(edit_url(panel)).content.decode()
    assert 'value="alice"' in box(page, "username")  # the operator must see which login it is
    assert "value" not in box(page, "password")


def test_an_untouched_mask_and_an_empty_password_keep_what_is_stored(admin_client: Client) -> None:
    std = make_account("Acme", server_url=SECRET_URL)
    masked = "http://tv.example/get.php?username=***&password=***&type=m3u_plus"
    admin_client.post(edit_url(std), posted(server_url=masked, priority="3"))
    std.refresh_from_db()
    assert (std.server_url, std.priority) == (SECRET_URL, 3)
    panel = make_xtream("Panel")
    data = posted(account_type="XC", name="Panel", server_url="http://panel.example:8080", username="alice", password="")
    admin_client.post(edit_url(panel), data | {"max_streams": "2"})
    panel.refresh_from_db()
    assert (panel.password, panel.max_streams) == ("s3cret-pass", 2)
    assert not TaskRun.objects.exists()  # nothing that matters to the source has changed


def test_a_half_edited_mask_is_refused(admin_client: Client) -> None:
    account = make_account("Acme", server_url=SECRET_URL)
    answer = admin_client.post(
        edit_url(account), posted(server_url="http://new.example/get.php?username=***&password=***"), headers=HTMX
    )
    assert "*** stands for" in field_errors(answer.content.decode())["server_url"]
    account.refresh_from_db()
    assert account.server_url == SECRET_URL


def test_typed_secrets_survive_an_error_without_being_shown(admin_client: Client) -> None:
    data = posted(account_type="XC", name="", server_url="http://h", username="bob", password="typed-secret")
    page = admin_client.post(ADD, data, headers=HTMX).content.decode()
    assert "typed-secret" not in page
    sealed = hidden(page, "sealed")
    assert sealed.startswith("enc:")
    admin_client.post(ADD, data | {"name": "Acme", "password": "", "sealed": sealed})
    assert Account.objects.get().password == "typed-secret"


def test_a_typed_address_with_a_login_survives_an_error_masked(admin_client: Client) -> None:
    page = admin_client.post(ADD, posted(name="", server_url=SECRET_URL), headers=HTMX).content.decode()
    assert "s3cret-pass" not in page
    masked = "http://tv.example/get.php?username=***&password=***&type=m3u_plus"
    assert masked.replace("&", "&amp;") in box(page, "server_url")
    admin_client.post(ADD, posted(name="Acme", server_url=masked, sealed=hidden(page, "sealed")))
    assert Account.objects.get().server_url == SECRET_URL


@pytest.mark.parametrize("sealed", ["enc:garbage", "x", "enc:", "null"])
def test_a_forged_seal_is_as_good_as_none(sealed: str, admin_client: Client) -> None:
    data = posted(account_type="XC", server_url="http://h", username="bob", password="", sealed=sealed)
    answer = admin_client.post(ADD, data, headers=HTMX)
    assert set(field_errors(answer.content.decode())) == {"password"}


def test_another_secret_of_ours_is_no_seal(admin_client: Client) -> None:
    from ecm_site.crypto import encrypt

    stolen = encrypt(json.dumps({"for": "something else", "password": "x"}))
    data = posted(account_type="XC", server_url="http://h", username="bob", password="", sealed=stolen)
    assert set(field_errors(admin_client.post(ADD, data, headers=HTMX).content.decode())) == {"password"}


# --- editing ------------------------------------------------------------------------------------------------------------


def test_a_changed_source_is_refreshed_when_asked(admin_client: Client) -> None:
    account = make_account()
    admin_client.post(edit_url(account), posted(server_url="http://tv.example/new.m3u"))
    assert TaskRun.objects.count() == 1


def test_a_changed_source_waits_when_not(admin_client: Client) -> None:
    account = make_account()
    data = posted(server_url="http://tv.example/new.m3u")
    del data["refresh_now"]
    admin_client.post(edit_url(account), data)
    account.refresh_from_db()
    assert account.server_url == "http://tv.example/new.m3u"
    assert not TaskRun.objects.exists()


def test_changing_the_source_while_a_refresh_runs_asks_for_one_more(admin_client: Client) -> None:
    from tasks_app.models import RunRequest

    account = make_account()
    admin_client.post(reverse("m3u:refresh", args=[account.pk]))
    admin_client.post(edit_url(account), posted(server_url="http://tv.example/new.m3u"))
    assert TaskRun.objects.count() == 1
    assert RunRequest.objects.get().parameters["account_ids"] == [account.pk]


def test_a_locked_account_has_no_form(admin_client: Client) -> None:
    account = make_account(locked=True)
    assert admin_client.get(edit_url(account)).status_code == 302
    admin_client.post(edit_url(account), posted(name="Other"))
    account.refresh_from_db()
    assert account.name == "Acme"


# --- files --------------------------------------------------------------------------------------------------------------


def packed() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("list.m3u", PLAYLIST)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("l.m3u", PLAYLIST), ("l.m3u8", PLAYLIST), ("l.txt", PLAYLIST), ("l.gz", gzip.compress(PLAYLIST)), ("l.zip", packed())],
)
def test_files_of_all_kinds_are_taken_and_clear_the_address(name: str, content: bytes, admin_client: Client) -> None:
    admin_client.post(ADD, posted(playlist_file=SimpleUploadedFile(name, content)))
    account = Account.objects.get()
    assert account.server_url == ""
    assert Path(account.file_path).read_bytes() == content
    assert Path(account.file_path).name.endswith(f"_{name}")


def test_a_wrong_file_is_refused_beside_its_box(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(server_url="", playlist_file=SimpleUploadedFile("virus.exe", b"MZ")), headers=HTMX)
    assert ".m3u" in field_errors(answer.content.decode())["playlist_file"]
    answer = admin_client.post(ADD, posted(server_url="", playlist_file=SimpleUploadedFile("l.m3u", b"")), headers=HTMX)
    assert "empty" in field_errors(answer.content.decode())["playlist_file"]


def test_a_file_survives_an_error_in_another_box(admin_client: Client, settings: Any) -> None:
    page = admin_client.post(ADD, posted(name="", playlist_file=SimpleUploadedFile("l.m3u", PLAYLIST))).content.decode()
    assert "Kept file: <strong>l.m3u</strong>" in page
    token = hidden(page, "upload_token")
    admin_client.post(ADD, posted(name="Acme", server_url="", upload_token=token))
    account = Account.objects.get()
    assert Path(account.file_path).read_bytes() == PLAYLIST
    assert not list((settings.UPLOAD_DIR / PENDING_DIR).glob("*_l.m3u"))


def test_a_stored_file_stays_until_something_replaces_it(admin_client: Client) -> None:
    admin_client.post(ADD, posted(playlist_file=SimpleUploadedFile("l.m3u", PLAYLIST)))
    account = Account.objects.get()
    TaskRun.objects.all().delete()
    page = admin_client.get(edit_url(account)).content.decode()
    assert "Kept file: <strong>l.m3u</strong>" in page
    assert account.file_path not in page  # where it lies is nobody's business
    admin_client.post(edit_url(account), posted(server_url="", priority="8"))
    account.refresh_from_db()
    assert account.priority == 8
    stored = Path(account.file_path)
    assert stored.exists()
    admin_client.post(edit_url(account), posted(server_url="http://tv.example/x.m3u"))
    account.refresh_from_db()
    assert account.file_path == ""
    assert not stored.exists()


# --- trying the source --------------------------------------------------------------------------------------------------


class PlaylistServer(FakeServer):
    def respond(self, path: str, query: dict[str, str]) -> tuple[int, str, bytes]:
        if path == "/list.m3u":
            return 200, "audio/x-mpegurl", PLAYLIST
        return text_answer("<html><title>Sign in</title></html>")


def test_a_playlist_is_tried_before_it_is_saved(admin_client: Client) -> None:
    with serving(PlaylistServer()) as server:
        good = admin_client.post(ADD, posted(test="1", server_url=f"{server.address}/list.m3u"), headers=HTMX).content.decode()
        bad = admin_client.post(ADD, posted(test="1", server_url=f"{server.address}/other"), headers=HTMX).content.decode()
    assert "alert-success" in good
    assert "Alpha" in good
    assert "alert-danger" in bad
    assert "<form" not in good  # just the result: what was typed stays in the browser
    assert not Account.objects.exists()


def test_an_uploaded_file_is_tried_and_not_kept(admin_client: Client, settings: Any) -> None:
    data = posted(test="1", server_url="", playlist_file=SimpleUploadedFile("try.m3u", PLAYLIST))
    assert "alert-success" in admin_client.post(ADD, data, headers=HTMX).content.decode()
    assert not list((settings.UPLOAD_DIR / PENDING_DIR).glob("*_try.m3u"))


def test_a_panel_is_tried_with_the_stored_password(admin_client: Client) -> None:
    with serving(FakePanel(user_info={"exp_date": None})) as panel:
        account = make_xtream("Panel", server_url=panel.address)
        data = posted(account_type="XC", test="1", name="Panel", server_url=panel.address, username="alice", password="")
        good = admin_client.post(edit_url(account), data, headers=HTMX).content.decode()
        bad = admin_client.post(edit_url(account), data | {"password": "wrong-one"}, headers=HTMX).content.decode()
    assert "The login works." in good
    assert "1 of 3 in use" in good
    assert "Login failed" in bad
    for page in (good, bad):
        assert "s3cret-pass" not in page
        assert "wrong-one" not in page


def test_a_tuner_is_tried_plainly_and_the_form_comes_back(admin_client: Client) -> None:
    with serving(FakeTuner(lineup=[{"GuideNumber": "1", "GuideName": "A", "URL": "http://t/1"}])) as tuner:
        page = admin_client.post(ADD, posted(account_type="HDHR", test="1", name="", server_url=tuner.address)).content.decode()
    assert "The tuner answers." in page
    assert "HDHomeRun FLEX" in page
    assert '<form method="post"' in page


def test_trying_names_what_is_missing_but_not_the_name(admin_client: Client) -> None:
    data = posted(account_type="XC", test="1", name="", server_url="http://h", username="", password="")
    page = admin_client.post(ADD, data, headers=HTMX).content.decode()
    assert "User name" in page
    assert "Password" in page
    assert "Give the account a name" not in page
