"""What shakes a whole side: backups and the ways back to them, leaving the server and connecting to it again."""

import sqlite3
from typing import TYPE_CHECKING, Any

from django.db import connection

from channels_app.drafts.lives import UNFINISHED
from channels_app.models import Draft
from m3u_app.delete_account import delete_account
from m3u_app.models import Account
from tasks_app.mirror.after_going_back import suspect_creations
from tasks_app.models import MirrorState
from tasks_app.progress import NoProgress
from tasks_app.switching import switch
from tasks_app.switching.rooms import all_rooms
from tests.dispatcharr.stories.ledger import Ledger, State
from tests.dispatcharr.stories.worker import PULL

if TYPE_CHECKING:
    from tests.dispatcharr.stories.story import Story


class Upheavals:
    """Of one story. A backup that was not taken cannot be gone back to; while a draft is open nothing is exchanged here."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._here: tuple[sqlite3.Connection, Ledger] | None = None
        self._there: dict[str, Any] | None = None

    def back_up_here(self) -> None:
        copied = sqlite3.connect(":memory:")
        connection.ensure_connection()
        connection.connection.backup(copied)
        self.close()
        self._here = copied, self._story.ledger.copied()

    def go_back_here(self) -> None:
        """As with a backup of the Backup page: everything since then is gone from this house."""
        if self._here is None or Draft.objects.filter(state__in=UNFINISHED).exists():
            return
        copied, ledger = self._here
        connection.close()
        connection.ensure_connection()
        copied.backup(connection.connection)
        suspect_creations()
        self._story.ledger = ledger.copied()
        self._story.ledger.state = State()
        self._story.came_from_there()

    def back_up_there(self) -> None:
        self._there = self._story.world.backed_up()

    def go_back_there(self) -> None:
        """As with a backup of the server: ids that were given since then are given again."""
        if self._there is None:
            return
        for account in Account.objects.exclude(deleting_since=None):  # what the background would have done by now
            delete_account(account.pk, progress=NoProgress())
        self._story.look()
        self._story.world.put_back(self._there)
        self._story.came_from_there()
        self._story.theirs.open.clear()

    def leave_and_adopt(self, value: int) -> None:
        """Standalone for a while, then connected again with the server's lineup."""
        story = self._story
        if Draft.objects.filter(state__in=UNFINISHED).exists():
            return
        switch._ways[switch.Way.LEAVE](None, NoProgress())  # type: ignore[arg-type]
        story.operator.do("edit_channel", (value, value, value))
        story.operator.do("create_channel", (value, value))
        for room in all_rooms():
            room.clear(NoProgress())
        MirrorState.objects.update(connected=True, quiet=False, address=story.fake.url)
        story.came_from_there()
        story.theirs.open.clear()
        done = story.worker.work(PULL)
        assert done == "done", MirrorState.objects.get().trouble
        story.ledger = Ledger()
        self.close()  # what was before is another mirror's

    def close(self) -> None:
        if self._here is not None:
            self._here[0].close()
            self._here = None
