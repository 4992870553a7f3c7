"""Who has which role, who changes it, and what a change does at once (50 U-5, U-6)."""

from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from channels_app.drafts.lives import DraftNotOpened, open_draft, unfinished_draft
from channels_app.models import Channel
from ecm_site.change_role import change_role
from ecm_site.models import DecidedBy, UserRole
from ecm_site.roles import Role, may_edit, role_of
from tasks_app.models import JournalEntry
from tests.roles.populated import SECRET, people, populate

pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    """As the next request will see the user."""
    return User.objects.select_related("ecm_role").get(pk=user.pk)


def test_staff_are_administrators_whatever_is_noted_and_who_has_no_role_edits() -> None:
    everybody = people()
    assert {role: role_of(fresh(user)) for role, user in everybody.items()} == {role: role for role in Role}
    UserRole.objects.create(user=everybody[Role.ADMINISTRATOR], role=Role.VIEWER.value)
    assert role_of(fresh(everybody[Role.ADMINISTRATOR])) is Role.ADMINISTRATOR
    assert role_of(AnonymousUser()) is Role.VIEWER
    assert not may_edit(None)


def test_asking_for_the_role_of_a_signed_in_user_costs_no_query(client: Client, django_assert_max_num_queries: object) -> None:
    client.force_login(people()[Role.VIEWER])
    client.get("/channels/keys/")
    with django_assert_max_num_queries(2):  # type: ignore[operator]  # session and user
        assert client.post("/m3u/refresh/").status_code == 403


def test_a_change_holds_from_the_next_request_on_and_is_journalled(client: Client) -> None:
    bob = people()[Role.EDITOR]
    client.force_login(bob)
    assert client.get("/channels/create/").status_code == 200
    assert change_role(bob, Role.VIEWER)
    assert client.get("/channels/create/").status_code == 403
    assert client.post("/channels/create/", {"name": "x"}).status_code == 403
    entry = JournalEntry.objects.latest("pk")
    assert (entry.description, entry.before_value, entry.after_value) == (
        "bob is a viewer now",
        {"role": "editor"},
        {"role": "viewer"},
    )
    assert not change_role(bob, Role.VIEWER)
    assert change_role(bob, Role.EDITOR)
    assert client.get("/channels/create/").status_code == 200


def test_administrators_are_not_made_by_a_role() -> None:
    with pytest.raises(ValueError, match="staff status"):
        change_role(people()[Role.EDITOR], Role.ADMINISTRATOR)


def test_a_viewer_has_no_draft_and_finds_the_own_one_again_as_an_editor(client: Client) -> None:
    everybody = people()
    bob = everybody[Role.EDITOR]
    draft = open_draft(fresh(bob))
    change_role(bob, Role.VIEWER)
    assert unfinished_draft(fresh(bob)) is None
    client.force_login(bob)
    page = client.get("/channels/").content.decode()
    assert "You may look at the lineup, but not change it." in page
    assert client.post("/channels/draft/start/").status_code == 403
    with pytest.raises(DraftNotOpened, match="not edit"):
        open_draft(fresh(everybody[Role.VIEWER]))
    change_role(bob, Role.EDITOR)
    found = unfinished_draft(fresh(bob))
    assert found is not None
    assert found.pk == draft.pk


def test_a_viewer_keeps_what_is_his_own(client: Client) -> None:
    vera = people()[Role.VIEWER]
    vera.set_password("correct horse")
    vera.save()
    client.force_login(vera)
    assert client.post("/account/theme/", {"theme": "light"}).status_code == 302
    assert client.post("/channels/preferences/", {"pane": "40"}).status_code == 204
    assert client.post("/channels/views/save/", {"name": "Mine", "query": "without=1"}).status_code == 302
    new = {"current": "correct horse", "password": "another long one 7", "password_again": "another long one 7"}
    assert client.post("/account/password/", new).status_code == 302
    vera.refresh_from_db()
    assert vera.check_password("another long one 7")
    assert client.post("/sign-out/").status_code == 302


def test_of_a_channel_that_is_not_published_a_viewer_gets_no_address(client: Client) -> None:
    """Players would get none; what is left is the provider's own address, with the login."""
    everybody = populate()
    Channel.objects.filter(pk=1).update(is_hidden=True)
    client.force_login(everybody[Role.VIEWER])
    for address in ("/channels/1/m3u/", "/channels/1/vlc/"):
        assert client.get(address, headers={"Accept": "text/plain"}).status_code == 404
    client.force_login(everybody[Role.EDITOR])
    assert SECRET in client.get("/channels/1/m3u/").content.decode()


def test_refusals_are_words_on_a_page_in_a_part_and_in_json(client: Client) -> None:
    client.force_login(people()[Role.VIEWER])
    page = client.post("/m3u/refresh/")
    part = client.post("/m3u/refresh/", headers={"HX-Request": "true"})
    program = client.post("/api/m3u/refresh")
    assert [one.status_code for one in (page, part, program)] == [403, 403, 403]
    assert "change nothing. Ask an administrator" in page.content.decode()
    assert "<html" in page.content.decode()
    assert part.content.decode().startswith("You may look at everything here")
    assert program.json()["detail"].startswith("You may look")


def test_ctrl_k_leads_viewers_to_no_closed_door(client: Client) -> None:
    everybody = people()
    client.force_login(everybody[Role.VIEWER])
    shown = client.get("/find/", {"q": "channel"}).content.decode()
    assert "New channel" not in shown
    assert "Export channels as CSV" not in shown
    assert "Channel profiles" in shown
    client.force_login(everybody[Role.EDITOR])
    assert "Export channels as CSV" in client.get("/find/", {"q": "channel"}).content.decode()


# --- where administrators change it ---------------------------------------------------------------------------------------


def user_form(user: User, role: str, decided_by: str, **more: str) -> dict[str, str]:
    noted = UserRole.objects.filter(user=user).first()
    return {
        "username": user.username,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "is_active": "on",
        "ecm_role-TOTAL_FORMS": "1",
        "ecm_role-INITIAL_FORMS": "1" if noted else "0",
        "ecm_role-0-id": str(noted.pk) if noted else "",
        "ecm_role-0-user": str(user.pk),
        "ecm_role-0-role": role,
        "ecm_role-0-decided_by": decided_by,
        **more,
    }


def test_in_the_raw_data_users_show_their_role_and_administrators_change_it(client: Client) -> None:
    everybody = people()
    bob = everybody[Role.EDITOR]
    client.force_login(everybody[Role.ADMINISTRATOR])
    users = client.get(reverse("admin:auth_user_changelist")).content.decode()
    assert all(f">{role.value}</td>" in users for role in Role)
    address = reverse("admin:auth_user_change", args=[bob.pk])
    assert '<option value="editor" selected>' in client.get(address).content.decode()  # which is what no row means
    assert client.post(address, user_form(bob, "viewer", "administrator")).status_code == 302
    assert role_of(fresh(bob)) is Role.VIEWER
    entry = JournalEntry.objects.latest("pk")
    assert (entry.description, entry.user_name) == ("bob is a viewer now", "alice")


def test_saving_the_page_of_a_user_without_a_role_changes_no_rights(client: Client) -> None:
    everybody = people()
    bob = everybody[Role.EDITOR]
    client.force_login(everybody[Role.ADMINISTRATOR])
    written = JournalEntry.objects.count()
    address = reverse("admin:auth_user_change", args=[bob.pk])
    assert client.post(address, user_form(bob, "editor", "administrator", first_name="Robert")).status_code == 302
    assert (role_of(fresh(bob)), fresh(bob).first_name) == (Role.EDITOR, "Robert")
    assert JournalEntry.objects.count() == written


def test_a_role_that_an_administrator_changes_no_longer_follows_the_server(client: Client) -> None:
    everybody = people()
    bob = everybody[Role.EDITOR]
    UserRole.objects.create(user=bob, role="viewer", decided_by=DecidedBy.SERVER)
    client.force_login(everybody[Role.ADMINISTRATOR])
    address = reverse("admin:auth_user_change", args=[bob.pk])
    client.post(address, user_form(bob, "editor", "server"))
    assert UserRole.objects.values_list("role", "decided_by").get(user=bob) == ("editor", "administrator")
    client.post(address, user_form(bob, "editor", "server"))
    assert UserRole.objects.values_list("role", "decided_by").get(user=bob) == ("editor", "server")


def test_users_with_a_role_can_be_deleted(client: Client) -> None:
    everybody = people()
    client.force_login(everybody[Role.ADMINISTRATOR])
    address = reverse("admin:auth_user_delete", args=[everybody[Role.VIEWER].pk])
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="vera").exists()


def test_the_command_lists_and_changes() -> None:
    everybody = people()
    UserRole.objects.create(user=everybody[Role.EDITOR], role="editor", decided_by=DecidedBy.SERVER)
    out = StringIO()
    call_command("user_role", stdout=out)
    assert out.getvalue().splitlines() == [
        "alice: administrator",
        "bob: editor (follows the Dispatcharr server)",
        "vera: viewer",
    ]
    call_command("user_role", "bob", "viewer", stdout=out)
    assert out.getvalue().splitlines()[-1] == "bob is a viewer now, whatever the Dispatcharr server says."
    assert role_of(fresh(everybody[Role.EDITOR])) is Role.VIEWER
    assert JournalEntry.objects.latest("pk").user_name == "command line"
    for wrong in (["bob"], ["nobody", "viewer"], ["alice", "viewer"]):
        with pytest.raises(CommandError):
            call_command("user_role", *wrong)
