"""Other logins of an Xtream account are asked about after a refresh (20 §1.6): what they say is kept, failures hurt nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from m3u_app.edit_profiles import ProfileValues, add_profile, patterns_for_login
from m3u_app.models import Account, AccountProfile
from m3u_app.providers.xtream import profile_logins
from m3u_app.providers.xtream.profile_logins import rewritten_login, update_profile_logins
from m3u_app.refresh_account import refresh_account
from m3u_app.tests.account_samples import make_xtream
from m3u_app.tests.fake_servers import FakePanel, serving
from m3u_app.tests.refreshing import CancelAt
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db

OWN = ("alice", "s3cret-pass")
STREAMS = [{"stream_id": 1, "name": "ESPN", "category_id": "5"}]


def with_login(account: Account, username: str, password: str, **values: Any) -> AccountProfile:
    search, replace = patterns_for_login(account, username, password)
    values = {"name": username, "search_pattern": search, "replace_pattern": replace} | values
    return add_profile(account.pk, ProfileValues(**values))[0]


@pytest.mark.parametrize("base", ["http://h:8080", "https://s.example/srv1"])
@pytest.mark.parametrize(("username", "password"), [("bob", "p2"), ("b@b", "a b/c")])
def test_the_login_is_read_back_from_a_rewritten_address(base: str, username: str, password: str) -> None:
    account = make_xtream(server_url=base)
    assert rewritten_login(account, with_login(account, username, password)) == (base, username, password)


def test_another_host_keeps_its_sub_path() -> None:
    account = make_xtream(server_url="http://a/one")
    profile = AccountProfile(account=account, search_pattern="^http://a/one/", replace_pattern="https://b/two/")
    assert rewritten_login(account, profile) == ("https://b/two", *OWN)


def test_a_profile_that_changes_nothing_is_not_asked_about() -> None:
    account = make_xtream()
    assert rewritten_login(account, AccountProfile(account=account, search_pattern="zzz", replace_pattern="x")) is None


def test_what_the_panel_says_is_kept_and_shown(admin_client: Client) -> None:
    with serving(FakePanel(username="bob", password="p2-secret")) as panel:
        account = make_xtream(server_url=panel.address)
        profile = with_login(account, "bob", "p2-secret")
        assert update_profile_logins(account, NoProgress(), pause=0) == 1
    profile.refresh_from_db()
    assert profile.exp_date == datetime(2025, 1, 1, tzinfo=UTC)
    page = admin_client.get(reverse("m3u:profiles", args=[account.pk])).content.decode()
    assert "Active, 1 of 3 connections in use" in page
    assert "Expired on 2025-01-01" in page
    assert "p2-secret" not in page


def test_a_date_typed_by_hand_stays_when_the_panel_names_none() -> None:
    typed = datetime(2030, 1, 1, tzinfo=UTC)
    with serving(FakePanel(username="bob", password="p2", user_info={"exp_date": None})) as panel:
        account = make_xtream(server_url=panel.address)
        profile = with_login(account, "bob", "p2", exp_date=typed)
        update_profile_logins(account, NoProgress(), pause=0)
    profile.refresh_from_db()
    assert profile.exp_date == typed


def test_a_refused_login_is_told_on_the_profile_and_the_refresh_stays_a_success(
    monkeypatch: pytest.MonkeyPatch, admin_client: Client
) -> None:
    monkeypatch.setattr(profile_logins, "PAUSE", 0)
    with serving(FakePanel(streams=STREAMS)) as panel:
        account = make_xtream(server_url=panel.address)
        with_login(account, "bob", "wrong-secret")
        with_login(account, "off", "off-secret", is_active=False)
        report = refresh_account(account.pk, progress=NoProgress())
    assert report.created == 1
    account.refresh_from_db()
    assert account.status == "success"
    page = admin_client.get(reverse("m3u:profiles", args=[account.pk])).content.decode()
    assert "Login failed" in page
    assert "wrong-secret" not in page
    assert AccountProfile.objects.get(name="off").provider_info == {}


def test_cancelling_stops_asking() -> None:
    account = make_xtream()
    with_login(account, "bob", "p2")
    assert update_profile_logins(account, CancelAt(phase="Asking about other logins"), pause=60) == 0
