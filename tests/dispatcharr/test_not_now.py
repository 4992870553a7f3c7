"""A gateway that says when it wants to be asked again: what waits for the server keeps to that, within bounds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.trouble import Trouble
from tests.dispatcharr.m3u_house import KINDS, Sync, base, waiting
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


def next_try() -> timedelta:
    at = mirror_state().retry_at
    assert at is not None
    return at - timezone.now()


@pytest.mark.parametrize(("asked", "least", "most"), [(600, 590, 600), (86_400, 3_590, 3_600)], ids=["10 minutes", "a day"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_deliveries_wait_as_long_as_the_gateway_asks(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, status: int, asked: int, least: int, most: int
) -> None:
    account = base()
    account.priority = 9
    account.save()
    fake.faults.order(Kind.NOT_NOW, method="PATCH", times=9, status=status, seconds=asked)
    report = deliver(client)
    assert "asks to wait" in report.trouble
    assert timedelta(seconds=least) < next_try() <= timedelta(seconds=most)
    assert fake.count("PATCH") == 1
    assert waiting() == {("account", account.pk): "waiting"}


def test_reading_waits_as_long_as_the_gateway_asks(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.NOT_NOW, path="/accounts/$", times=9, status=503, seconds=600)
    with pytest.raises(Trouble, match="asks to wait 600 s"):
        pull(client, KINDS)
    assert timedelta(seconds=590) < next_try() <= timedelta(seconds=600)
