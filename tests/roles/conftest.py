"""The populated house and its people, signed in."""

import pytest
from django.test import Client

from ecm_site.roles import Role
from tests.roles.populated import populate


@pytest.fixture
def clients(db: None) -> dict[Role, Client]:
    """A signed-in client of each role, in a house with one thing of every kind."""
    signed_in = {}
    for role, user in populate().items():
        signed_in[role] = Client(raise_request_exception=False)
        signed_in[role].force_login(user)
    return signed_in
