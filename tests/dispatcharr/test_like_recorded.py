"""The fake server against the schema and the recorded answers of a real one, where these are at hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_dispatcharr import FakeServer, Guide, Playlist, World, routing, serving

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "dispatcharr"
pytestmark = pytest.mark.skipif(
    not (RECORDED / "openapi.json").exists(), reason="the recordings of a real server (../shared/dispatcharr) are not here"
)
CHANNEL = "/api/channels/channels/"
# Sample → the request that brings the fake into the same situation: method, path, body.
SAMPLES: dict[str, tuple[str, str, Any]] = {
    "auth_me": ("GET", "/api/accounts/users/me/", None),
    "auth_version_noauth": ("GET", "/api/core/version/", None),
    "auth_refresh_bad_401": ("POST", "/api/accounts/token/refresh/", {"refresh": "garbage"}),
    "auth_refresh_missing_400": ("POST", "/api/accounts/token/refresh/", {}),
    "auth_login_missing_field_400": ("POST", "/api/accounts/token/", {"username": "admin"}),
    "auth_login_ok": ("POST", "/api/accounts/token/", {"username": "admin", "password": "admin-pass-1"}),
    "auth_login_wrong_password_401": ("POST", "/api/accounts/token/", {"username": "admin", "password": "wrong"}),
    "auth_logout": ("POST", "/api/accounts/auth/logout/", None),
    "accounts_users_list": ("GET", "/api/accounts/users/", None),
    "streams_list_default": ("GET", "/api/channels/streams/", None),
    "streams_list_page_out_of_range_404": ("GET", "/api/channels/streams/?page=9999", None),
    "streams_list_page_zero_404": ("GET", "/api/channels/streams/?page=0", None),
    "streams_filter_m3u_account_abc": ("GET", "/api/channels/streams/?page_size=5&m3u_account=abc", None),
    "streams_filter_m3u_account_999": ("GET", "/api/channels/streams/?page_size=5&m3u_account=999", None),
    "streams_filter_ids_999999": ("GET", "/api/channels/streams/?page_size=5&ids=999999", None),
    "streams_filter_ids_1_2_3": ("GET", "/api/channels/streams/?page_size=5&ids=1,2,3", None),
    "streams_ids": ("GET", "/api/channels/streams/ids/", None),
    "streams_by_ids": ("POST", "/api/channels/streams/by-ids/", {"ids": [1, 2, 999999]}),
    "streams_by_ids_bad_400": ("POST", "/api/channels/streams/by-ids/", {"ids": "1"}),
    "streams_get": ("GET", "/api/channels/streams/5/", None),
    "streams_get_404": ("GET", "/api/channels/streams/999999/", None),
    "streams_create_custom_bad_url_400": ("POST", "/api/channels/streams/", {"name": "My custom", "url": "::::"}),
    "streams_create_group_name_400": ("POST", "/api/channels/streams/", {"name": "x", "channel_group": "US | Sports"}),
    "streams_bulk_delete": ("DELETE", "/api/channels/streams/bulk-delete/", {"stream_ids": [40, 99999999]}),
    "streams_bulk_delete_missing": ("DELETE", "/api/channels/streams/bulk-delete/", {}),
    "channels_create": ("POST", CHANNEL, {"name": "ESPN", "channel_number": 101, "tvg_id": "ESPN.us", "streams": [3, 2]}),
    "channels_create_minimal": ("POST", CHANNEL, {"name": "Only a name"}),
    "channels_create_missing_name_400": ("POST", CHANNEL, {"channel_number": 5}),
    "channels_create_bad_group_400": ("POST", CHANNEL, {"name": "x", "channel_group_id": 99999}),
    "channels_create_bad_stream_400": ("POST", CHANNEL, {"name": "x", "streams": [99999999]}),
    "channels_create_bad_profile_400": ("POST", CHANNEL, {"name": "Bad profile", "channel_profile_ids": [999]}),
    "channels_create_dup_streams": ("POST", CHANNEL, {"name": "dup streams", "streams": [3, 3]}),
    "channels_create_null_group_400": ("POST", CHANNEL, {"name": "x", "channel_group_id": None}),
    "channels_create_name_too_long_400": ("POST", CHANNEL, {"name": "x" * 600}),
    "channels_create_number_string_bad_400": ("POST", CHANNEL, {"name": "x", "channel_number": "abc"}),
    "channels_list_bare": ("GET", CHANNEL, None),
    "channels_list_paged": ("GET", f"{CHANNEL}?page=1&page_size=2", None),
    "channels_summary": ("GET", f"{CHANNEL}summary/", None),
    "channels_ids": ("GET", f"{CHANNEL}ids/", None),
    "channels_get_404": ("GET", f"{CHANNEL}999999/", None),
    "channels_patch_dup_streams": ("PATCH", f"{CHANNEL}1/", {"streams": [5, 5]}),
    "channels_patch_streams_order": ("PATCH", f"{CHANNEL}1/", {"streams": [5, 2, 3]}),
    "channels_patch_unknown_field": ("PATCH", f"{CHANNEL}1/", {"bogus": 1}),
    "channels_patch_override_manual_400": ("PATCH", f"{CHANNEL}1/", {"override": {"name": "Zed"}}),
    "channels_put_missing_name_400": ("PUT", f"{CHANNEL}1/", {"channel_number": 3}),
    "channels_edit_bulk": ("PATCH", f"{CHANNEL}edit/bulk/", [{"id": 1, "name": "A"}, {"id": 2, "streams": [5]}]),
    "channels_edit_bulk_missing_id_400": ("PATCH", f"{CHANNEL}edit/bulk/", [{"name": "no"}]),
    "channels_edit_bulk_not_found_400": ("PATCH", f"{CHANNEL}edit/bulk/", [{"id": 1, "name": "A"}, {"id": 999999}]),
    "channels_edit_bulk_object_400": ("PATCH", f"{CHANNEL}edit/bulk/", {"id": 1}),
    "channels_edit_bulk_dup_streams": ("PATCH", f"{CHANNEL}edit/bulk/", [{"id": 1, "streams": [5, 6, 5]}]),
    "channels_assign_numbers": ("POST", f"{CHANNEL}assign/", {"channel_ids": [1, 2], "starting_number": 900}),
    "channels_bulk_delete": ("DELETE", f"{CHANNEL}bulk-delete/", {"channel_ids": [3, 999999]}),
    "channels_bulk_delete_bad": ("DELETE", f"{CHANNEL}bulk-delete/", {"channel_ids": "abc"}),
    "channels_by_uuids_bad": ("POST", f"{CHANNEL}by-uuids/", {"uuids": ["nope"]}),
    "channels_from_stream_404": ("POST", f"{CHANNEL}from-stream/", {"stream_id": 99999999}),
    "channels_from_stream_missing_400": ("POST", f"{CHANNEL}from-stream/", {}),
    "channels_from_stream_bulk": ("POST", f"{CHANNEL}from-stream/bulk/", {"stream_ids": [1, 2]}),
    "channels_from_stream_bulk_empty_400": ("POST", f"{CHANNEL}from-stream/bulk/", {"stream_ids": []}),
    "channels_from_stream_bulk_notlist_400": ("POST", f"{CHANNEL}from-stream/bulk/", {"stream_ids": "1"}),
    "channels_batch_set_epg": ("POST", f"{CHANNEL}batch-set-epg/", {"associations": [{"channel_id": 1, "epg_data_id": 1}]}),
    "channels_batch_set_epg_bad_epg": (
        "POST",
        f"{CHANNEL}batch-set-epg/",
        {"associations": [{"channel_id": 1, "epg_data_id": 999999}]},
    ),
    "channels_batch_set_epg_empty_400": ("POST", f"{CHANNEL}batch-set-epg/", {"associations": []}),
    "channels_set_epg_bad": ("POST", f"{CHANNEL}1/set-epg/", {"epg_data_id": 999999}),
    "channels_match_epg_all": ("POST", f"{CHANNEL}match-epg/", {}),
    "m3u_account_list": ("GET", "/api/m3u/accounts/", None),
    "m3u_account_get_after_refresh": ("GET", "/api/m3u/accounts/2/", None),
    "m3u_account_get_404": ("GET", "/api/m3u/accounts/99/", None),
    "m3u_account_create": ("POST", "/api/m3u/accounts/", {"name": "New", "server_url": "http://provider.test/x.m3u"}),
    "m3u_account_create_bad_url_400": ("POST", "/api/m3u/accounts/", {"name": "Bad", "server_url": "not a url"}),
    "m3u_account_create_missing_name_400": ("POST", "/api/m3u/accounts/", {"server_url": "http://provider.test/x.m3u"}),
    "m3u_account_create_duplicate_name_400": ("POST", "/api/m3u/accounts/", {"name": "Base"}),
    "m3u_account_patch_cron_bad": ("PATCH", "/api/m3u/accounts/2/", {"cron_expression": "nonsense"}),
    "m3u_account_delete": ("DELETE", "/api/m3u/accounts/2/", None),
    "m3u_account_refresh": ("POST", "/api/m3u/refresh/2/", None),
    "m3u_account_refresh_unknown_id": ("POST", "/api/m3u/refresh/99999/", None),
    "m3u_refresh_all": ("POST", "/api/m3u/refresh/", None),
    "m3u_account_group_settings_get_405": ("GET", "/api/m3u/accounts/2/group-settings/", None),
    "m3u_group_settings_empty": ("PATCH", "/api/m3u/accounts/2/group-settings/", {}),
    "m3u_group_settings_unknown_group_400": (
        "PATCH",
        "/api/m3u/accounts/2/group-settings/",
        {"group_settings": [{"channel_group": 999999, "enabled": True}]},
    ),
    "m3u_filters_list_empty": ("GET", "/api/m3u/accounts/2/filters/", None),
    "m3u_filters_create_bad_regex": (
        "POST",
        "/api/m3u/accounts/2/filters/",
        {"filter_type": "name", "regex_pattern": "(", "exclude": True, "order": 1},
    ),
    "m3u_filters_create_bad_type_400": ("POST", "/api/m3u/accounts/2/filters/", {"filter_type": "zzz", "regex_pattern": "x"}),
    "m3u_filters_create_missing_400": ("POST", "/api/m3u/accounts/2/filters/", {"filter_type": "name"}),
    "m3u_profiles_list": ("GET", "/api/m3u/accounts/2/profiles/", None),
    "m3u_profiles_create_missing_400": ("POST", "/api/m3u/accounts/2/profiles/", {"name": "x"}),
    "m3u_profiles_patch_default_disallowed": ("PATCH", "/api/m3u/accounts/2/profiles/2/", {"max_streams": 9}),
    "m3u_servergroup_create": ("POST", "/api/m3u/server-groups/", {"name": "SG one"}),
    "groups_list": ("GET", "/api/channels/groups/", None),
    "groups_create": ("POST", "/api/channels/groups/", {"name": "My Sports"}),
    "groups_create_blank_400": ("POST", "/api/channels/groups/", {"name": ""}),
    "groups_create_duplicate_400": ("POST", "/api/channels/groups/", {"name": "Default Group"}),
    "groups_delete_used_400": ("DELETE", "/api/channels/groups/1/", None),
    "groups_get_404": ("GET", "/api/channels/groups/99999/", None),
    "logos_list": ("GET", "/api/channels/logos/", None),
    "logos_list_no_pagination_true": ("GET", "/api/channels/logos/?no_pagination=true", None),
    "logos_create_url": ("POST", "/api/channels/logos/", {"name": "ESPN", "url": "http://logos.test/espn.png"}),
    "logos_create_missing_400": ("POST", "/api/channels/logos/", {"name": "x"}),
    "logos_bulk_delete": ("DELETE", "/api/channels/logos/bulk-delete/", {"logo_ids": [3], "delete_files": True}),
    "profiles_create": ("POST", "/api/channels/profiles/", {"name": "Kids"}),
    "profiles_create_duplicate_400": ("POST", "/api/channels/profiles/", {"name": "Living Room"}),
    "profiles_get": ("GET", "/api/channels/profiles/1/", None),
    "profiles_membership_bulk": (
        "PATCH",
        "/api/channels/profiles/1/channels/bulk-update/",
        {"channels": [{"channel_id": 1, "enabled": True}]},
    ),
    "profiles_membership_bulk_bad_400": (
        "PATCH",
        "/api/channels/profiles/1/channels/bulk-update/",
        {"channels": [{"channel_id": 999999, "enabled": True}]},
    ),
    "profiles_membership_bulk_empty_400": ("PATCH", "/api/channels/profiles/1/channels/bulk-update/", {"channels": []}),
    "core_streamprofiles_list": ("GET", "/api/core/streamprofiles/", None),
    "core_streamprofiles_patch_locked": ("PATCH", "/api/core/streamprofiles/1/", {"name": "renamed"}),
    "core_settings_list": ("GET", "/api/core/settings/", None),
    "core_system_events_filter": ("GET", "/api/core/system-events/?event_type=m3u_refresh&limit=2", None),
    "core_system_events_bad_limit": ("GET", "/api/core/system-events/?limit=abc", None),
    "epg_sources_list": ("GET", "/api/epg/sources/", None),
    "epg_source_create": ("POST", "/api/epg/sources/", {"name": "Two", "source_type": "xmltv", "url": "http://p.test/g.xml"}),
    "epg_source_create_bad_type_400": ("POST", "/api/epg/sources/", {"name": "x", "source_type": "zzz"}),
    "epg_source_create_duplicate_name_400": ("POST", "/api/epg/sources/", {"name": "Guide", "source_type": "xmltv"}),
    "epg_source_404": ("GET", "/api/epg/sources/99/", None),
    "epg_import": ("POST", "/api/epg/import/", {"id": 1}),
    "epg_import_unknown_id": ("POST", "/api/epg/import/", {"id": 99999}),
    "epg_epgdata_list": ("GET", "/api/epg/epgdata/", None),
    "epg_current_programs_both_400": ("POST", "/api/epg/current-programs/", {"channel_uuids": [], "epg_data_ids": []}),
    "epg_current_programs_epg_ids": ("POST", "/api/epg/current-programs/", {"epg_data_ids": [1]}),
    "proxy_ts_status_idle": ("GET", "/proxy/ts/status", None),
    "path_method_not_allowed_405": ("DELETE", "/api/core/version/", None),
    "path_no_trailing_slash_get": ("GET", "/api/channels/channels", None),
    "path_no_trailing_slash_post": ("POST", "/api/accounts/token", {"username": "x", "password": "y"}),
    "path_unknown_api_get": ("GET", "/api/does-not-exist/", None),
}


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    world = World()
    playlist = Playlist.generated(60, groups=5)
    world.add_account("Base", playlist)
    world.add_source("Guide", Guide.generated(10, playlist=playlist))
    for number in (1, 2, 3):
        world.add_channel(f"C{number}", channel_number=float(number), streams=[number], channel_group_id=1)
    profile = world.insert("channel_profiles", {"id": 0, "name": "Living Room"})
    world.memberships[profile["id"]] = dict.fromkeys((1, 2, 3), True)
    logo = world.insert("logos", {"id": 0, "name": "L", "url": "http://logos.test/l.png"})
    world.change("channels", 1, logo_id=logo["id"])
    with serving(world) as server:
        yield server


def shape(value: Any) -> Any:
    """What a body is made of: keys and kinds, of lists the first element."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def differences(recorded: Any, ours: Any, where: str = "") -> list[str]:
    """Where two shapes differ. A null, and an empty list, may stand for anything: which one it is depends on the rows."""
    if recorded == ours or "NoneType" in (recorded, ours) or [] in (recorded, ours):
        return []
    if isinstance(recorded, list) and isinstance(ours, list):
        return differences(recorded[0], ours[0], f"{where}[]")
    if isinstance(recorded, dict) and isinstance(ours, dict) and not where.endswith(FREE_FORM):
        found = [f"{where}.{key} is missing" for key in recorded.keys() - ours.keys()]
        found += [f"{where}.{key} is not in the recording" for key in ours.keys() - recorded.keys()]
        for key in recorded.keys() & ours.keys():
            found += differences(recorded[key], ours[key], f"{where}.{key}")
        return found
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return []
    return [f"{where}: {recorded} was recorded, ours is {ours}"]


FREE_FORM = ("custom_properties", "avatar_config", ".value")


@pytest.mark.parametrize("name", SAMPLES)
def test_an_answer_has_the_status_and_the_shape_of_the_recorded_one(fake: FakeServer, name: str) -> None:
    method, path, body = SAMPLES[name]
    sample = json.loads((RECORDED / "samples" / f"{name}.json").read_text(encoding="utf-8"))
    headers = {} if "token" in path or "version" in path else {"X-API-Key": fake.api_key}
    answer = httpx.request(method, fake.url + path, headers=headers, json=body, trust_env=False, verify=False)
    recorded = sample["response"]
    assert answer.status_code == recorded["status"], answer.text[:300]
    if recorded["body_is_json"] and recorded["body"] != "":
        assert differences(shape(recorded["body"]), shape(answer.json())) == []
        if recorded["status"] >= 400 and "group_settings" not in name:
            assert shape(answer.json()) == shape(recorded["body"])
    elif recorded["status"] == 500:
        assert "Server Error (500)" in answer.text
        assert answer.headers["content-type"].startswith("text/html")


def test_every_route_of_the_fake_is_one_of_the_schema() -> None:
    paths = json.loads((RECORDED / "openapi.json").read_text(encoding="utf-8"))["paths"]
    known = {(method.upper(), _bare(path)) for path, methods in paths.items() for method in methods}
    ours = {(route.method, _bare(route.template)) for route in routing.ROUTES}
    assert ours - known == set()
    assert len(ours) > 80


def _bare(path: str) -> str:
    """A path without the names of what varies in it."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
