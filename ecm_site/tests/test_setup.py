"""First run (50 U-1, U-3, U-12)."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from ecm_site.create_administrator import AlreadySetUp, create_administrator
from tasks_app.models import JournalEntry

GOOD = {
    "username": "alice",
    "email": "alice@example.org",
    "password": "correct horse",
    "password_again": "correct horse",
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/m3u/", "/channels/", "/settings/general/", "/admin/", "/sign-in/"])
def test_every_page_leads_to_setup_while_nobody_exists(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"] == "/setup/"


@pytest.mark.django_db
def test_setup_creates_an_administrator_signs_in_and_opens_the_wizard(client: Client) -> None:
    answer = client.post("/setup/", GOOD)
    assert (answer.status_code, answer["Location"]) == (302, "/welcome/")
    user = User.objects.get()
    assert (user.username, user.email, user.is_superuser, user.is_staff, user.is_active) == (
        "alice",
        "alice@example.org",
        True,
        True,
        True,
    )
    assert user.check_password("correct horse")
    assert client.get("/").status_code == 200
    entry = JournalEntry.objects.get(category="user", action_type="create")
    assert entry.user_id == user.pk
    assert "horse" not in str(entry.after_value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"username": "al"}, "username", "at least 3"),
        ({"username": "alice smith"}, "username", "valid username"),
        ({"username": ""}, "username", "required"),
        ({"email": "nobody"}, "email", "valid email"),
        ({"password": "abc1234", "password_again": "abc1234"}, "password", "at least 8"),
        ({"password": "password", "password_again": "password"}, "password", "too common"),
        ({"password": "Alice2024x", "password_again": "Alice2024x"}, "password", "username"),
        ({"password": "x" * 257, "password_again": "x" * 257}, "password", "256"),
        ({"password_again": "correct house"}, "password_again", "different"),
    ],
)
def test_setup_says_beside_the_field_what_is_wrong(client: Client, changes: dict[str, str], field: str, words: str) -> None:
    answer = client.post("/setup/", GOOD | changes)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not User.objects.exists()
    assert "correct horse" not in answer.content.decode()


@pytest.mark.django_db
def test_setup_is_refused_once_somebody_exists(client: Client, alice: User) -> None:
    assert client.get("/setup/").status_code == 403
    assert client.post("/setup/", GOOD | {"username": "mallory"}).status_code == 403
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_the_same_time_one_becomes_administrator() -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def try_it(name: str) -> None:
        gate.wait()
        try:
            create_administrator(name, f"{name}@example.org", "correct horse")
            outcomes.append("created")
        except AlreadySetUp:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it, args=(name,)) for name in ("alice", "mallory")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", "refused"]
    assert User.objects.count() == 1
