"""What the server's rows look like, as recorded from version 0.29. Keys that ECM has no use for are left out.

Times are ISO 8601 texts in UTC. Rows may carry more keys; writing takes plain mappings with any part of them.
"""

from typing import Any, Literal, TypedDict


class Tokens(TypedDict):
    access: str
    refresh: str


class User(TypedDict):
    """``user_level``: 0 streamer (no lists), 1 standard (reads), 10 administrator."""

    id: int
    username: str
    user_level: int
    email: str
    channel_profiles: list[int]
    is_superuser: bool


class Version(TypedDict):
    version: str
    timestamp: str | None


class AccountGroup(TypedDict):
    """One group of an account with its settings. Sent back whole: keys that are left out are reset."""

    channel_group: int
    enabled: bool
    auto_channel_sync: bool
    auto_sync_channel_start: float | None
    auto_sync_channel_end: float | None
    custom_properties: dict[str, Any] | None


class AccountGroupRow(AccountGroup):
    is_stale: bool
    last_seen: str
    stream_count: int


class AccountProfile(TypedDict):
    id: int
    name: str
    max_streams: int
    is_active: bool
    is_default: bool
    current_viewers: int
    search_pattern: str
    replace_pattern: str
    custom_properties: dict[str, Any] | None
    exp_date: str | None


class AccountFilter(TypedDict):
    """``regex_pattern`` is trimmed and not checked by the server: one that does not compile breaks every refresh."""

    id: int
    filter_type: Literal["group", "name", "url"]
    regex_pattern: str
    exclude: bool
    order: int
    custom_properties: dict[str, Any] | None


class Account(TypedDict):
    """``updated_at`` is the time of the last *successful* refresh. ``status``: idle, fetching, parsing, success, error,
    pending_setup, disabled. ``username`` and ``password`` are the provider's, in clear for administrators."""

    id: int
    name: str
    server_url: str | None
    file_path: str | None
    server_group: int | None
    account_type: Literal["STD", "XC"]
    username: str | None
    password: str
    max_streams: int
    is_active: bool
    locked: bool
    created_at: str
    updated_at: str | None
    refresh_interval: int
    cron_expression: str
    stale_stream_days: int
    priority: int
    user_agent: int | None
    status: str
    last_message: str | None
    custom_properties: dict[str, Any] | None
    enable_vod: bool
    auto_enable_new_groups_live: bool
    exp_date: str | None
    profiles: list[AccountProfile]
    filters: list[AccountFilter]
    channel_groups: list[AccountGroupRow]


class ServerGroup(TypedDict):
    id: int
    name: str


class Group(TypedDict):
    id: int
    name: str
    channel_count: int
    m3u_account_count: int
    m3u_accounts: list[AccountGroupRow]


class Stream(TypedDict):
    id: int
    name: str
    url: str | None
    m3u_account: int | None
    logo_url: str | None
    tvg_id: str | None
    updated_at: str
    last_seen: str
    is_stale: bool
    is_adult: bool
    is_custom: bool
    channel_group: int | None
    stream_profile_id: int | None
    stream_hash: str | None
    stream_stats: dict[str, Any] | None
    stream_stats_updated_at: str | None
    stream_id: int | None
    stream_chno: float | None
    is_catchup: bool
    catchup_days: int


class Channel(TypedDict):
    """``streams`` are ids in order. Channels of auto-sync (``auto_created``) are edited through ``override``."""

    id: int
    uuid: str
    name: str
    channel_number: float | None
    channel_group_id: int | None
    tvg_id: str | None
    tvc_guide_stationid: str | None
    epg_data_id: int | None
    stream_profile_id: int | None
    logo_id: int | None
    streams: list[int]
    user_level: int
    is_adult: bool
    hidden_from_output: bool
    auto_created: bool
    auto_created_by: int | None
    override: dict[str, Any] | None


class ChannelSummary(TypedDict):
    id: int
    uuid: str
    name: str
    logo_id: int | None
    channel_number: float | None
    epg_data_id: int | None
    channel_group_id: int | None


class BulkCreation(TypedDict):
    """Only a receipt: no endpoint says how the task goes on; watch :meth:`Channels.ids`."""

    task_id: str
    message: str
    stream_count: int
    status: str


class Logo(TypedDict):
    id: int
    name: str
    url: str
    cache_url: str
    channel_count: int
    is_used: bool


class ChannelProfile(TypedDict):
    """``channels`` are the ids of the enabled ones."""

    id: int
    name: str
    channels: list[int]


class StreamProfile(TypedDict):
    """A ``locked`` one answers 500 to every edit."""

    id: int
    name: str
    command: str
    parameters: str
    is_active: bool
    user_agent: int | None
    locked: bool


class GuideSource(TypedDict):
    """``status`` turns to success twice; only a new ``updated_at`` says that a refresh is complete."""

    id: int
    name: str
    source_type: Literal["xmltv", "schedules_direct", "dummy"]
    url: str | None
    username: str | None
    is_active: bool
    file_path: str | None
    refresh_interval: int
    cron_expression: str
    priority: int
    status: str
    last_message: str | None
    created_at: str
    updated_at: str | None
    custom_properties: dict[str, Any] | None
    epg_data_count: int
    has_channels: bool


class GuideEntry(TypedDict):
    id: int
    tvg_id: str
    name: str
    icon_url: str | None
    epg_source: int


class Programme(TypedDict):
    """``id`` changes with every refresh of the source and is a text for invented programmes."""

    id: int | str
    start_time: str
    end_time: str
    title: str
    sub_title: str | None
    description: str | None
    tvg_id: str | None


class CurrentProgramme(TypedDict, total=False):
    """With ``channel_uuid`` or ``epg_data_id``, whichever was asked for."""

    title: str
    sub_title: str | None
    description: str | None
    start_time: str
    end_time: str
    channel_uuid: str
    epg_data_id: int


class ProxyClient(TypedDict):
    client_id: str
    ip_address: str
    user_agent: str
    connected_at: float
    user_id: str


class ProxyChannel(TypedDict):
    """A channel that is being watched; ``channel_id`` is the channel's uuid."""

    channel_id: str
    state: str
    stream_id: int | None
    stream_name: str
    channel_name: str
    m3u_profile_id: int | None
    client_count: int
    uptime: float
    total_bytes: int
    avg_bitrate_kbps: float
    clients: list[ProxyClient]


class ProxyStatus(TypedDict):
    channels: list[ProxyChannel]
    count: int


class UserAgent(TypedDict):
    """``name`` and ``user_agent`` are each unique on the server."""

    id: int
    name: str
    user_agent: str
    is_active: bool


class SystemEvent(TypedDict):
    id: int
    event_type: str
    timestamp: str
    channel_id: str | None
    channel_name: str | None
    details: dict[str, Any]
