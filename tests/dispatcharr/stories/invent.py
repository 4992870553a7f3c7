"""Histories, each decided by its seed alone.

Whether they would notice is asked by breaking the engine on purpose. Caught after so many histories (seeds from 5000):

- the server's value wins a conflict unasked: 11 (unseen for 60 while the same number meant different channels on the two
  sides, which is why the operator picks rows in the server's order);
- our value wins a conflict unasked: 22; deliveries do not look at the server first: 22;
- what was sent without an answer is forgotten: not within 40;
- an edit made while the row is being delivered counts as delivered: not within 40.
"""

import os
import random
from collections.abc import Callable
from typing import Any

from tests.dispatcharr.stories.worker import DELIVER, PULL, SYNC

Step = tuple[Any, ...]
BIG = 840  # divisible by all that steps choose by
HERE_STEPS = {
    "edit_channel": (3, 8), "create_channel": (2, 4), "create_channels": (1, 2), "delete_channel": (1, 3),
    "move_channel": (2, 1), "merge_channels": (2, 2), "set_streams": (2, 3), "set_memberships": (3, 2), "draft": (3, 2),
    "undo": (1, 4), "group": (3, 3), "logo": (3, 2), "channel_profile": (3, 2), "stream_profile": (3, 2),
    "edit_account": (3, 2), "create_account": (1, 1), "delete_account": (1, 1), "choose_groups": (2, 2), "filter": (3, 3),
    "account_profile": (3, 2), "server_group": (3, 2), "custom_stream": (3, 2), "guide_source": (3, 3),
    "bulk_edit": (3, 4), "renumber": (2, 2), "delete_channels": (1, 1), "swap_names": (3, 3), "auto_sync": (3, 2),
    "sort_streams": (1, 1), "begin_draft": (3, 3), "end_draft": (0, 3), "discard_draft": (0, 1), "hide_group": (2, 1),
    "logos_of_streams": (1, 1),
}  # fmt: skip
"""What the operator does: numbers that it takes, how often it comes."""
THERE_STEPS = {
    "edit_channel_there": (3, 7), "set_streams_there": (2, 2), "create_channel_there": (1, 2), "delete_channel_there": (1, 3),
    "delete_many_channels_there": (1, 1), "members_there": (3, 2), "named_row_there": (4, 4), "logo_there": (3, 2),
    "account_there": (3, 2), "delete_account_there": (1, 1), "group_setting_there": (3, 2), "filter_there": (3, 2),
    "profile_there": (3, 1), "refresh_there": (2, 3), "custom_stream_there": (3, 2), "source_there": (3, 2),
    "guide_there": (2, 1), "time_passes_there": (1, 1), "auto_sync_there": (3, 4), "swap_names_there": (3, 2),
    "bulk_edit_there": (2, 2), "match_guides_there": (0, 1), "override_there": (3, 1), "lose_much_there": (1, 1),
}  # fmt: skip
MUCH_LOST = int(os.environ.get("HISTORIES_MUCH_LOST", "1"))
"""How often several kinds are lost there at once."""
UPHEAVALS = {
    "back_up_here": (0, 3), "go_back_here": (0, 3), "back_up_there": (0, 3), "go_back_there": (0, 3), "leave_and_adopt": (1, 1),
}  # fmt: skip
"""Backups of either side and the ways back to them; leaving the server and connecting again."""


def invented(seed: int, length: int = 16) -> list[Step]:
    """A history, decided by its seed alone."""
    rng = random.Random(seed)
    favourites = [rng.randrange(BIG) for _ in range(3)]  # so that both sides often mean the same row and the same field

    def number() -> int:
        return rng.choice(favourites) if rng.random() < 0.6 else rng.randrange(BIG)

    def some(steps: dict[str, tuple[int, int]]) -> Step:
        [name] = rng.choices(list(steps), [weight for _, weight in steps.values()])
        return (name, *(number() for _ in range(steps[name][0])))

    def run() -> Step:
        return ("run", rng.choice((DELIVER, DELIVER, PULL, SYNC)))

    def any_edit() -> Step:
        return some(HERE_STEPS if rng.random() < 0.6 else THERE_STEPS)

    def lost() -> Step:
        """A delivery whose writes are cut off somewhere."""
        how = rng.choice(("lost_answers", "kill_at_write"))
        return (
            (how, DELIVER, rng.randrange(4), rng.randrange(BIG)) if how == "lost_answers" else (how, DELIVER, rng.randrange(8))
        )

    def collision() -> list[Step]:
        """Both sides edit the same row, often the same field, and nothing is delivered in between."""
        which, field = number(), rng.randrange(8)
        mine = ("edit_channel", which, field, rng.randrange(BIG) // 8 * 8 + field)
        other = field if rng.random() < 0.5 else rng.randrange(8)
        theirs: Step = ("edit_channel_there", which, other, rng.randrange(BIG))
        if rng.random() < 0.2:
            theirs = ("delete_channel_there", which)
        elif rng.random() < 0.2:
            mine = ("delete_channel", which)  # type: ignore[assignment]
        return [mine, theirs] if rng.random() < 0.7 else [mine, ("faults", DELIVER, *(number() for _ in range(4))), theirs]

    def cut_off_creation() -> list[Step]:
        made: Step = ("create_channel", number(), number()) if rng.random() < 0.6 else ("create_channels", number())
        return [made, lost()] if rng.random() < 0.6 else [made, lost(), some(HERE_STEPS if rng.random() < 0.5 else THERE_STEPS)]

    def second_thoughts() -> list[Step]:
        """A row is edited again while it is on its way, or its edit is taken back before anybody knows whether it arrived."""
        which, field = number(), rng.randrange(8)
        mine, again = (("edit_channel", which, field, rng.randrange(BIG) // 8 * 8 + field) for _ in range(2))
        if rng.random() < 0.5:
            return [mine, ("meanwhile", rng.choice((DELIVER, SYNC)), [(rng.randrange(8), again)])]
        return [mine, lost(), ("undo", 0) if rng.random() < 0.5 else again]

    def there_and_back() -> list[Step]:
        """A backup, some work that is delivered, and the way back to it."""
        where = rng.choice(("here", "there"))
        works = [any_edit() for _ in range(rng.randrange(1, 4))]
        return [(f"back_up_{where}",), *works, ("run", rng.choice((DELIVER, SYNC))), (f"go_back_{where}",)]

    def older_backup_there() -> list[Step]:
        """The server goes back to an older backup after channels were made on both sides, and gives their ids again."""
        made: list[Step] = [("create_channel", number(), number()), ("create_channel_there", number())]
        rng.shuffle(made)
        mine: list[Step] = [some(HERE_STEPS)] if rng.random() < 0.5 else [("delete_channel", BIG - 1)]
        if rng.random() < 0.5:
            mine = [("edit_channel", BIG - 1, field := rng.randrange(8), rng.randrange(BIG) // 8 * 8 + field)]
        again: list[Step] = [("create_channel_there", number()) for _ in range(rng.randrange(1, 3))]
        return [("back_up_there",), *made, ("run", SYNC), *mine, ("go_back_there",), *again]

    def lost_account() -> list[Step]:
        """An account goes there, with the streams that channels have of it; that is seen, worked on and perhaps answered."""
        steps: list[Step] = [("delete_account_there", number() // 3 * 3), ("run", rng.choice((PULL, SYNC)))]
        steps += [rng.choice((("set_streams", number(), number()), ("set_streams_there", number(), number()), any_edit()))]
        steps += [("run", rng.choice((PULL, SYNC)))] if rng.random() < 0.5 else []
        return [*steps, ("answer", number(), number())]

    def much_lost() -> list[Step]:
        """Several kinds are lost there at once, and what is asked about them is answered in any order, with work in between."""
        steps: list[Step] = [any_edit(), ("run", SYNC)] if rng.random() < 0.5 else []
        steps += [("lose_much_there", rng.randrange(BIG)), ("run", rng.choice((PULL, SYNC)))]
        for _ in range(rng.randrange(1, 4)):
            steps += [some(HERE_STEPS)] if rng.random() < 0.3 else []
            steps += [("answer_held_back", rng.randrange(BIG))]
            steps += [("run", rng.choice((DELIVER, PULL, SYNC)))] if rng.random() < 0.6 else []
        return steps

    makers: dict[Callable[[], Step | list[Step]], int] = {
        lambda: some(HERE_STEPS): 9,
        lambda: some(THERE_STEPS): 6,
        collision: 4,
        cut_off_creation: 2,
        run: 2,
        lost: 1,
        lambda: ("faults", rng.choice((DELIVER, PULL, SYNC)), *(rng.randrange(BIG) for _ in range(4))): 2,
        lambda: ("lost_answers", rng.choice((DELIVER, SYNC)), rng.randrange(BIG), rng.randrange(BIG)): 2,
        lambda: ("kill_at_request", rng.choice((DELIVER, DELIVER, SYNC)), rng.randrange(60)): 1,
        lambda: ("kill_at_write", rng.choice((DELIVER, DELIVER, SYNC)), rng.randrange(10)): 2,
        lambda: ("kill_at_statement", rng.choice((DELIVER, SYNC, PULL)), rng.randrange(150)): 2,
        lambda: ("meanwhile", rng.choice((DELIVER, PULL, SYNC)), [(rng.randrange(25), any_edit()) for _ in range(3)]): 2,
        lambda: ("full_disk", rng.choice((DELIVER, SYNC))): 1,
        lambda: ("restart", rng.choice((DELIVER, SYNC)), rng.randrange(30)): 1,
        lambda: ("clock_skew", rng.randrange(-600, 600)): 1,
        lambda: ("answer", rng.randrange(BIG), rng.randrange(BIG)): 2,
        lambda: ("pull_some", rng.randrange(BIG)): 1,
        lambda: ("refresh_from_here", rng.randrange(BIG)): 1,
        lambda: ("locked_out", rng.choice((DELIVER, SYNC)), rng.randrange(BIG)): 1,
        lambda: ("peculiar_server", rng.randrange(BIG), rng.randrange(BIG)): 1,
        lambda: some(UPHEAVALS): 1,
        there_and_back: 1,
        second_thoughts: 2,
        older_backup_there: 1,
        lost_account: 1,
        much_lost: MUCH_LOST,
    }
    steps: list[Step] = []
    while len(steps) < length:
        told = rng.choices(list(makers), list(makers.values()))[0]()
        steps += told if isinstance(told, list) else [told]
    return steps
