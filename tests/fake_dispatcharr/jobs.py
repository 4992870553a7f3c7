"""What the server does in the background: reading playlists and guides, in the stages that its rows show."""

import re
from typing import Any

from tests.fake_dispatcharr.playlists import Guide, Playlist
from tests.fake_dispatcharr.streams import new_row
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
PROGRAMME_HOURS = 26
_FAILED = "Failed to refresh M3U groups - download failed or other error"
LOCK_AFTER_SUCCESS = 0.25  # the task lock is released later than the status says


def new_account(world: World, values: Row) -> Row:
    """The row of an account with its default profile."""
    number = world.next_id("accounts")
    row = {
        "id": number,
        "name": values["name"],
        "server_url": values.get("server_url"),
        "file_path": values.get("file_path"),
        "server_group": values.get("server_group"),
        "max_streams": values.get("max_streams", 0),
        "is_active": values.get("is_active", True),
        "created_at": world.clock.written(),
        "updated_at": None,
        "user_agent": values.get("user_agent"),
        "locked": False,
        "refresh_interval": values.get("refresh_interval", 0),
        "cron_expression": values.get("cron_expression", ""),
        "custom_properties": values.get("custom_properties")
        or {
            "enable_vod": False,
            "auto_enable_new_groups_live": values.get("auto_enable_new_groups_live", True),
            "auto_enable_new_groups_vod": True,
            "auto_enable_new_groups_series": True,
        },
        "account_type": values.get("account_type", "STD"),
        "username": values.get("username"),
        "password": values.get("password", ""),
        "stale_stream_days": values.get("stale_stream_days", 7),
        "priority": values.get("priority", 0),
        "status": "idle",
        "last_message": None,
        "earliest_expiration": None,
        "all_expirations": [],
        "enable_vod": False,
        "auto_enable_new_groups_live": values.get("auto_enable_new_groups_live", True),
        "auto_enable_new_groups_vod": True,
        "auto_enable_new_groups_series": True,
        "exp_date": None,
    }
    world.tables["accounts"][number] = row
    world.relations[number] = {}
    world.insert(
        "account_profiles",
        {
            "id": 0,
            "owner": number,
            "name": f"{row['name']} Default",
            "max_streams": row["max_streams"],
            "is_active": True,
            "is_default": True,
            "current_viewers": 0,
            "search_pattern": "^(.*)$",
            "replace_pattern": "$1",
            "custom_properties": {},
            "exp_date": None,
        },
    )
    return row


def read_groups(world: World, account_id: int) -> None:
    """What follows the creation of an account: only the groups are read, and the file is kept for the first refresh."""

    def fetching() -> None:
        _show(world, account_id, "fetching", "Starting download...")

    def ready() -> None:
        account = world.tables["accounts"].get(account_id)
        if account is None:
            return
        playlist = world.playlists.get(account["server_url"] or account["file_path"] or "")
        if playlist is None:
            _show(world, account_id, "error", _FAILED)
            return
        world.snapshots[account_id] = _copy(playlist)
        relate(world, account_id, playlist)
        _show(
            world,
            account_id,
            "pending_setup",
            "M3U groups loaded. Please select groups or refresh M3U to complete setup.",
        )

    world.later(0.03, fetching)
    world.later(0.2, ready)


def relate(world: World, account_id: int, playlist: Playlist) -> dict[str, int]:
    """Groups of the playlist and the account's settings for them; name → id."""
    account = world.tables["accounts"][account_id]
    names = dict.fromkeys(["Default Group", *playlist.all_groups()])
    found = {name: world.add_group(name) for name in names}
    known = world.relations[account_id]
    for number in found.values():
        if number not in known:
            known[number] = {
                "channel_group": number,
                "enabled": bool(account["auto_enable_new_groups_live"]),
                "auto_channel_sync": False,
                "auto_sync_channel_start": None,
                "auto_sync_channel_end": None,
                "custom_properties": {},
                "is_stale": False,
                "last_seen": world.clock.written(),
                "stream_count": 0,
            }
    for number, relation in known.items():
        relation["is_stale"] = number not in found.values()
        if not relation["is_stale"]:
            relation["last_seen"] = world.clock.written()
    return found


def start_refresh(world: World, account_id: int) -> None:
    """Dropped without a word for unknown and inactive accounts, while one runs, and for a moment after it."""
    account = world.tables["accounts"].get(account_id)
    if account is None or not account["is_active"] or world.clock.now() < world.locked_until.get(account_id, 0):
        return
    took = world.refresh_seconds
    world.locked_until[account_id] = world.clock.now() + took + LOCK_AFTER_SUCCESS
    world.refreshes[account_id] += 1

    def fetching() -> None:
        _show(world, account_id, "fetching", "Starting download...")

    def parsing() -> None:
        _show(world, account_id, "parsing", "Refresh in progress...")

    def done() -> None:
        if account_id not in world.tables["accounts"]:
            return
        playlist = world.snapshots.pop(account_id, None) or world.playlists.get(
            account["server_url"] or account["file_path"] or ""
        )
        if playlist is None or playlist.count == 0 or world.full_disk() or world.pattern_problem(account_id):
            _show(world, account_id, "error", _FAILED)
            return
        import_playlist(world, account_id, playlist)

    world.later(took * 0.2, fetching)
    world.later(took * 0.4, parsing)
    world.later(took, done)


def import_playlist(world: World, account_id: int, playlist: Playlist) -> None:
    """Bring the account's streams to what the playlist says."""
    account = world.tables["accounts"][account_id]
    groups = relate(world, account_id, playlist)
    relations = world.relations[account_id]
    written = world.clock.written()
    table = world.streams
    mine = table.of_account(account_id)
    whole = not _patterns(world, account_id) and all(relations[number]["enabled"] for number in groups.values())
    block = next((each for each in table.blocks if each.account_id == account_id and each.playlist == playlist), None)
    made = updated = stale = removed = 0
    if whole and len(table) == 0 and playlist.listed is None:
        table.add_block(account_id, _copy(playlist), dict(groups), written)
        made = playlist.count
    elif whole and block is not None:
        block.last_seen = written
    else:
        made, updated, stale, removed = _merge(world, account_id, playlist, groups, mine)
    for relation in relations.values():
        relation["stream_count"] = 0
    for number in table.of_account(account_id) if len(table) < 5000 else ():
        row = table.get(number)
        if row and row["channel_group"] in relations:
            relations[row["channel_group"]]["stream_count"] += 1
    account["updated_at"] = written
    message = (
        f"Processing completed in 1.0 seconds. Streams: {made} created, {updated} updated, {stale} marked stale,"
        f" {removed} removed. Total processed: {playlist.count}."
    )
    _show(world, account_id, "success", message)
    world.note_event(
        "m3u_refresh",
        account_name=account["name"],
        elapsed_time=1.0,
        streams_created=made,
        streams_updated=updated,
        streams_stale=stale,
        streams_deleted=removed,
        total_processed=playlist.count,
    )


def _merge(world: World, account_id: int, playlist: Playlist, groups: dict[str, int], mine: list[int]) -> tuple[int, ...]:
    account = world.tables["accounts"][account_id]
    relations, table, written = world.relations[account_id], world.streams, world.clock.written()
    known = {row["stream_hash"]: row for number in table.ids() if (row := table.get(number))}
    patterns = _patterns(world, account_id)
    made = updated = stale = removed = 0
    seen: set[str] = set()
    for index in range(playlist.count):
        entry = playlist.entry(index)
        group_id = groups[entry.group]
        if entry.hash in seen or not relations[group_id]["enabled"] or any(pattern.search(entry.name) for pattern in patterns):
            continue
        seen.add(entry.hash)
        row = known.get(entry.hash)
        if row is None:
            fresh = new_row(0, entry, account_id, written, written)
            table.add(fresh | {"channel_group": group_id})
            made += 1
            continue
        values = {"name": entry.name, "tvg_id": entry.tvg_id, "logo_url": entry.logo, "channel_group": group_id}
        if row["m3u_account"] == account_id and any(row[key] != value for key, value in values.items()):
            row |= values | {"updated_at": written}
            updated += 1
        table.put(row | {"last_seen": written, "is_stale": False})
    for number in mine:
        row = table.get(number)
        if row is None or row["stream_hash"] in seen:
            continue
        relation = relations.get(row["channel_group"])
        disabled = relation is not None and not relation["enabled"]
        if disabled or account["stale_stream_days"] == 0:
            table.delete(number)
            world.unlink_streams({number})
            removed += 1
        else:
            table.put(row | {"is_stale": True})
            stale += 1
    return made, updated, stale, removed


def _patterns(world: World, account_id: int) -> list[re.Pattern[str]]:
    rows = world.tables["filters"].values()
    return [re.compile(row["regex_pattern"]) for row in rows if row["account"] == account_id and row["exclude"]]


def new_source(world: World, values: Row) -> Row:
    return world.insert(
        "sources",
        {
            "id": 0,
            "name": values["name"],
            "source_type": values.get("source_type", "xmltv"),
            "url": values.get("url"),
            "username": values.get("username"),
            "is_active": values.get("is_active", True),
            "file_path": None,
            "refresh_interval": values.get("refresh_interval", 0),
            "cron_expression": values.get("cron_expression", ""),
            "priority": values.get("priority", 0),
            "status": "idle",
            "last_message": None,
            "created_at": world.clock.written(),
            "updated_at": None,
            "custom_properties": values.get("custom_properties") or {},
            "epg_data_count": 0,
            "has_channels": False,
        },
    )


def start_import(world: World, source_id: int) -> None:
    """Status turns to success after the channel list already; ``updated_at`` changes only at the end."""
    source = world.tables["sources"].get(source_id)
    if source is None or not source["is_active"]:
        return
    took = world.refresh_seconds
    guide = world.guides.get(source["url"] or "")

    def channels_read() -> None:
        if source_id not in world.tables["sources"]:
            return  # deleted meanwhile
        if guide is None:
            source.update(status="error", last_message=f"EPG source '{source['name']}' returned 404 error")
            return
        _entries(world, source_id, guide)
        source.update(status="success", last_message=f"Successfully parsed {len(guide.channels)} channels")

    world.later(0.01, lambda: source.update(status="fetching", last_message=None))
    world.later(took / 2, channels_read)
    if guide is not None:
        world.later(took, lambda: import_guide(world, source_id, guide))


def import_guide(world: World, source_id: int, guide: Guide) -> None:
    """Entries and the programmes of those that channels use, under new ids."""
    source = world.tables["sources"].get(source_id)
    if source is None:
        return
    _entries(world, source_id, guide)
    used = {channel["epg_data_id"] for channel in world.tables["channels"].values()} - {None}
    mine = [entry for entry in used if world.tables["entries"].get(entry, {}).get("epg_source") == source_id]
    for entry_id in mine:
        world.loaded.pop(entry_id, None)
        load_programmes(world, entry_id)
    source.update(
        status="success",
        last_message=f"No channels mapped to this EPG source ({len(guide.channels)} entries available)",
        updated_at=world.clock.written(),
        file_path=f"/data/media/cached_epg/{source_id}.xml",
        has_channels=bool(mine),
    )


def load_programmes(world: World, entry_id: int | None) -> bool:
    """Store the programmes of an entry unless they are there."""
    if entry_id is None or entry_id in world.loaded or entry_id not in world.tables["entries"]:
        return False
    world.loaded[entry_id] = world.next_id("programme")
    world._ids["programme"] += PROGRAMME_HOURS - 1
    return True


def match_guides(world: World, channel_ids: list[int]) -> None:
    """Link channels without guide by their guide id, which is the first of the server's rules."""
    by_tvg_id = {row["tvg_id"]: number for number, row in world.tables["entries"].items()}
    for number in channel_ids:
        channel = world.tables["channels"].get(number)
        if channel is not None and channel["epg_data_id"] is None and channel["tvg_id"] in by_tvg_id:
            channel["epg_data_id"] = by_tvg_id[channel["tvg_id"]]
            load_programmes(world, channel["epg_data_id"])


def _entries(world: World, source_id: int, guide: Guide) -> None:
    known = {row["tvg_id"]: row for row in world.tables["entries"].values() if row["epg_source"] == source_id}
    for tvg_id, name, icon in guide.channels:
        if tvg_id in known:
            known[tvg_id].update(name=name, icon_url=icon)
        else:
            world.insert("entries", {"id": 0, "tvg_id": tvg_id, "name": name, "icon_url": icon, "epg_source": source_id})
    world.tables["sources"][source_id]["epg_data_count"] = len(guide.channels)


def _show(world: World, account_id: int, status: str, message: str) -> None:
    account = world.tables["accounts"].get(account_id)
    if account is not None:
        account.update(status=status, last_message=message)


def _copy(playlist: Playlist) -> Playlist:
    return Playlist(playlist.count, playlist.tag, playlist.names, playlist.groups, playlist.listed)
