"""What the worker looks at once a minute: apps register a check that queues whatever is due (DESIGN §5)."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from ecm_site.conf import get_settings
from tasks_app.models import TickClaim

logger = logging.getLogger(__name__)

DueCheck = Callable[[datetime], object]

_EARLY = timedelta(seconds=5)  # two workers' clocks and loops are never exactly a minute apart
_SLOW_CHECK_SECONDS = 5.0

_checks: list[DueCheck] = []


def register_due_check(check: DueCheck) -> DueCheck:
    """Have ``check(now)`` called at every tick (by default once a minute) in one worker. It must be quick: queue work."""
    if check not in _checks:
        _checks.append(check)
    return check


def tick_seconds() -> int:
    """Time between two ticks; the operator may choose 10 to 300 seconds (T-15)."""
    return get_settings().task_tick_seconds


def claim_tick(now: datetime) -> bool:
    """Take the tick that is due; False when another worker has it. Atomic, so two workers never tick twice."""
    claim, created = TickClaim.objects.get_or_create(name="minute", defaults={"at": now})
    if created:
        return True
    pause = timedelta(seconds=tick_seconds())
    if claim.at > now + pause:  # the clock was set back: do not wait for it to catch up
        return TickClaim.objects.filter(pk=claim.pk, at=claim.at).update(at=now) == 1
    due_since = now - pause + min(_EARLY, pause / 4)
    return TickClaim.objects.filter(pk=claim.pk, at__lte=due_since).update(at=now) == 1


def run_due_checks(now: datetime) -> None:
    """Call every check. One that fails is logged and costs nobody else their turn."""
    for check in list(_checks):
        started = time.monotonic()
        try:
            check(now)
        except Exception:  # whatever an app's check does wrong, the others must still be asked
            logger.exception("[TASKS] Due check %s.%s failed", check.__module__, check.__qualname__)
        seconds = time.monotonic() - started
        if seconds > _SLOW_CHECK_SECONDS:
            logger.warning("[TASKS] Due check %s.%s took %.1f s", check.__module__, check.__qualname__, seconds)
