"""An Xtream panel is asked, believed where it makes sense, and contradicted where it does not (20 §1.6)."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from m3u_app.entries import Entry
from m3u_app.models import Account, AccountType
from m3u_app.providers.registry import ProviderError, provider_for
from m3u_app.providers.xtream import client
from m3u_app.tests.fake_servers import FakePanel, json_answer, serving, text_answer
from tasks_app.progress import Cancelled, NoProgress

pytestmark = pytest.mark.django_db

SALT = b"salt"


def account_of(panel: FakePanel, **values: Any) -> Account:
    values = {"name": "Acme", "server_url": panel.address, "username": panel.username, "password": panel.password} | values
    return Account(account_type=AccountType.XTREAM, **values)


def fetched(account: Account) -> tuple[list[Entry], Any]:
    with provider_for("XC").fetch(account, NoProgress()) as source:
        entries = [entry for batch in source.batches(SALT) for _, raw in batch if (entry := source.parse(raw))]
        return entries, source


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_PAUSES", (0.0,))


def test_streams_are_mapped_field_by_field() -> None:
    stream = {
        "num": "7",
        "name": " BBC One \n HD ",
        "stream_type": "live",
        "stream_id": 12345,
        "stream_icon": "http://logo/1.png",
        "epg_channel_id": "bbc1.uk",
        "added": "1600000000",
        "is_adult": "1",
        "category_id": "5",
        "category_ids": [5, 9],
        "custom_sid": None,
        "tv_archive": 1,
        "tv_archive_duration": "7",
        "direct_source": "",
    }
    with serving(FakePanel(streams=[stream])) as panel:
        entries, source = fetched(account_of(panel))
    assert entries == [
        Entry(
            name="BBC One HD",
            url=f"{panel.address}/live/alice/s3cret-pass/12345.ts",
            group="Sports",
            group_key="5",
            identity_key="12345",
            tvg_id="bbc1.uk",
            logo_url="http://logo/1.png",
            stream_chno="7",
            provider_stream_id="12345",
            is_adult=True,
            is_catchup=True,
            catchup_days=7,
            extras={"xtream": {"added": "1600000000", "category_ids": ["5", "9"]}},
        )
    ]
    assert source.groups == [("Sports", "5")]


def test_all_streams_come_in_one_call_after_one_login() -> None:
    with serving(FakePanel(streams=[{"stream_id": 1, "category_id": "5"}, {"stream_id": 2, "category_id": "6"}])) as panel:
        fetched(account_of(panel))
    actions = [path.partition("action=")[2] for path in panel.requests]
    assert actions == ["", "get_live_categories", "get_live_streams"]


@pytest.mark.parametrize("name", [None, "", "   "])
def test_a_stream_without_a_name_is_called_after_account_and_id(name: str | None) -> None:
    with serving(FakePanel(streams=[{"stream_id": 77, "name": name}])) as panel:
        entries, _ = fetched(account_of(panel))
    assert entries[0].name == "Acme - 77"  # 20 §25.2 #43
    assert entries[0].group == "Default Group"


def test_odd_types_cost_nothing() -> None:
    streams = [
        {"stream_id": "10", "name": 2024, "num": "None", "is_adult": None, "tv_archive": "None", "category_id": None},
        {"stream_id": 11.0, "name": ["x"], "num": 5.5, "tv_archive": "1", "tv_archive_duration": None, "category_ids": ["5"]},
        {"stream_id": None, "name": "no id"},
        {"name": "no id either", "stream_icon": {"a": 1}},
        "not an object",
        {"stream_id": 12, "name": "x" * 5000, "stream_icon": "http://" + "y" * 9000, "epg_channel_id": "None"},
        {"stream_id": 13, "name": "<script>alert(1)</script>\x00", "num": -4, "category_id": 999},
    ]
    with serving(FakePanel(streams=streams)) as panel:
        entries, source = fetched(account_of(panel))
    by_id = {entry.identity_key: entry for entry in entries}
    assert set(by_id) == {"10", "11", "12", "13"}
    assert by_id["10"].name == "2024"
    assert by_id["11"].name == "Acme - 11"
    assert (by_id["11"].group, by_id["11"].is_catchup, by_id["11"].catchup_days) == ("Sports", True, 0)
    assert (len(by_id["12"].name), by_id["12"].logo_url, by_id["12"].tvg_id) == (512, "", "")
    assert by_id["13"].name == "<script>alert(1)</script>"
    assert by_id["13"].stream_chno is None
    assert source.report.dropped == {"no_id": 2}


def test_an_empty_list_of_streams_is_an_error() -> None:
    for answer in (json_answer([]), json_answer({}), text_answer("null", content_type="application/json")):
        with (
            serving(FakePanel(overrides={"get_live_streams": answer})) as panel,
            pytest.raises(ProviderError, match="empty list"),
        ):
            fetched(account_of(panel))  # 20 §25.2 #47


def test_an_empty_list_of_categories_is_fine() -> None:
    with serving(FakePanel(categories=[], streams=[{"stream_id": 1, "category_id": "5"}])) as panel:
        entries, source = fetched(account_of(panel))
    assert entries[0].group_key == "5"
    assert source.groups == []


def test_two_categories_of_one_name_stay_two_groups() -> None:
    categories = [
        {"category_id": "1", "category_name": "News"},
        {"category_id": "2", "category_name": "News"},
        {"category_id": None, "category_name": "no id"},
        {"category_id": 3, "category_name": None},
    ]
    with serving(FakePanel(categories=categories, streams=[{"stream_id": 1, "category_id": 2}])) as panel:
        entries, source = fetched(account_of(panel))
    assert source.groups == [("News", "1"), ("News (2)", "2"), ("Category 3", "3")]
    assert entries[0].group == "News (2)"


def test_the_mark_of_a_stream_changes_with_the_login_and_only_then() -> None:
    with serving(FakePanel(streams=[{"stream_id": 1, "name": "A"}])) as panel:

        def marks(account: Account) -> list[int]:
            with provider_for("XC").fetch(account, NoProgress()) as source:
                return [mark for batch in source.batches(SALT) for mark, _ in batch]

        before = marks(account_of(panel))
        assert marks(account_of(panel)) == before
        panel.password = "another"
        after = marks(account_of(panel))
    assert before != after  # addresses are built anew with the current password (20 §24 trap 12)


def test_account_facts_come_without_the_login() -> None:
    with serving(FakePanel(streams=[{"stream_id": 1}], user_info={"is_trial": "1", "max_connections": None})) as panel:
        _, source = fetched(account_of(panel))
    changes = source.account_changes
    assert changes["exp_date"] == datetime(2025, 1, 1, tzinfo=UTC)
    info = changes["provider_info"]
    assert (info["status"], info["is_trial"], info["active_connections"], info["max_connections"]) == ("Active", True, 1, None)
    assert panel.password not in json.dumps(info)
    assert panel.username not in json.dumps(info)


@pytest.mark.parametrize(
    ("answer", "words", "is_login"),
    [
        (json_answer({"user_info": {"auth": 0}}), "Login failed", True),
        (json_answer({"user_info": {"auth": "0", "message": "Expired"}}), "Expired", True),
        (json_answer({"error": "Invalid credentials"}), "Login failed.*Invalid credentials", True),
        (json_answer({"error": "maintenance"}), "maintenance", False),
        (json_answer([]), "no Xtream panel", False),
        (json_answer({"hello": 1}), "no Xtream panel", False),
        (text_answer("blocked"), "Login failed.*blocked", True),
        (text_answer(" Access Denied "), "Login failed.*access denied", True),
        (text_answer("<html><title>Please sign in</title></html>"), "web page.*Please sign in", False),
        (text_answer("#EXTM3U\n", content_type="text/plain"), "not JSON.*#EXTM3U", False),
        (text_answer('{"user_info": {', content_type="application/json"), "not JSON", False),
        (text_answer(""), "empty answer", False),
        (text_answer("", status=401), "Login failed.*401", True),
        (text_answer("", status=403), "Login failed.*403", True),
        (text_answer("", status=512), "Login failed.*512", True),
        (text_answer("", status=404), "404", False),
        (text_answer("", status=500), "500", False),
        (text_answer("wrong login", status=500), "Login failed", True),
        (text_answer("", status=884), "884", False),
    ],
)
def test_every_refusal_is_told_in_words(answer: Any, words: str, is_login: bool) -> None:
    with serving(FakePanel(overrides={"login": answer})) as panel, pytest.raises(ProviderError, match=f"(?s){words}") as caught:
        fetched(account_of(panel))
    assert ("Login failed" in str(caught.value)) is is_login
    assert panel.password not in str(caught.value)


def test_trouble_with_categories_is_named_as_such() -> None:
    with serving(FakePanel(overrides={"get_live_categories": json_answer("hm")})) as panel:
        with pytest.raises(ProviderError, match=r"hm|categories"):
            fetched(account_of(panel))
    with serving(
        FakePanel(overrides={"get_live_categories": text_answer('[{"category_id": 1}', content_type="x/json")})
    ) as panel:
        with pytest.raises(ProviderError, match="Could not read categories"):
            fetched(account_of(panel))


def test_a_stream_list_that_breaks_off_is_an_error_even_after_good_entries() -> None:
    body = json.dumps([{"stream_id": index} for index in range(3000)])[:-40]
    with serving(FakePanel(overrides={"get_live_streams": text_answer(body, content_type="application/json")})) as panel:
        with pytest.raises(ProviderError, match=r"breaks off|not valid"):
            fetched(account_of(panel))


def test_an_error_object_instead_of_streams_is_told() -> None:
    with serving(FakePanel(overrides={"get_live_streams": json_answer({"user_info": {"auth": 0}})})) as panel:
        with pytest.raises(ProviderError, match="Login failed"):
            fetched(account_of(panel))


def test_a_panel_that_repeats_the_login_does_not_get_it_into_the_message(caplog: pytest.LogCaptureFixture) -> None:
    answer = json_answer({"error": "user alice with password s3cret-pass is disabled"})
    with serving(FakePanel(overrides={"login": answer})) as panel, pytest.raises(ProviderError) as caught:
        fetched(account_of(panel))
    assert "s3cret-pass" not in str(caught.value)
    assert "alice" not in str(caught.value)
    assert "s3cret-pass" not in caplog.text


def test_a_broken_connection_is_tried_again_three_times(caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakePanel()) as panel:
        address = panel.address
    with caplog.at_level(logging.WARNING), pytest.raises(ProviderError, match=r"refused|connection"):
        fetched(account_of(panel, server_url=address))
    assert caplog.text.count("Xtream call failed") == 3
    assert "s3cret-pass" not in caplog.text


def test_a_status_error_is_not_tried_again() -> None:
    with serving(FakePanel(overrides={"login": text_answer("", status=503)})) as panel, pytest.raises(ProviderError):
        fetched(account_of(panel))
    assert len(panel.requests) == 1


def test_a_cancel_stops_between_the_calls() -> None:
    class Stopping(NoProgress):
        def raise_if_cancelled(self) -> None:
            raise Cancelled

    with serving(FakePanel()) as panel, pytest.raises(Cancelled):
        provider_for("XC").fetch(account_of(panel), Stopping())


def test_the_accounts_user_agent_is_sent() -> None:
    with serving(FakePanel(streams=[{"stream_id": 1}])) as panel:
        fetched(account_of(panel, user_agent="VLC/3.0.20"))
    assert set(panel.user_agents) == {"VLC/3.0.20"}


def test_nothing_stays_in_the_temporary_folder(settings: Any) -> None:
    before = set(settings.TEMP_DIR.iterdir())
    with serving(FakePanel(streams=[{"stream_id": 1}])) as panel:
        fetched(account_of(panel))
        with pytest.raises(ProviderError):
            fetched(account_of(panel, password="wrong-password"))
    assert set(settings.TEMP_DIR.iterdir()) == before


def test_trying_logs_in_and_tells_what_matters() -> None:
    with serving(FakePanel(user_info={"exp_date": "4102444800"})) as panel:
        report = provider_for("XC").test(account_of(panel))
    facts = dict(report.facts)
    assert report.ok
    assert facts["Expires"] == "2100-01-01 00:00 UTC"
    assert facts["Connections"] == "1 of 3 in use"
    assert facts["Categories"] == "1"
    assert "get_live_streams" not in " ".join(panel.requests)


def test_trying_an_expired_account_says_so() -> None:
    with serving(FakePanel(user_info={"exp_date": 1735689600})) as panel:
        report = provider_for("XC").test(account_of(panel))
    assert (report.ok, report.message) == (False, "The login works, but the account has expired.")


@pytest.mark.parametrize("missing", ["server_url", "username", "password"])
def test_an_account_that_is_not_filled_in_is_an_error(missing: str) -> None:
    with serving(FakePanel()) as panel, pytest.raises(ProviderError, match="missing"):
        fetched(account_of(panel, **{missing: ""}))
