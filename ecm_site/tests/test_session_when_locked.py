"""A sign-in that is due to be prolonged while the database is locked: the page is shown, and it is prolonged the next time."""

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client

from ecm_site.middleware import SlidingSessionMiddleware

pytestmark = pytest.mark.django_db


def test_reading_goes_on_while_the_sign_in_cannot_be_prolonged(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    key = SlidingSessionMiddleware.key

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "save", locked)
        assert client.get("/tasks/").status_code == 200
    assert key not in client.session
    assert client.get("/tasks/").status_code == 200
    assert key in client.session


def test_a_sign_in_that_cannot_be_stored_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_superuser("alice", "", "correct horse")

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(SessionStore, "save", locked)
    answer = client.post("/sign-in/", {"username": "alice", "password": "correct horse"})
    assert answer.status_code == 503
    assert "busy with other work" in answer.content.decode()
