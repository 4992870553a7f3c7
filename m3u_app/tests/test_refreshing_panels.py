"""A refresh of Xtream panels and tuners keeps what the operator has (20 §25.2 #46–52)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from m3u_app.models import Account, Stream
from m3u_app.providers.xtream import client
from m3u_app.refresh_account import RefreshFailed, refresh_account
from m3u_app.tests.account_samples import make_account, make_xtream
from m3u_app.tests.fake_servers import FakePanel, FakeTuner, json_answer, serving
from tasks_app.models import JournalEntry
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_PAUSES", (0.0,))


def streams_of(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"stream_id": 100 + index, "name": f"Channel {index}", "category_id": "5"} | values for index in range(count)]


def refresh(account: Account, **options: Any) -> Account:
    refresh_account(account.pk, progress=NoProgress(), **options)
    account.refresh_from_db()
    return account


def rows(account: Account) -> dict[str, int]:
    return dict(account.streams.values_list("provider_stream_id", "pk"))


def test_a_panel_is_imported_with_groups_facts_and_counts() -> None:
    with serving(FakePanel(streams=streams_of(30))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
    assert (account.status, account.stream_count) == ("success", 30)
    assert account.exp_date is not None
    assert account.provider_info["max_connections"] == 3
    group = account.groups.get()
    assert (group.name, group.xc_id, group.stream_count) == ("Sports", "5", 30)
    assert account.last_report["groups_renamed"] == []


def test_a_new_password_keeps_every_row_and_renews_every_address() -> None:
    with serving(FakePanel(streams=streams_of(20))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        before = rows(account)
        panel.password = "a-new-one"
        account.password = "a-new-one"
        account.save()
        refresh(account)
    assert rows(account) == before  # #48
    urls = list(account.streams.values_list("url", flat=True))
    assert all("/alice/a-new-one/" in url for url in urls)


def test_a_new_host_keeps_every_row() -> None:
    with serving(FakePanel(streams=streams_of(20))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        before = rows(account)
    with serving(FakePanel(streams=streams_of(20))) as other:
        account.server_url = other.address
        account.save()
        refresh(account)
        assert rows(account) == before
        assert all(url.startswith(other.address) for url in account.streams.values_list("url", flat=True))


def test_a_renamed_category_keeps_its_group_and_its_settings() -> None:
    with serving(FakePanel(streams=streams_of(5))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        group = account.groups.get()
        before = rows(account)
        panel.categories = [{"category_id": "5", "category_name": "US Sports"}]
        refresh(account)
    renamed = account.groups.get()
    assert (renamed.pk, renamed.name) == (group.pk, "US Sports")  # #49
    assert rows(account) == before
    assert account.last_report["groups_renamed"] == [["Sports", "US Sports"]]


def test_a_switched_off_category_stays_off_after_its_rename() -> None:
    categories = [{"category_id": "5", "category_name": "Sports"}, {"category_id": "6", "category_name": "News"}]
    streams = [*streams_of(5), {"stream_id": 900, "name": "News 1", "category_id": 6}]
    with serving(FakePanel(streams=streams, categories=categories)) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        account.groups.filter(name="News").update(enabled=False)
        panel.categories = [categories[0], {"category_id": 6, "category_name": "World News"}]
        refresh(account)
    assert account.groups.get(xc_id="6").enabled is False
    assert set(rows(account)) == {str(100 + index) for index in range(5)}


def test_an_empty_list_of_streams_loses_nothing() -> None:
    with serving(FakePanel(streams=streams_of(10))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        updated_at = account.updated_at
        panel.streams = []
        with pytest.raises(RefreshFailed, match="empty list"):
            refresh(account)
    account.refresh_from_db()
    assert (account.status, account.stream_count, account.updated_at) == ("error", 10, updated_at)  # #47
    assert not account.streams.filter(is_stale=True).exists()


def test_an_empty_list_of_categories_forgets_no_choice() -> None:
    with serving(FakePanel(streams=streams_of(10))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        before = rows(account)
        account.groups.update(enabled=True, is_new=False)
        panel.categories = []
        panel.streams = streams_of(10, added="1700000000")  # every entry is read anew
        refresh(account)
    assert account.groups.get().name == "Sports"  # trap 10
    assert rows(account) == before


@pytest.mark.parametrize("action", ["login", "get_live_categories", "get_live_streams"])
def test_a_login_that_is_refused_half_way_loses_nothing(action: str) -> None:
    with serving(FakePanel(streams=streams_of(10))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        panel.overrides = {action: json_answer({"user_info": {"auth": 0}})}
        with pytest.raises(RefreshFailed, match="Login failed"):
            refresh(account)
    account.refresh_from_db()
    assert (account.status, account.stream_count, account.streams.filter(is_stale=True).count()) == ("error", 10, 0)
    assert "s3cret-pass" not in account.last_message


def test_a_list_cut_off_in_the_middle_loses_nothing() -> None:
    with serving(FakePanel(streams=streams_of(2000))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        body = json_answer(streams_of(2000))[2][:-3000]
        panel.overrides = {"get_live_streams": (200, "application/json", body)}
        with pytest.raises(RefreshFailed):
            refresh(account)
    assert account.streams.filter(is_stale=False).count() == 2000


def test_a_stream_that_comes_back_within_its_days_keeps_its_row() -> None:
    with serving(FakePanel(streams=streams_of(10))) as panel:
        account = refresh(make_xtream(server_url=panel.address, stale_stream_days=7))
        before = rows(account)
        panel.streams = streams_of(9)
        for hours in (1, 24, 48):
            with time_machine.travel(account.created_at + timedelta(hours=hours), tick=False):
                refresh(account)
            assert account.streams.filter(is_stale=True).count() == 1
        panel.streams = streams_of(10)
        with time_machine.travel(account.created_at + timedelta(hours=50), tick=False):
            refresh(account)
    assert rows(account) == before  # #51
    assert not account.streams.filter(is_stale=True).exists()


def test_with_zero_days_a_missing_stream_goes_at_once() -> None:
    with serving(FakePanel(streams=streams_of(10))) as panel:
        account = refresh(make_xtream(server_url=panel.address, stale_stream_days=0))
        panel.streams = streams_of(9)
        refresh(account)
    assert account.streams.count() == 9  # #52


def test_a_sharply_shrunken_panel_waits_and_says_what_would_go() -> None:
    categories = [{"category_id": "5", "category_name": "Sports"}, {"category_id": "6", "category_name": "News"}]
    many = [*streams_of(40), *({"stream_id": 500 + index, "name": f"News {index}", "category_id": "6"} for index in range(60))]
    with serving(FakePanel(streams=many, categories=categories)) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        panel.streams = streams_of(30)
        with pytest.raises(RefreshFailed, match="30 streams instead of 100"):
            refresh(account)
        account.refresh_from_db()
        assert account.streams.filter(is_stale=False).count() == 100
        held = account.held_back
        assert (held["before"], held["after"], held["lost"]) == (100, 30, 70)
        assert held["groups"] == [
            {"name": "News", "before": 60, "after": 0},
            {"name": "Sports", "before": 40, "after": 30},
        ]
        assert len(held["samples"]) == 10
        refresh(account, accept_shrunken=True)
    assert account.held_back == {}
    assert account.streams.filter(is_stale=True).count() == 70


def test_a_tuner_is_imported_and_may_move_to_another_address() -> None:
    lineup = [
        {"GuideNumber": f"{index}.1", "GuideName": f"TV {index}", "URL": f"http://t/auto/v{index}.1"} for index in range(1, 6)
    ]
    with serving(
        FakeTuner(lineup=[*lineup, {"GuideNumber": "9.1", "GuideName": "HBO", "DRM": 1, "URL": "http://t/9"}])
    ) as tuner:
        account = refresh(make_account("Box", account_type="HDHR", server_url=tuner.address))
    before = rows(account)
    assert (account.status, account.stream_count, account.max_streams) == ("success", 5, 4)
    assert account.last_report["dropped"] == {"protected": 1}  # #50
    assert account.groups.get().name == "HDHomeRun FLEX"
    moved = [item | {"URL": item["URL"].replace("//t/", "//new/")} for item in lineup]
    with serving(FakeTuner(lineup=moved)) as tuner:
        account.server_url = tuner.address
        account.save()
        refresh(account)
    assert rows(account) == before
    assert all(url.startswith("http://new/") for url in account.streams.values_list("url", flat=True))


def test_favorites_move_to_their_group_when_the_choice_is_made() -> None:
    lineup = [
        {"GuideNumber": "1", "GuideName": "A", "URL": "http://t/1", "Favorite": 1},
        {"GuideNumber": "2", "GuideName": "B", "URL": "http://t/2"},
    ]
    with serving(FakeTuner(lineup=lineup)) as tuner:
        account = refresh(make_account("Box", account_type="HDHR", server_url=tuner.address))
        before = rows(account)
        account.favorites_group = True
        account.save()
        refresh(account)
    assert rows(account) == before
    assert account.streams.get(name="A").group.name == "Favorites"


def test_no_secret_reaches_journal_or_log(caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakePanel(streams=streams_of(5))) as panel:
        account = refresh(make_xtream(server_url=panel.address))
        panel.password = "changed-there"
        with pytest.raises(RefreshFailed):
            refresh(account)
    told = "".join(f"{e.description}{e.before_value}{e.after_value}" for e in JournalEntry.objects.all())
    assert "s3cret-pass" not in told + caplog.text
    assert Stream.objects.filter(url__contains="s3cret-pass").count() == 5  # where it has to be
