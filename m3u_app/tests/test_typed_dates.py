"""A day that was typed as the end of a subscription lasts to its end, and a moment a provider told survives the form."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from m3u_app.expiry_words import expiry_words
from m3u_app.models import Account, AccountProfile
from m3u_app.tests.account_samples import HTMX, make_account, posted
from m3u_app.typed_dates import day_of, end_of_day


def test_a_subscription_still_runs_on_the_day_it_ends() -> None:
    ends = end_of_day(date(2026, 11, 24), None)
    told = {
        moment: words.words if (words := expiry_words(ends, now=datetime.fromisoformat(f"2026-11-{moment}Z"))) else ""
        for moment in ("23T12:00", "24T12:00", "25T00:00")
    }
    assert told == {"23T12:00": "expires in 1 day", "24T12:00": "expires today", "25T00:00": "expired on 2026-11-24"}


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_the_day_is_the_operators_own(zone: str) -> None:
    with timezone.override(zone):
        ends = end_of_day(date(2026, 11, 24), None)
        assert day_of(ends) == date(2026, 11, 24)
        assert timezone.localtime(ends).hour == 23


def test_the_second_that_a_provider_told_stays_while_its_day_does() -> None:
    told = datetime(2027, 1, 1, 8, 15, 7, tzinfo=UTC)
    assert end_of_day(date(2027, 1, 1), told) == told
    assert end_of_day(date(2027, 1, 2), told) == datetime(2027, 1, 2, 23, 59, 59, tzinfo=UTC)
    assert end_of_day(None, told) is None
    assert day_of(None) is None


@pytest.mark.django_db
def test_the_form_stores_the_end_of_the_day(admin_client: Client) -> None:
    assert admin_client.post(reverse("m3u:add"), posted(exp_date="2027-03-01"), headers=HTMX).status_code == 204
    assert Account.objects.get().exp_date == datetime(2027, 3, 1, 23, 59, 59, tzinfo=UTC)


@pytest.mark.django_db
def test_saving_a_profile_leaves_the_moment_that_is_known(admin_client: Client) -> None:
    told = datetime(2027, 1, 1, 8, 15, 7, tzinfo=UTC)
    account = make_account("Acme")
    profile = AccountProfile.objects.create(
        account=account, name="Second", search_pattern="a", replace_pattern="b", exp_date=told
    )
    url = reverse("m3u:profile_edit", args=[account.pk, profile.pk])
    assert 'value="2027-01-01"' in admin_client.get(url).content.decode()
    data = {"name": "Renamed", "max_streams": "1", "exp_date": "2027-01-01", "is_active": "on"}
    assert admin_client.post(url, data, headers=HTMX).status_code == 204
    profile.refresh_from_db()
    assert (profile.name, profile.exp_date) == ("Renamed", told)
