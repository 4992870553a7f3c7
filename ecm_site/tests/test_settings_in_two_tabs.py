"""Two people, or two tabs, on one settings page: nobody's change is overwritten unseen (50 S-1)."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.test import Client

from ecm_site import conf, settings_form
from ecm_site.conf import EcmSettings, get_settings, save_settings
from ecm_site.settings_form import SecretSetting, SettingsForm, _within_a_sentence
from tasks_app import change_settings as use_case
from tasks_app.change_settings import change_settings
from tasks_app.models import JournalEntry
from tasks_app.undo import foresee_conflict, undo_entry

PATH = "/settings/guide/"


@pytest.fixture(autouse=True)
def fresh_settings(settings: object, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="({[^"]*})"', html)
    assert found
    return found[1].replace("&quot;", '"')


def opened(client: Client) -> dict[str, str]:
    page = client.get(PATH)
    return {
        "seen": seen(page.content.decode()),
        "epg_keep_past_hours": str(get_settings().epg_keep_past_hours),
        "epg_keep_future_days": str(get_settings().epg_keep_future_days),
        "gracenote_conflict_mode": get_settings().gracenote_conflict_mode,
    }


def test_different_fields_of_one_page_can_be_changed_in_two_tabs(signed_in: Client) -> None:
    first, second = opened(signed_in), opened(signed_in)
    assert signed_in.post(PATH, first | {"epg_keep_past_hours": "48"}).status_code == 302
    assert signed_in.post(PATH, second | {"epg_keep_future_days": "7"}).status_code == 302
    assert (get_settings().epg_keep_past_hours, get_settings().epg_keep_future_days) == (48, 7)


def test_the_same_field_is_refused_once_beside_it_with_the_other_value(signed_in: Client) -> None:
    first, second = opened(signed_in), opened(signed_in)
    signed_in.post(PATH, first | {"epg_keep_past_hours": "48", "epg_keep_future_days": "9"})
    answer = signed_in.post(PATH, second | {"epg_keep_past_hours": "12"})
    assert answer.status_code == 422
    assert "48" in answer.context["form"].errors["epg_keep_past_hours"][0]
    assert "epg_keep_future_days" not in answer.context["form"].errors
    assert get_settings().epg_keep_past_hours == 48

    again = second | {"epg_keep_past_hours": "12", "seen": seen(answer.content.decode())}
    assert signed_in.post(PATH, again).status_code == 302
    assert (get_settings().epg_keep_past_hours, get_settings().epg_keep_future_days) == (12, 9), "only the refused field"


def test_both_tabs_wanting_the_same_is_no_conflict(signed_in: Client) -> None:
    first, second = opened(signed_in), opened(signed_in)
    signed_in.post(PATH, first | {"epg_keep_past_hours": "48"})
    assert signed_in.post(PATH, second | {"epg_keep_past_hours": "48"}).status_code == 302


@pytest.mark.parametrize("nonsense", ["", "{", "[]", '{"epg_keep_past_hours": 5}', "null"])
def test_a_form_without_readable_marks_is_saved_as_it_is(signed_in: Client, nonsense: str) -> None:
    values = {"epg_keep_past_hours": "24", "epg_keep_future_days": "7", "gracenote_conflict_mode": "ask"}
    answer = signed_in.post(PATH, {"seen": nonsense, **values})
    assert answer.status_code in (302, 422)
    if nonsense != '{"epg_keep_past_hours": 5}':
        assert get_settings().epg_keep_future_days == 7


@pytest.mark.django_db(transaction=True)
def test_a_change_is_taken_back_from_the_journal_and_looking_at_it_changes_nothing() -> None:
    change = change_settings("Guide", {"epg_keep_past_hours": 48, "custom_network_prefixes": ("PPV",)})
    entry = JournalEntry.objects.get(pk=change.entry_id)
    assert foresee_conflict(entry) == ""
    assert get_settings().epg_keep_past_hours == 48
    assert undo_entry(entry).undone == 1
    assert (get_settings().epg_keep_past_hours, get_settings().custom_network_prefixes) == (24, ())


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_since_is_not_taken_back() -> None:
    change = change_settings("Guide", {"epg_keep_past_hours": 48})
    change_settings("Guide", {"epg_keep_past_hours": 72})
    report = undo_entry(JournalEntry.objects.get(pk=change.entry_id))
    assert report.undone == 0
    assert "72" in report.conflicts[0]
    assert get_settings().epg_keep_past_hours == 72


@dataclass(frozen=True)
class WithSecret(EcmSettings):
    door_key: str = field(default="", repr=False)


class DoorForm(SettingsForm):
    door_key = SecretSetting(label="Door key")
    country_separator = settings_form.SettingChoice("country_separator", {"-": "dash", ":": "colon", "|": "bar"})


@pytest.fixture
def door_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "EcmSettings", WithSecret)
    monkeypatch.setattr(conf, "_cached", None)
    monkeypatch.setattr(settings_form, "_SETTING_NAMES", settings_form._SETTING_NAMES | {"door_key"})
    for module in (conf, settings_form, use_case):
        monkeypatch.setattr(module, "SECRETS", frozenset({"door_key"}))


def saved(values: dict[str, str]) -> DoorForm:
    form = DoorForm({"country_separator": "|"} | values, current=get_settings())
    assert form.is_valid(), form.errors
    change_settings("Door", form.changes())
    return form


@pytest.mark.django_db
def test_an_empty_secret_keeps_what_is_stored_and_a_box_removes_it(door_key: None) -> None:
    saved({"door_key": "open sesame"})
    saved({"country_separator": ":"})
    saved({"door_key": "", "country_separator": ":"})
    assert (get_settings().door_key, get_settings().country_separator) == ("open sesame", ":")
    form = DoorForm(current=get_settings())
    assert list(form.fields) == ["door_key", "remove_door_key", "country_separator"]
    assert form.is_configured("door_key")
    assert "sesame" not in form.as_p() + form.seen
    saved({"remove_door_key": "on", "country_separator": ":"})
    assert get_settings().door_key == ""


@pytest.mark.parametrize(("label", "told"), [("Password", "password"), ("API key", "API key")])
def test_a_label_within_a_sentence_keeps_its_abbreviations(label: str, told: str) -> None:
    assert _within_a_sentence(label) == told


@pytest.mark.django_db
def test_secrets_are_masked_in_the_journal_and_not_offered_for_undo(door_key: None) -> None:
    saved({"door_key": "open sesame", "country_separator": ":"})
    plain, secret = JournalEntry.objects.filter(category="settings").order_by("pk")
    assert plain.undoable
    assert "door_key" not in plain.after_value
    assert not secret.undoable
    assert (secret.before_value, secret.after_value) == ({"door_key": ""}, {"door_key": "***"})


def test_a_page_whose_fields_are_absent_leaves_them_alone(signed_in: Client) -> None:
    """50 §18.6 row 108, trap 17: saving one page never touches the settings of another."""
    save_settings(time_zone="Asia/Tokyo", show_stream_urls=False)
    signed_in.post(
        "/settings/channel-defaults/",
        {"channel_number_separator": ":", "country_separator": "|", "timezone_preference": "both"},
    )
    assert (get_settings().time_zone, get_settings().show_stream_urls) == ("Asia/Tokyo", False)
