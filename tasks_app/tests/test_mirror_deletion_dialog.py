"""A change of one side that meets a deletion on the other: the table says which side has no value any more."""

import re

import pytest
from django.test import Client

from tasks_app.mirror.pull import pull
from tasks_app.models import OutboxEntry, OutboxState
from tasks_app.tests.mirror_toys import ToyServer, sql, toy

pytestmark = pytest.mark.django_db


def sides(client: Client) -> dict[str, str]:
    """What the dialog shows of the name, by column."""
    entry = OutboxEntry.objects.get(state=OutboxState.CONFLICT)
    html = client.get(f"/server/queue/{entry.pk}/").content.decode()
    cells = re.findall(r'<td class="text-break" data-label="([^"]+)">(.*?)</td>', html, re.DOTALL)
    return {label: re.sub(r"<[^>]+>", "", cell).strip() for label, cell in cells}


@pytest.fixture
def remote(toy_server: ToyServer) -> int:
    number = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    return number


def test_what_was_deleted_there_has_no_value_there(toy_server: ToyServer, remote: int, admin_client: Client) -> None:
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    pull(toy_server.as_client())
    assert sides(admin_client) == {"Before": "Ball", "Here": "Mine", "On the server": "deleted"}


def test_what_was_deleted_here_has_no_value_here(toy_server: ToyServer, remote: int, admin_client: Client) -> None:
    sql("DELETE FROM toy")
    toy_server.toys[remote]["name"] = "Theirs"
    pull(toy_server.as_client())
    assert sides(admin_client) == {"Before": "Ball", "Here": "deleted", "On the server": "Theirs"}
