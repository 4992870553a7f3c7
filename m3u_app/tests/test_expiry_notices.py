"""Accounts that are about to expire are told once, kept true, and taken back (20 §1.5, example 46)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from m3u_app.expiry_notices import EXPIRED, EXPIRING, look_for_expiries
from m3u_app.models import Account, AccountProfile
from tasks_app.models import Notification
from tasks_app.notifications.change_notifications import delete, set_read

pytestmark = pytest.mark.django_db


def account(**values) -> Account:
    return Account.objects.create(name=values.pop("name", "Acme"), **values)


@pytest.mark.parametrize(
    ("ahead", "source", "kind", "words"),
    [
        (timedelta(hours=30), EXPIRING, "warning", "in 1 day,"),
        (timedelta(hours=5), EXPIRING, "warning", "today,"),
        (timedelta(hours=-5), EXPIRED, "error", "expired on"),
        (timedelta(days=6, hours=23), EXPIRING, "warning", "in 6 days,"),
        (timedelta(days=8), "", "", ""),
    ],
)
def test_what_is_told_by_date(ahead, source, kind, words):
    now = timezone.now()
    owner = account(exp_date=now + ahead)
    look_for_expiries(now)
    look_for_expiries(now + timedelta(minutes=1))
    rows = list(Notification.objects.all())
    assert len(rows) == bool(source)
    for row in rows:
        assert (row.source, row.source_id, row.kind, row.count) == (source, str(owner.pk), kind, 1)
        assert words in row.message
        assert row.action_url == f"/m3u/{owner.pk}/"


def test_the_days_count_down_in_place_and_stay_read():
    now = timezone.now()
    account(exp_date=now + timedelta(days=3, hours=1))
    look_for_expiries(now)
    row = set_read(Notification.objects.get(), True)
    look_for_expiries(now + timedelta(days=1))
    row.refresh_from_db()
    assert "in 2 days" in row.message
    assert (row.read, row.count) == (True, 1)


def test_a_deleted_notice_stays_away_but_does_not_hide_the_expiry_itself():
    now = timezone.now()
    account(exp_date=now + timedelta(days=1))
    look_for_expiries(now)
    delete(Notification.objects.get())
    look_for_expiries(now + timedelta(minutes=5))
    assert not Notification.objects.exists()
    look_for_expiries(now + timedelta(days=2))
    assert Notification.objects.get().source == EXPIRED


@pytest.mark.parametrize(
    "change",
    [{"exp_date": None}, {"is_active": False}, {"exp_date": timezone.now() + timedelta(days=300)}],
    ids=["unknown", "switched off", "extended"],
)
def test_a_notice_goes_when_it_is_no_longer_true_and_may_come_again(change):
    now = timezone.now()
    at = now + timedelta(days=1)
    row = account(exp_date=at)
    look_for_expiries(now)
    assert Notification.objects.count() == 1
    Account.objects.filter(pk=row.pk).update(**change)
    look_for_expiries(now)
    assert not Notification.objects.exists()
    Account.objects.filter(pk=row.pk).update(exp_date=at, is_active=True)
    look_for_expiries(now)
    assert Notification.objects.count() == 1


def test_other_logins_of_an_account_are_told_by_their_own_dates():
    now = timezone.now()
    owner = account(exp_date=now + timedelta(days=90))
    AccountProfile.objects.create(account=owner, name="Second", exp_date=now + timedelta(days=2))
    AccountProfile.objects.create(account=owner, name="Off", exp_date=now + timedelta(days=2), is_active=False)
    look_for_expiries(now)
    row = Notification.objects.get()
    assert "Second" in row.title
    owner.delete()
    look_for_expiries(now)
    assert not Notification.objects.exists()


def test_looking_costs_the_same_for_many_accounts(django_assert_num_queries):
    now = timezone.now()
    for number in range(30):
        account(name=f"a{number}", exp_date=now + timedelta(days=2))
    look_for_expiries(now)
    with django_assert_num_queries(4):
        look_for_expiries(now)
