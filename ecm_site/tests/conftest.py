"""The cast of the site's tests."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "correct horse"


@pytest.fixture
def alice(db: None) -> User:
    """The administrator."""
    return User.objects.create_superuser("alice", "alice@example.org", PASSWORD)


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client
