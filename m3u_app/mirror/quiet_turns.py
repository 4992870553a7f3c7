"""Write transactions whose changes come from the server: nothing in them waits for delivery."""

from collections.abc import Iterator
from contextlib import contextmanager

from m3u_app.write_turns import WriteTurns
from tasks_app.mirror.state import quietly


class QuietTurns(WriteTurns):
    @contextmanager
    def turn(self, rows: int = 0) -> Iterator[None]:
        with super().turn(rows), quietly():
            yield
