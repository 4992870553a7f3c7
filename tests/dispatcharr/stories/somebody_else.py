"""What somebody else does on the server meanwhile: through its own API, with all that it checks, and refreshes of its own."""

import random
from typing import Any

from tests.dispatcharr.stories.small_world import BASE, SECOND, guide_of, listed
from tests.fake_dispatcharr import World, jobs, routing
from tests.fake_dispatcharr.replies import Crash, Refusal, Request

CHANNELS = "/api/channels/channels/"
ACCOUNTS = "/api/m3u/accounts/"


class SomebodyElse:
    """Steps take numbers and choose by them among what is there. ``made``: ids of channels that they created."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made: set[int] = set(world.tables["channels"])
        self.count = 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """None when the server refuses it."""
        found, numbers, _ = routing.find(method, path)
        assert found is not None, path
        with self.world.lock:
            self.world.settle()
            request = Request(method, path, "", {}, body, "127.0.0.9", user=self.world.tables["users"][1])
            try:
                return routing.answer(found, self.world, request, numbers).body
            except (Refusal, Crash):
                return None

    def pick(self, table: str, which: int, *, where: str = "", value: Any = None) -> int | None:
        with self.world.lock:
            rows = self.world.tables[table]
            numbers = sorted(number for number, row in rows.items() if not where or row[where] == value)
        return numbers[which % len(numbers)] if numbers else None

    # Channels

    def edit_channel_there(self, which: int, field: int, value: int) -> None:
        number = self.pick("channels", which)
        if number is None:
            return
        body: dict[str, Any] = (
            {"name": f"There {value % 7}"},
            {"channel_number": (None, 7.0, 8.5, 21.0)[value % 4]},
            {"tvg_id": (None, "a1.tv", "zz")[value % 3]},
            {"channel_group_id": self.pick("groups", value)},
            {"logo_id": self.pick("logos", value) if value % 4 else None},
            {"epg_data_id": self.pick("entries", value) if value % 3 else None},
            {"stream_profile_id": self.pick("stream_profiles", value) if value % 2 else None},
            {"hidden_from_output": bool(value % 2)},
        )[field % 8]
        self.ask("PATCH", f"{CHANNELS}{number}/", body)

    def set_streams_there(self, which: int, value: int) -> None:
        number = self.pick("channels", which)
        streams = sorted(self.world.streams.ids())
        if number is not None and streams:
            chosen = dict.fromkeys(streams[(value * step) % len(streams)] for step in (1, 3))
            self.ask("PATCH", f"{CHANNELS}{number}/", {"streams": list(chosen)[: value % 3]})

    def create_channel_there(self, value: int) -> None:
        self.count += 1
        streams = sorted(self.world.streams.ids())
        chosen = [streams[value % len(streams)]] if streams and value % 3 else []
        row = self.ask("POST", CHANNELS, {"name": f"Theirs {self.count % 3}", "streams": chosen})
        if row is not None:
            self.made.add(row["id"])

    def delete_channel_there(self, which: int) -> None:
        number = self.pick("channels", which)
        if number is not None:
            self.ask("DELETE", f"{CHANNELS}{number}/")

    def delete_many_channels_there(self, which: int) -> None:
        with self.world.lock:
            numbers = sorted(self.world.tables["channels"])[:: which % 2 + 1]
        self.ask("DELETE", f"{CHANNELS}bulk-delete/", {"channel_ids": numbers})

    def lose_much_there(self, which: int) -> None:
        """A damaged database, or an admin who starts anew: most of some kinds is gone at once."""
        rng = random.Random(which)
        kinds = rng.sample(("channels", "groups", "profiles", "sources", "accounts"), rng.randrange(2, 5))
        with self.world.lock:
            self.world.lose_jobs()  # nothing reads what is gone
            channels = self.world.tables["channels"]
            if "channels" in kinds:
                self.delete_many_channels_there(rng.choice((0, 0, 1)))
            if "groups" in kinds and any(row["name"] == "Default Group" for row in self.world.tables["groups"].values()):
                for row in channels.values():
                    row["channel_group_id"] = self.world.add_group("Default Group")
                for _ in range(rng.randrange(2, 9)):
                    number = self.group_of_channels(0)
                    if number is not None and self.world.tables["groups"][number]["name"] != "Default Group":
                        self.world.remove("groups", number)
            for kind, path in (
                ("profiles", "/api/channels/profiles/"),
                ("sources", "/api/epg/sources/"),
                ("accounts", ACCOUNTS),
            ):
                table = {"profiles": "channel_profiles"}.get(kind, kind)
                rows = {pk: row for pk, row in self.world.tables[table].items() if not row.get("locked")}
                for number in sorted(rows) if kind in kinds else ():
                    self.ask("DELETE", f"{path}{number}/")

    def bulk_edit_there(self, what: int, value: int) -> None:
        with self.world.lock:
            numbers = sorted(self.world.tables["channels"])[:: what % 2 + 1]
        bodies: list[dict[str, Any]] = [
            {"id": number, "channel_number": float(value % 40 + place)} if what % 3 else {"id": number, "name": f"Bulk {place}"}
            for place, number in enumerate(numbers)
        ]
        self.ask("PATCH", f"{CHANNELS}edit/bulk/", bodies)

    def match_guides_there(self) -> None:
        with self.world.lock:
            jobs.match_guides(self.world, list(self.world.tables["channels"]))

    def auto_sync_there(self, which: int, group: int, value: int) -> None:
        """The server's own auto-sync makes channels of a group's streams, renames them, and takes away those that are over."""
        number = self.pick("accounts", which, where="locked", value=False)
        with self.world.lock:
            if number is None or not self.world.relations[number]:
                return
            groups = sorted(self.world.relations[number])
            chosen = groups[group % len(groups)]
            made = {
                row["streams"][0]: row
                for row in self.world.tables["channels"].values()
                if row["auto_created"] and row["auto_created_by"] == number and row["streams"]
            }
            wanted = [
                row
                for pk in self.world.streams.of_account(number)
                if (row := self.world.streams.get(pk)) and row["channel_group"] == chosen and not row["is_stale"]
            ][: value % 4]
            for row in wanted:
                if row["id"] in made:
                    made[row["id"]]["name"] = row["name"]
                    continue
                self.made.add(
                    self.world.add_channel(
                        row["name"],
                        channel_number=100.0 + row["id"],
                        channel_group_id=chosen,
                        streams=[row["id"]],
                        auto_created=True,
                        auto_created_by=number,
                    )
                )
            for stream_id in made.keys() - {row["id"] for row in wanted}:
                self.world.remove("channels", made[stream_id]["id"])

    def override_there(self, which: int, field: int, value: int) -> None:
        """Somebody sets a field of a channel of auto-sync by hand, or leaves it to auto-sync again."""
        number = self.pick("channels", which, where="auto_created", value=True)
        if number is not None:
            change = ({"name": f"By hand {value % 3}"}, {"channel_number": 7.5}, {"name": None}, {"tvg_id": "zz"})[field % 4]
            self.ask("PATCH", f"{CHANNELS}{number}/", {"override": change})

    def members_there(self, which: int, channel: int, enabled: int) -> None:
        profile, number = self.pick("channel_profiles", which), self.pick("channels", channel)
        if profile is not None and number is not None:
            rows = [{"channel_id": number, "enabled": bool(enabled % 2)}]
            self.ask("PATCH", f"/api/channels/profiles/{profile}/channels/bulk-update/", {"channels": rows})

    # What channels point to

    def named_row_there(self, kind: int, verb: int, which: int, name: int) -> None:
        """Groups, channel profiles, stream profiles, server groups: made, renamed, deleted."""
        table, path, names = (
            ("groups", "/api/channels/groups/", ("News", "Sports", "Fresh", "news", "A group 1", "Docs")),
            ("channel_profiles", "/api/channels/profiles/", ("Kids", "kids", "Bar", "Den", "Attic", "Hall")),
            ("stream_profiles", "/api/core/streamprofiles/", ("Own", "Fast", "Slow", "own", "Third", "x")),
            ("server_groups", "/api/m3u/server-groups/", ("Panel", "Farm", "panel", "Three", "y", "z")),
        )[kind % 4]
        number = self.pick(table, which, where="locked", value=False) if table == "stream_profiles" else self.pick(table, which)
        if table == "groups" and which % 3:
            number = self.group_of_channels(which)
        body = {"name": names[name % 6]}
        if verb % 3 == 0 or number is None:
            self.ask("POST", path, body)
        elif verb % 3 == 1:
            self.ask("PATCH", f"{path}{number}/", body)
        else:
            self.ask("DELETE", f"{path}{number}/")

    def group_of_channels(self, which: int) -> int | None:
        """One that is no provider's: the ones that the operator has here, too."""
        with self.world.lock:
            providers = {number for each in self.world.relations.values() for number in each}
            numbers = sorted(set(self.world.tables["groups"]) - providers)
        return numbers[which % len(numbers)] if numbers else None

    def swap_names_there(self, kind: int, one: int, other: int) -> None:
        table, path = (
            ("groups", "/api/channels/groups/"),
            ("channel_profiles", "/api/channels/profiles/"),
            ("stream_profiles", "/api/core/streamprofiles/"),
            ("accounts", ACCOUNTS),
        )[kind % 4]
        first, second = self.pick(table, one), self.pick(table, other)
        if first is None or second is None or first == second:
            return
        with self.world.lock:
            names = {pk: row["name"] for pk, row in self.world.tables[table].items()}
        if "Default Group" in (names[first], names[second]) or "custom" in (names[first], names[second]):
            return
        for pk, name in ((first, "For a moment there"), (second, names[first]), (first, names[second])):
            self.ask("PATCH", f"{path}{pk}/", {"name": name})

    def logo_there(self, verb: int, which: int, value: int) -> None:
        number = self.pick("logos", which)
        body = {"name": f"Picture {value % 4}", "url": f"http://logos.test/{value % 6}.png"}
        if verb % 3 == 0 or number is None:
            self.ask("POST", "/api/channels/logos/", body)
        elif verb % 3 == 1:
            taken = {row["url"] for pk, row in self.world.tables["logos"].items() if pk != number}
            if body["url"] not in taken:
                self.ask("PATCH", f"/api/channels/logos/{number}/", body)
        else:
            self.ask("DELETE", f"/api/channels/logos/{number}/")

    # Accounts

    def account_there(self, which: int, field: int, value: int) -> None:
        number = self.pick("accounts", which, where="locked", value=False)
        if number is None:
            return
        body = (
            {"name": ("Base", "Second", "Third", "base")[value % 4]},
            {"max_streams": value % 5},
            {"refresh_interval": value % 30},
            {"priority": value % 4},
            {"username": ("", "bob")[value % 2]},
            {"password": ("", "pass-1", "pass-2")[value % 3]},
            {"server_group": self.pick("server_groups", value) if value % 2 else None},
            {"is_active": bool(value % 3)},
            {"stale_stream_days": value % 9},
            {"user_agent": self.pick("user_agents", value) if value % 3 else None},
            {"auto_enable_new_groups_live": bool(value % 2)},
            {"cron_expression": ("", "0 4 * * *")[value % 2]},
        )[field % 12]
        self.ask("PATCH", f"{ACCOUNTS}{number}/", body)

    def delete_account_there(self, which: int) -> None:
        number = self.pick("accounts", which, where="locked", value=False)
        if number is not None and which % 3 == 0:
            self.ask("DELETE", f"{ACCOUNTS}{number}/")

    def group_setting_there(self, which: int, group: int, enabled: int) -> None:
        number = self.pick("accounts", which, where="locked", value=False)
        if number is None or not self.world.relations[number]:
            return
        with self.world.lock:
            groups = sorted(self.world.relations[number])
            row = dict(self.world.relations[number][groups[group % len(groups)]])
        row["enabled"] = bool(enabled % 2)
        if enabled % 3 == 0:
            row["auto_channel_sync"] = bool(enabled % 4)
            row["auto_sync_channel_start"] = float(enabled % 50 + 1) if enabled % 5 else None
        self.ask("PATCH", f"{ACCOUNTS}{number}/group-settings/", {"group_settings": [row]})

    def filter_there(self, verb: int, which: int, value: int) -> None:
        number = self.pick("filters", which)
        account = self.pick("accounts", which, where="locked", value=False)
        kind = ("name", "group", "url")[value % 3]
        body = {"filter_type": kind, "regex_pattern": f"there {value % 3}", "exclude": bool(value % 2), "order": value % 4}
        if account is not None and (verb % 3 == 0 or number is None):
            self.ask("POST", f"{ACCOUNTS}{account}/filters/", body)
        elif number is not None:
            owner = self.world.tables["filters"][number]["account"]
            path = f"{ACCOUNTS}{owner}/filters/{number}/"
            self.ask("DELETE", path) if verb % 3 == 1 else self.ask("PATCH", path, body)

    def profile_there(self, verb: int, which: int, value: int) -> None:
        account = self.pick("accounts", which, where="locked", value=False)
        if account is None:
            return
        number = self.pick("account_profiles", value, where="owner", value=account)
        body = {"name": f"Login {value % 3}", "max_streams": value % 3, "search_pattern": "a", "replace_pattern": "b"}
        path = f"{ACCOUNTS}{account}/profiles/"
        if verb % 2 == 0 or number is None or self.world.tables["account_profiles"][number]["is_default"]:
            self.ask("POST", path, body)
        elif verb % 4 == 1:
            self.ask("PATCH", f"{path}{number}/", body)
        else:
            self.ask("DELETE", f"{path}{number}/")

    def refresh_there(self, which: int, variant: int) -> None:
        """The provider has another playlist, and the server reads it."""
        number = (BASE, SECOND)[which % 2]
        tag, whole = (("a", 12), ("b", 5))[which % 2]
        numbers = [pk for pk in range(whole + variant % 4) if variant % 5 == 0 or (pk + variant) % 5 != 0]
        with self.world.lock:
            account = self.world.tables["accounts"].get(number)
            if account is None or not account["is_active"]:
                return
            playlist = listed(tag, numbers, 3 - variant % 2, renamed=variant % 3)
            self.world.playlists[account["server_url"] or ""] = playlist
            self.world.clock.advance(5)
            self.world.snapshots.pop(number, None)
            jobs.import_playlist(self.world, number, playlist)

    def custom_stream_there(self, verb: int, which: int, value: int) -> None:
        with self.world.lock:
            own = sorted(pk for pk in self.world.streams.ids() if (self.world.streams.get(pk) or {}).get("is_custom"))
        number = own[which % len(own)] if own else None
        address = f"http://own.test/{value % 5}.ts"
        body = {"name": f"Own there {value % 3}", "url": address}
        taken = {(self.world.streams.get(pk) or {}).get("url") for pk in own}
        if verb % 3 == 2 and number is not None:
            self.ask("DELETE", f"/api/channels/streams/{number}/")
        elif address in taken:
            return
        elif verb % 3 == 0 or number is None:
            self.ask("POST", "/api/channels/streams/", body)
        else:
            self.ask("PATCH", f"/api/channels/streams/{number}/", body)

    # Guides

    def source_there(self, verb: int, which: int, value: int) -> None:
        number = self.pick("sources", which)
        if verb % 5 == 0 or number is None:
            body = {"name": f"Source {value % 3}", "url": f"http://guides.test/{value % 3}.xml", "source_type": "xmltv"}
            self.ask("POST", "/api/epg/sources/", body)
        elif verb % 5 == 1 and value % 3 == 0:
            self.ask("DELETE", f"/api/epg/sources/{number}/")
        else:
            body = (
                {"name": ("Guide", "guide", "Programme", "Other guide")[value % 4]},
                {"priority": value % 5},
                {"refresh_interval": value % 13},
                {"is_active": bool(value % 2)},
            )[value % 4]
            self.ask("PATCH", f"/api/epg/sources/{number}/", body)

    def guide_there(self, which: int, count: int) -> None:
        """Another guide is read: entries come, are renamed, and links of channels load programmes."""
        number = self.pick("sources", which)
        if number is not None:
            with self.world.lock:
                self.world.clock.advance(5)
                jobs.import_guide(self.world, number, guide_of("ab"[which % 2], count % 9))

    def time_passes_there(self, minutes: int) -> None:
        with self.world.lock:
            self.world.clock.advance(60.0 * (minutes % 20))
            self.world.settle()
