"""Server groups and the pages of links (20 §7, §8): who belongs together; journalled, undoable, told on the list."""

import pytest
from django.test import Client
from django.urls import reverse

from m3u_app.linked_accounts import create_link
from m3u_app.models import Account, LinkGroup, ServerGroup
from m3u_app.server_groups import ServerGroupRefused, change_server_group, create_server_group, delete_server_group
from m3u_app.tests.account_samples import HTMX, make_account, make_groups
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


def members() -> dict[str, list[str]]:
    return {
        group.name: list(group.accounts.order_by("name").values_list("name", flat=True)) for group in ServerGroup.objects.all()
    }


def undo_latest() -> list[str]:
    entry = JournalEntry.objects.filter(entity_type="server_group", undone_by=None).exclude(description__startswith="Undid")
    return undo_entry(entry.latest("pk")).conflicts


def test_every_change_is_journalled_and_can_be_undone() -> None:
    a, b = make_account("A"), make_account("B")
    group, _ = create_server_group("  Big   one ", [a.pk])
    assert JournalEntry.objects.latest("pk").description == "Added server group “Big one” with 1 account"
    change_server_group(group.pk, "Bigger", [a.pk, b.pk])
    assert change_server_group(group.pk, "Bigger", [a.pk, b.pk])[1] is None
    delete_server_group(group.pk)
    assert members() == {}
    assert Account.objects.filter(server_group=None).count() == 2
    for expected in ({"Bigger": ["A", "B"]}, {"Big one": ["A"]}, {}):
        assert undo_latest() == []
        assert members() == expected


def test_undo_says_when_the_name_is_taken() -> None:
    group, _ = create_server_group("One", [])
    delete_server_group(group.pk)
    create_server_group("one", [])
    entry = JournalEntry.objects.get(action_type="delete")
    assert undo_entry(entry).conflicts == ["“One”: another server group has its name now"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "TAKEN"])
def test_names_must_be_given_short_and_free(name: str) -> None:
    create_server_group("Taken", [])
    with pytest.raises(ServerGroupRefused):
        create_server_group(name, [])


def test_an_account_moves_over_from_another_server_group() -> None:
    a = make_account("A")
    create_server_group("One", [a.pk])
    create_server_group("Two", [a.pk])
    assert members() == {"One": [], "Two": ["A"]}


def test_the_account_list_can_be_narrowed_to_a_server_group(admin_client: Client) -> None:
    a = make_account("Inside")
    make_account("Outside")
    url = reverse("m3u:accounts")
    assert 'name="server_group"' not in admin_client.get(url).content.decode()
    group, _ = create_server_group(HOSTILE, [a.pk])
    page = admin_client.get(url, {"server_group": group.pk}).content.decode()
    assert "Inside" in page
    assert "Outside" not in page
    assert HOSTILE not in page
    for nonsense in ("x", "9" * 30, "-1", "4711"):
        assert admin_client.get(url, {"server_group": nonsense}).status_code == 200


def test_the_pages_work_plain_and_by_htmx(admin_client: Client) -> None:
    a, b = make_account("A"), make_account(HOSTILE)
    add = reverse("m3u:server_group_add")
    assert admin_client.post(add, {"name": "One", "accounts": [a.pk, b.pk, "x"]}).status_code == 302
    group = ServerGroup.objects.get()
    assert admin_client.post(add, {"name": "one"}, headers=HTMX).status_code == 422
    edit, delete = (reverse(f"m3u:server_group_{what}", args=[group.pk]) for what in ("edit", "delete"))
    for page in (reverse("m3u:server_groups"), add, edit, delete):
        text = admin_client.get(page).content.decode()
        assert HOSTILE not in text
    assert admin_client.post(edit, {"name": "Two", "accounts": [a.pk]}, headers=HTMX).status_code == 204
    assert members() == {"Two": ["A"]}
    assert admin_client.post(delete, headers=HTMX).status_code == 204
    assert admin_client.get(edit).status_code == 404


def test_links_are_made_changed_and_taken_apart_on_their_pages(admin_client: Client) -> None:
    a, b, c = (make_account(name) for name in ("A", HOSTILE, "C"))
    add = reverse("m3u:link_add")
    assert "two accounts or more" in admin_client.post(add, {"accounts": [a.pk]}, headers=HTMX).content.decode()
    assert admin_client.post(add, {"accounts": [a.pk, b.pk]}, headers=HTMX).status_code == 204
    link = LinkGroup.objects.get()
    edit, delete = (reverse(f"m3u:link_{what}", args=[link.pk]) for what in ("edit", "delete"))
    for page in (reverse("m3u:links"), add, edit, delete, reverse("m3u:accounts")):
        assert HOSTILE not in admin_client.get(page).content.decode()
    assert f"Linked with {HOSTILE}" not in admin_client.get(reverse("m3u:accounts")).content.decode()
    assert "Linked with &lt;script&gt;" in admin_client.get(reverse("m3u:accounts")).content.decode()
    assert admin_client.post(edit, {"accounts": [a.pk, c.pk]}).status_code == 302
    assert admin_client.post(delete).status_code == 302
    assert not LinkGroup.objects.exists()
    assert admin_client.get(edit).status_code == 404


def test_syncing_shows_what_it_would_do_and_can_be_undone(admin_client: Client) -> None:
    a, b = make_account("A"), make_account("B")
    create_link([a.pk, b.pk])
    make_groups(a, "Sports")
    make_groups(b, "Sports", enabled=False)
    url = reverse("m3u:links_sync")
    assert "1 group" in admin_client.get(url).content.decode()
    answer = admin_client.post(url, headers=HTMX)
    assert "Enabled 1 group of" in answer.headers["HX-Trigger"]
    assert b.groups.get().enabled
    assert "agree already" in admin_client.get(url).content.decode()
    assert "agree already" in admin_client.post(url, headers=HTMX).headers["HX-Trigger"]
