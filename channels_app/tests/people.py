"""Who asks in tests: people with a browser, and a program."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.tests.api_fixtures import Program


@pytest.fixture
def alice() -> Client:
    """The pages as an ordinary user gets them."""
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    return client


@pytest.fixture
def signed_in(client: Client, django_user_model: Any) -> Client:
    """The test's own client, signed in."""
    client.force_login(django_user_model.objects.create_user("anna", password="x"))
    return client


@pytest.fixture
def program() -> Program:
    return Program()
