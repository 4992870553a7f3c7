"""Both sides brought together as often as a story needs it, whatever waits for its moment."""

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import PullReport, pull
from tasks_app.models import MirrorState, OutboxEntry
from tests.fake_dispatcharr import World


class Syncing:
    """What houses of several tests have in common."""

    client: Dispatcharr
    world: World

    def pull(self) -> PullReport:
        return pull(self.client)

    def deliver(self) -> None:
        OutboxEntry.objects.update(next_attempt_at=None)
        MirrorState.objects.update(retry_at=None)
        deliver(self.client)

    def sync(self, times: int = 1) -> None:
        for _ in range(times):
            self.deliver()
            self.world.finish()
            self.pull()
