"""A standard user of the server does not see every channel (NOTES §3): what ECM does not see is not gone."""

import pytest

from channels_app.models import Channel
from tasks_app.engine import run_here
from tasks_app.mirror.state import SYNC_TASK, mirror_state
from tests.dispatcharr.test_another_install import mirrored
from tests.fake_dispatcharr import FakeServer

__all__ = ["mirrored"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_read_by_an_account_that_does_not_see_everything(mirrored: FakeServer) -> None:
    mirrored.world.change("users", 1, user_level=1)
    channel = next(iter(mirrored.world.tables["channels"]))
    hidden = mirrored.world.tables["channels"].pop(channel)  # one for administrators only
    run = run_here(SYNC_TASK)
    assert not run.success
    assert "is a standard user" in run.message
    assert "administrator" in mirror_state().trouble
    assert Channel.objects.count() == 3
    mirrored.world.change("users", 1, user_level=10)
    mirrored.world.tables["channels"][channel] = hidden
    assert run_here(SYNC_TASK).success
    assert Channel.objects.count() == 3
    assert not mirror_state().trouble
