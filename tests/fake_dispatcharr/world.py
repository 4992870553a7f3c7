"""Everything the fake server knows, and what tests do behind its back."""

import copy
import random
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.fake_dispatcharr.clock import Clock
from tests.fake_dispatcharr.playlists import Guide, Playlist
from tests.fake_dispatcharr.streams import StreamTable

Row = dict[str, Any]
Job = tuple[float, int, Callable[[], None]]
ADMIN, ADMIN_PASSWORD = "admin", "admin-pass-1"
TABLES = (
    "accounts",
    "account_profiles",
    "filters",
    "server_groups",
    "groups",
    "channels",
    "logos",
    "channel_profiles",
    "stream_profiles",
    "sources",
    "entries",
    "users",
    "user_agents",
    "settings",
)
STATE = (
    "playlists", "guides", "streams", "tables", "memberships", "relations", "passwords", "loaded", "watched", "events",
    "snapshots", "locked_until", "refreshes", "poison", "_ids",
)  # fmt: skip
"""What a backup of the server holds. Not the random numbers: what is made later gets marks that nothing had before."""
OVERRIDABLE = (
    "name",
    "channel_number",
    "channel_group_id",
    "logo_id",
    "tvg_id",
    "tvc_guide_stationid",
    "epg_data_id",
    "stream_profile_id",
)


class World:
    """The server's state. Tests may read and change it while the server runs, holding ``lock`` (the helpers do).

    ``refresh_seconds`` is how long a refresh takes; ``write_seconds`` how long a write of a channel's streams takes, during
    which a second one of the same channel fails.
    """

    def __init__(self, seed: int = 1, *, refresh_seconds: float = 0.5, write_seconds: float = 0.0) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = Clock()
        self.lock = threading.RLock()
        self.version = "0.29.0"
        self.refresh_seconds = refresh_seconds
        self.write_seconds = write_seconds
        self.playlists: dict[str, Playlist] = {}
        self.guides: dict[str, Guide] = {}
        self.streams = StreamTable()
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in TABLES}
        self.memberships: dict[int, dict[int, bool]] = {}  # channel profile → channel → enabled
        self.relations: dict[int, dict[int, Row]] = {}  # account → group → its settings
        self.passwords: dict[str, str] = {}
        self.loaded: dict[int, int] = {}  # guide entry → id of its first programme
        self.watched: list[Row] = []
        self.events: list[Row] = []
        self.snapshots: dict[int, Playlist | None] = {}  # the download made when an account was created
        self.locked_until: dict[int, float] = {}  # account → end of its refresh lock
        self.refreshes: Counter[int] = Counter()  # account → refreshes that were really made
        self.poison: set[int] = set()  # channels whose changes are a 500, as with a value that nothing checks
        self.passed_over: set[int] = set()  # streams that bulk creation fails on, without telling anybody
        self.bulk_ignores: set[str] = set()  # fields that this version's bulk call does not know
        self.full_disk: Callable[[], bool] = lambda: False
        self._jobs: list[Job] = []
        self._ids: Counter[str] = Counter()
        self._begin()

    def next_id(self, table: str) -> int:
        self._ids[table] += 1
        return self._ids[table]

    def insert(self, table: str, row: Row) -> Row:
        row["id"] = self.next_id(table)
        self.tables[table][row["id"]] = row
        return row

    # What happens by itself

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Let ``job`` happen ``seconds`` from now, when somebody looks."""
        self._jobs.append((self.clock.now() + seconds, self.next_id("job"), job))

    def settle(self) -> None:
        """Do what is due."""
        while due := sorted(job for job in self._jobs if job[0] <= self.clock.now()):
            self._jobs.remove(due[0])
            due[0][2]()

    def finish(self) -> None:
        """Let time pass until nothing is under way."""
        with self.lock:
            while self._jobs:
                last = max(job[0] for job in self._jobs)
                self.clock.advance(max(last - self.clock.now(), 0) + 0.001)
                self.settle()
            self.clock.advance(1.0)

    def lose_jobs(self) -> None:
        """What a restart does to work that is under way: it is gone, and its status stays as it was."""
        self._jobs.clear()
        self.locked_until.clear()

    def backed_up(self) -> dict[str, Any]:
        with self.lock:
            return {name: copy.deepcopy(getattr(self, name)) for name in STATE}

    def put_back(self, backup: dict[str, Any]) -> None:
        """An older backup: what was made since is gone, and its ids are given again."""
        with self.lock:
            self.lose_jobs()
            for name, value in copy.deepcopy(backup).items():
                setattr(self, name, value)

    # What somebody else does meanwhile

    def add_user(self, name: str, password: str, level: int, api_key: str | None = None) -> Row:
        with self.lock:
            self.passwords[name] = password
            return self.insert(
                "users",
                {
                    "id": 0,
                    "username": name,
                    "api_key": api_key,
                    "email": "",
                    "user_level": level,
                    "channel_profiles": [],
                    "custom_properties": {},
                    "avatar_config": {},
                    "stream_limit": 0,
                    "is_staff": level >= 10,
                    "is_superuser": level >= 10,
                    "last_login": None,
                    "date_joined": self.clock.written(),
                    "first_name": "",
                    "last_name": "",
                },
            )

    def add_account(self, name: str, playlist: Playlist, **values: Any) -> int:
        """An account whose first import is done. Returns its id."""
        from tests.fake_dispatcharr import jobs

        with self.lock:
            url = f"http://provider.test/{name.replace(' ', '_')}.m3u"
            self.playlists[url] = playlist
            account = jobs.new_account(self, {"name": name, "server_url": url, **values})
            jobs.import_playlist(self, account["id"], playlist)
            return int(account["id"])

    def add_user_agent(self, name: str, text: str, description: str = "") -> Row:
        with self.lock:
            written = self.clock.written()
            return self.insert(
                "user_agents",
                {
                    "id": 0,
                    "name": name,
                    "user_agent": text,
                    "description": description,
                    "is_active": True,
                    "created_at": written,
                    "updated_at": written,
                },
            )

    def add_source(self, name: str, guide: Guide) -> int:
        """A guide source whose channels are read. Returns its id."""
        from tests.fake_dispatcharr import jobs

        with self.lock:
            url = f"http://provider.test/{name.replace(' ', '_')}.xml"
            self.guides[url] = guide
            source = jobs.new_source(self, {"name": name, "url": url, "source_type": "xmltv"})
            jobs.import_guide(self, source["id"], guide)
            return int(source["id"])

    def add_group(self, name: str) -> int:
        """The id of the group ``name``, which is made if need be."""
        with self.lock:
            for row in self.tables["groups"].values():
                if row["name"] == name:
                    return int(row["id"])
            return int(self.insert("groups", {"id": 0, "name": name})["id"])

    def add_channel(self, name: str, **values: Any) -> int:
        """A channel, in every profile. Returns its id."""
        with self.lock:
            row = {
                "id": 0,
                "channel_number": None,
                "name": name,
                "channel_group_id": None,
                "tvg_id": None,
                "tvc_guide_stationid": None,
                "epg_data_id": None,
                "streams": [],
                "stream_profile_id": None,
                "uuid": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
                "logo_id": None,
                "user_level": 0,
                "is_adult": False,
                "is_catchup": False,
                "catchup_days": 0,
                "hidden_from_output": False,
                "auto_created": False,
                "auto_created_by": None,
                "override": None,
            } | values
            if row["channel_group_id"] is None:
                row["channel_group_id"] = self.add_group("Default Group")
            channel_id = int(self.insert("channels", row)["id"])
            for members in self.memberships.values():
                members.setdefault(channel_id, True)
            return channel_id

    def change(self, table: str, number: int, **values: Any) -> None:
        """Change a row as another client would."""
        with self.lock:
            if table == "streams":
                row = self.streams.get(number)
                assert row is not None
                self.streams.put(row | values)
            else:
                self.tables[table][number].update(values)

    def remove(self, table: str, number: int) -> None:
        """Delete a row as another client would, with what hangs on it."""
        with self.lock:
            if table == "streams":
                self.streams.delete(number)
                self.unlink_streams({number})
                return
            self.tables[table].pop(number, None)
            links = {"logos": "logo_id", "entries": "epg_data_id", "stream_profiles": "stream_profile_id"}
            for channel in self.tables["channels"].values():
                if table in links and channel[links[table]] == number:
                    channel[links[table]] = None
            if table == "channels":
                for members in self.memberships.values():
                    members.pop(number, None)
            if table == "channel_profiles":
                self.memberships.pop(number, None)
            if table == "server_groups":
                for account in self.tables["accounts"].values():
                    if account["server_group"] == number:
                        account["server_group"] = None

    def unlink_streams(self, numbers: set[int]) -> None:
        for channel in self.tables["channels"].values():
            if numbers & set(channel["streams"]):
                channel["streams"] = [number for number in channel["streams"] if number not in numbers]

    # What several routes need

    def tie(self, number: int, salt: str) -> float:
        """Where a row stands among equals on this page: a database without a tie-breaker decides anew each time."""
        return random.Random(f"{self.seed}:{salt}:{number}").random()

    def lowest_free_number(self) -> float:
        taken = {channel["channel_number"] for channel in self.tables["channels"].values()}
        number = 1.0
        while number in taken:
            number += 1
        return number

    def pattern_problem(self, account_id: int) -> bool:
        """Whether a filter of the account does not compile, which makes every refresh fail."""
        for row in self.tables["filters"].values():
            if row["account"] == account_id:
                try:
                    re.compile(row["regex_pattern"])
                except re.error:
                    return True
        return False

    def note_event(self, kind: str, **details: Any) -> None:
        self.events.insert(
            0,
            {
                "id": self.next_id("event"),
                "event_type": kind,
                "event_type_display": kind.replace("_", " ").title(),
                "timestamp": self.clock.written().replace("Z", "+00:00"),
                "channel_id": None,
                "channel_name": None,
                "details": details,
            },
        )
        del self.events[100:]

    def _begin(self) -> None:
        """As after installation: an administrator, the locked account and stream profiles."""
        from tests.fake_dispatcharr import jobs

        self.add_user(ADMIN, ADMIN_PASSWORD, 10, "fake-api-key-of-the-administrator")
        self.add_user_agent("TiviMate", "TiviMate/5.1.6 (Android 12)")
        self.add_user_agent("VLC", "VLC/3.0.21 LibVLC/3.0.21")
        custom = jobs.new_account(self, {"name": "custom", "server_url": None, "refresh_interval": 24})
        custom["locked"] = True
        for name, command in (("ffmpeg", "ffmpeg"), ("streamlink", "streamlink"), ("Proxy", ""), ("Redirect", "")):
            self.insert(
                "stream_profiles",
                {
                    "id": 0,
                    "name": name,
                    "command": command,
                    "parameters": "-i {streamUrl}" if command else "",
                    "is_active": True,
                    "user_agent": 1 if command else None,
                    "locked": True,
                },
            )
        value = {"m3u_hash_key": "url", "default_user_agent": 1, "default_stream_profile": 1}
        self.insert("settings", {"id": 0, "key": "stream_settings", "name": "Stream Settings", "value": value})
