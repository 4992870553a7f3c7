"""The M3U pages while a server is mirrored: what waits is marked, what the server cannot do is explained."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.custom_streams import CustomStream, create_custom_stream
from m3u_app.edit_filters import FilterRefused, FilterValues, add_filter, switch_filter
from m3u_app.edit_profiles import ProfileRefused, ProfileValues, add_profile
from m3u_app.models import Account, StreamGroup
from m3u_app.tests.account_samples import posted
from tasks_app.mirror.deliver import deliver
from tasks_app.models import MirrorState, OutboxEntry, TaskRun
from tests.dispatcharr.m3u_house import Sync, base, sent, waiting
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, *args: int) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def browser(admin_client: Client, fake: FakeServer) -> Client:
    """Signed in; no page may ask the server for anything."""
    fake.faults.order(Kind.HANG, seconds=20, path="", times=10_000)
    return admin_client


@pytest.fixture
def at_page(pulled_kinds: Sync, browser: Client, fake: FakeServer) -> Client:
    fake.calls.clear()
    return browser


def test_rows_whose_changes_wait_carry_a_mark_on_every_page(at_page: Client, fake: FakeServer) -> None:
    account = base()
    assert "Waits for the server" not in page(at_page, "m3u:accounts")
    account.priority = 8
    account.save()
    StreamGroup.objects.filter(account=account).update(enabled=False)
    add_filter(account.pk, FilterValues("name", "^UK"))
    add_profile(account.pk, ProfileValues("Second", search_pattern="a", replace_pattern="b"))
    at_page.post(reverse("m3u:server_group_add"), {"name": "Shared", "accounts": [account.pk]})
    for name, args in (
        ("m3u:accounts", ()),
        ("m3u:account", (account.pk,)),
        ("m3u:groups", (account.pk,)),
        ("m3u:filters", (account.pk,)),
        ("m3u:profiles", (account.pk,)),
        ("m3u:server_groups", ()),
    ):
        assert "Waits for the server" in page(at_page, name, *args), name
    assert fake.calls == []


def test_marks_cost_one_query_however_many_rows_there_are(at_page: Client) -> None:
    page(at_page, "m3u:accounts")
    with CaptureQueriesContext(connection) as few:
        page(at_page, "m3u:accounts")
    for number in range(20):
        Account.objects.create(name=f"More {number}")
    with CaptureQueriesContext(connection) as many:
        page(at_page, "m3u:accounts")
    assert len(many) == len(few)


def test_an_account_is_added_without_the_server_and_goes_there_later(
    at_page: Client, fake: FakeServer, client: Dispatcharr
) -> None:
    answer = at_page.post(reverse("m3u:add"), posted(name="Second", server_url="http://provider.test/second.m3u"))
    assert answer.status_code == 302
    account = Account.objects.get(name="Second")
    assert ("account", account.pk) in waiting()
    assert TaskRun.objects.filter(task_id="m3u_refresh", lock_key=f"m3u:{account.pk}").exists()
    assert fake.calls == []
    fake.faults.clear()
    deliver(client)
    [body] = sent(fake, "POST", "/m3u/accounts/")
    assert body["name"] == "Second"  # type: ignore[index, call-overload]


def test_the_form_leaves_out_what_the_server_cannot_do_and_keeps_it(at_page: Client) -> None:
    Account.objects.update(allow_private_addresses=True)
    form = page(at_page, "m3u:edit", base().pk)
    assert 'name="file_path"' not in form
    assert 'name="playlist_file"' not in form
    assert "Previews may lead into the local network" in form
    assert "Dispatcharr reads the playlist" in form
    assert 'name="playlist_file"' in page(at_page, "m3u:add")
    values = posted(name="Base", server_url="http://provider.test/Base.m3u", priority=3, allow_private_addresses="on")
    assert at_page.post(reverse("m3u:edit", args=[base().pk]), values).status_code == 302
    assert (base().allow_private_addresses, base().priority) == (True, 3)


def test_a_path_on_this_machine_is_refused_in_the_form(at_page: Client, tmp_path: Path) -> None:
    file = tmp_path / "a.m3u"
    file.write_text("#EXTM3U\n#EXTINF:-1,A\nhttp://p.test/a\n")
    answer = at_page.post(reverse("m3u:add"), posted(name="Path", server_url="", file_path=str(file)))
    assert answer.status_code == 422
    assert "cannot read a path on this machine" in answer.content.decode()


def test_an_uploaded_file_goes_along_and_is_not_exchanged(at_page: Client, fake: FakeServer, client: Dispatcharr) -> None:
    def upload() -> SimpleUploadedFile:
        return SimpleUploadedFile("mine.m3u", b"#EXTM3U\n#EXTINF:-1,A\nhttp://p.test/a\n")

    at_page.post(reverse("m3u:add"), {**posted(name="File", server_url=""), "playlist_file": upload()})
    fake.faults.clear()
    deliver(client)
    account = Account.objects.get(name="File")
    assert waiting() == {}
    values = posted(name="File again", server_url="")
    answer = at_page.post(reverse("m3u:edit", args=[account.pk]), {**values, "playlist_file": upload()})
    assert answer.status_code == 422
    assert "cannot exchange the playlist file" in answer.content.decode()
    assert at_page.post(reverse("m3u:edit", args=[account.pk]), values).status_code == 302
    Account.objects.filter(pk=account.pk).update(file_path="only-on-the-server.m3u")
    values = posted(name="File third", server_url="")
    assert at_page.post(reverse("m3u:edit", args=[account.pk]), values).status_code == 302
    assert Account.objects.get(pk=account.pk).file_path == "only-on-the-server.m3u"
    assert Path(settings.UPLOAD_DIR).exists()


def test_deleting_says_that_it_is_for_everybody(at_page: Client) -> None:
    assert "deleted on Dispatcharr as well" in page(at_page, "m3u:delete", base().pk)
    MirrorState.objects.update(connected=False)
    assert "Dispatcharr" not in page(at_page, "m3u:delete", base().pk)


def test_a_filter_that_is_off_says_that_it_is_kept_here(at_page: Client) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    switch_filter(base().pk, made.pk, enabled=False)
    shown = page(at_page, "m3u:filters", base().pk)
    assert "kept here only" in shown
    assert "next refresh by Dispatcharr" in shown
    assert "Apply now" not in shown


def test_patterns_that_the_server_cannot_use_are_refused_beside_their_field(at_page: Client) -> None:
    with pytest.raises(FilterRefused) as refused:
        add_filter(base().pk, FilterValues("name", r"\pL+"))
    assert "every refresh of the account would fail" in refused.value.errors["regex_pattern"]
    with pytest.raises(ProfileRefused) as refusal:
        add_profile(base().pk, ProfileValues("Second", search_pattern="(?<a>b)", replace_pattern="$$1"))
    assert set(refusal.value.errors) == {"search_pattern", "replace_pattern"}
    MirrorState.objects.update(connected=False)
    add_filter(base().pk, FilterValues("name", r"\pL+"))


def test_the_command_refuses_files_of_this_machine(pulled_kinds: Sync, tmp_path: Path) -> None:
    file = tmp_path / "a.m3u"
    file.write_text("#EXTM3U\n")
    with pytest.raises(CommandError, match="cannot read a file on this machine"):
        call_command("import_m3u", str(file), "--account", "X")


def test_logins_in_addresses_that_wait_are_not_shown(at_page: Client) -> None:
    create_custom_stream(CustomStream("Mine", "http://provider.test/live/anna/secret77/5.ts"))
    add_filter(base().pk, FilterValues("url", "http://provider.test/live/anna/secret77/"))
    listed = page(at_page, "mirror:queue")
    for entry in OutboxEntry.objects.all():
        listed += page(at_page, "mirror:entry", entry.pk)
    assert "Mine" in listed
    assert "secret77" not in listed


def test_times_of_the_server_are_shown_in_the_place_of_hours_that_do_not_count(at_page: Client) -> None:
    Account.objects.filter(pk=base().pk).update(cron_expression="0 4 * * *", refresh_interval=0)
    assert '<span title="0 4 * * *">by Dispatcharr\'s times</span>' in page(at_page, "m3u:accounts")
    assert "by Dispatcharr's own times: <code>0 4 * * *</code>" in page(at_page, "m3u:account", base().pk)
    assert "by its own times (<code>0 4 * * *</code>)" in page(at_page, "m3u:edit", base().pk)
    MirrorState.objects.update(connected=False)  # ECM alone goes by hours
    for name, args in (("m3u:accounts", ()), ("m3u:account", (base().pk,)), ("m3u:edit", (base().pk,))):
        assert "own times" not in page(at_page, name, *args)
        assert "Dispatcharr's times" not in page(at_page, name, *args)
    assert "by hand only" in page(at_page, "m3u:accounts")
