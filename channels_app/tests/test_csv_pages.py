"""CSV over HTTP: the import dialog, downloads, and the addresses for programs (10 §20.2, §20.3, §21.2)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_app.lineup_csv import task
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from channels_app.views import csv_files
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db
PAGE = "/channels/csv/import/"


@pytest.fixture(autouse=True)
def no_files_of_other_tests() -> None:
    for path in waiting_files():
        path.unlink()


def uploaded(client: Client, text: str | bytes, name: str = "list.csv", **values: str) -> str:
    data = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, data, content_type="application/octet-stream")
    answer = client.post(PAGE, {"file": file, "step": "preview", **values})
    return answer.content.decode()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page[:3000]
    return found[1]


def waiting_files() -> list[Path]:
    folder = settings.UPLOAD_DIR / "pending-playlists"
    return list(folder.glob("*_list.csv")) if folder.exists() else []


def test_a_file_is_shown_first_and_imported_when_it_is_confirmed(signed_in: Client) -> None:
    page = uploaded(signed_in, "channel_number,name,group_name\n1,<b>ESPN</b>,Sports\nabc,CNN,\n")
    assert Channel.objects.count() == 0
    assert "&lt;b&gt;ESPN" in page
    assert "<b>Line 3:</b>" in page
    assert "Import 1 channel" in page
    values = {"upload": hidden(page, "upload"), "fingerprint": hidden(page, "fingerprint"), "mode": "create", "step": "import"}
    answer = signed_in.post(PAGE, {**values, "create_missing": "on", "logos_from_guide": "on"})
    assert answer.status_code == 302
    assert Channel.objects.get().name == "<b>ESPN</b>"
    assert waiting_files() == []


def test_what_changed_since_it_was_shown_is_shown_again(signed_in: Client) -> None:
    channel = make_channel("ESPN", "1")
    page = uploaded(signed_in, "channel_number,name\n1,ESPN HD\n", mode="update", key="number")
    Channel.objects.filter(pk=channel.pk).update(name="Fox")
    values = {"upload": hidden(page, "upload"), "fingerprint": hidden(page, "fingerprint")}
    answer = signed_in.post(PAGE, {**values, "mode": "update", "key": "number", "step": "import"})
    assert answer.status_code == 422
    assert "have changed since" in answer.content.decode()
    assert Channel.objects.get().name == "Fox"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("list.xlsx", b"name\nA\n", "CSV file"),
        ("list.csv", b"", "empty"),
        ("list.csv", b"a,b\n1,2\n", "no column"),
        ("list.csv", b"name\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_files_that_cannot_be_used_are_refused_beside_the_field(signed_in: Client, name: str, data: bytes, said: str) -> None:
    page = uploaded(signed_in, data, name)
    assert said in page
    assert "invalid-feedback" in page


def test_an_upload_that_is_gone_is_asked_for_again(signed_in: Client) -> None:
    for values in ({}, {"upload": "nonsense"}):
        answer = signed_in.post(PAGE, values)
        assert answer.status_code == 422
    assert "Choose it again" in answer.content.decode()


def test_ten_rows_are_shown_and_the_others_on_request(signed_in: Client) -> None:
    page = uploaded(signed_in, "name\n" + "".join(f"Channel {n}\n" for n in range(250)))
    assert page.count('class="csv-name"') == 10
    assert "and 240 more" in page
    values = {"upload": hidden(page, "upload"), "mode": "create"}
    assert signed_in.post(PAGE, {**values, "page": "2"}).content.decode().count('class="csv-name"') == 50


def test_all_errors_and_warnings_can_be_downloaded(signed_in: Client) -> None:
    page = uploaded(signed_in, "name,channel_number\n" + "A,x\n" * 20)
    assert "and 15 more" in page
    link = re.search(r'href="(/channels/csv/import/problems/[^"]*)"', page)
    assert link is not None
    answer = signed_in.get(link[1].replace("&amp;", "&"))
    assert answer["Content-Disposition"] == 'attachment; filename="list.csv-problems.txt"'
    assert answer.content.decode().count("Error. Line ") == 20


def test_big_files_are_imported_in_the_background(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "IN_BACKGROUND_ABOVE", 2)
    page = uploaded(signed_in, "name\nA\nB\nC\n")
    values = {"upload": hidden(page, "upload"), "fingerprint": hidden(page, "fingerprint"), "mode": "create", "step": "import"}
    signed_in.post(PAGE, {**values, "create_missing": "on", "logos_from_guide": "on"})
    run = TaskRun.objects.get(task_id=task.CsvImportTask.task_id)
    assert Channel.objects.count() == 0
    done = task.CsvImportTask(NoProgress(), run.parameters).execute()
    assert (done.success, Channel.objects.count()) == (True, 3)
    assert waiting_files() == []
    again = task.CsvImportTask(NoProgress(), run.parameters).execute()
    assert again.success is False
    assert "no longer there" in again.message


def test_the_export_downloads_what_was_chosen(signed_in: Client) -> None:
    (stream,) = make_streams(["a"])
    first, _ = make_channel("ESPN", "1", streams=[stream]), make_channel("CNN", "2")
    make_channel("Synced", "3", auto_created=True)
    page = "/channels/csv/export/file/"
    answer = signed_in.post(page, {"for_spreadsheets": "1"})
    assert re.fullmatch(r'attachment; filename="channels-export-\d{4}-\d\d-\d\d\.csv"', answer["Content-Disposition"])
    assert answer.content.startswith(b"\xef\xbb\xbfchannel_number,")
    assert stream.url in answer.content.decode()
    assert b"Synced" not in answer.content
    assert b"Synced" in signed_in.post(page, {"auto_created": "1"}).content
    only = signed_in.post(page, {"channel": str(first.pk), "without_streams": "1"}).content.decode()
    assert only.splitlines()[1:] == ["1,ESPN,,,,,"]
    filtered = signed_in.post(page, {"all": "1", "q": "cnn", "confirmed_count": "1"}).content.decode()
    assert filtered.splitlines()[1:] == ["2,CNN,,,,,"]
    assert signed_in.post(page, {"all": "1", "q": "cnn", "confirmed_count": "5"}).status_code == 422
    assert "Export 1 channel" in signed_in.get(f"/channels/csv/export/?channel={first.pk}").content.decode()
    assert "auto-sync made" in signed_in.get("/channels/csv/export/").content.decode()
    assert b"# Channels" in signed_in.get("/channels/csv/template/").content


# --- for programs -----------------------------------------------------------------------------------------------------


def send(client: Client, name: str, **body: Any) -> tuple[int, Any]:
    answer = client.post(f"/api/channels/{name}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_preview_and_import_over_http(signed_in: Client) -> None:
    make_group("Sports")
    content = "channel_number,name,group_name,stream_urls\n101,ESPN,SPORTS,http://x.example/1\n0,Bad,,\n"
    status, shown = send(signed_in, "preview-csv", content=content)
    assert (status, shown["counts"]["create"], shown["rows"][0]["channel_number"]) == (200, 1, "101")
    assert shown["errors"] == [{"row": 3, "error": "channel_number: The number must be positive."}]
    assert Channel.objects.count() == 0
    status, done = send(signed_in, "import-csv", content=content, fingerprint=shown["fingerprint"])
    assert status == 200
    assert (done["success"], done["channels_created"], done["groups_created"], done["streams_linked"]) == (False, 1, 0, 0)
    assert "http://x.example/1" in done["warnings"][0]
    assert JournalEntry.objects.filter(batch_id=done["batch_id"], action_type="csv_import").exists()


def test_64_an_empty_file_over_http(signed_in: Client) -> None:
    status, done = send(signed_in, "import-csv", content="")
    assert (status, done["success"], done["channels_created"]) == (200, True, 0)


def test_refusals_over_http(signed_in: Client) -> None:
    assert send(signed_in, "import-csv", content="a,b\n1,2\n")[0] == 400
    assert send(signed_in, "import-csv", text="name\n")[0] == 422
    assert signed_in.post("/api/channels/import-csv", {}).status_code == 400
    bad = SimpleUploadedFile("x.csv", b"name\n\xff\n")
    assert signed_in.post("/api/channels/import-csv", {"file": bad}).status_code == 400
    make_channel("ESPN", "1")
    body = {"content": "channel_number,name\n1,Fox\n", "mode": "update"}
    fingerprint = send(signed_in, "preview-csv", **body)[1]["fingerprint"]
    Channel.objects.update(name="CNN")
    assert send(signed_in, "import-csv", **body, fingerprint=fingerprint)[0] == 409
    good = SimpleUploadedFile("x.csv", b"channel_number,name\n1,Fox\n")
    assert signed_in.post("/api/channels/import-csv", {"file": good, "mode": "update"}).json()["channels_updated"] == 1
    assert signed_in.get("/api/channels/export-csv").content.decode().splitlines()[1] == "1,Fox,,,,,"
    assert signed_in.get("/api/channels/csv-template").status_code == 200
    assert signed_in.get("/api/channels/import-csv").status_code == 405


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "replce"), ("key", []), ("clear_empty", "yes"), ("content", None), ("fingerprint", 5)]
)
def test_programs_are_told_of_an_option_that_is_not_understood(signed_in: Client, name: str, value: object) -> None:
    body = {"content": "name\nFox\n", name: value}
    for address in ("preview-csv", "import-csv"):
        answer = signed_in.post(f"/api/channels/{address}", json.dumps(body), content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])
    assert not Channel.objects.exists()
