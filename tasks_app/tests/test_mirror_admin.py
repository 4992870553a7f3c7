"""Django admin calls what waits for the server by the words of the pages."""

import pytest
from django.test import Client

from tasks_app.models import OutboxEntry, OutboxState

pytestmark = pytest.mark.django_db


def test_a_parked_change_is_called_what_is_true_of_all_of_them(admin_client: Client) -> None:
    """Not every one was refused by the server: it may have failed, or ECM on it."""
    OutboxEntry.objects.create(kind="toy", local_id=1, state=OutboxState.PARKED, reason="ECM failed on it (KeyError).")
    html = admin_client.get("/admin/tasks_app/outboxentry/").content.decode()
    assert "Cannot be delivered" in html
    assert "Refused by the server" not in html
