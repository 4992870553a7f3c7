"""Sends what is due, in a thread of the worker: one message after the other, never inside a transaction (A-5, A-7)."""

import logging
import os
import threading
from datetime import datetime

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from tasks_app import shutdown
from tasks_app.alerts import outbox, trouble
from tasks_app.alerts.channel import ChannelError, InvalidMethod
from tasks_app.alerts.channels import find_channel
from tasks_app.alerts.clean_text import one_line

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
"""How often the worker looks; so much later than planned may a message leave."""

_thread: threading.Thread | None = None
# Held while the sending thread has the database open. A fork waits for it, since an open SQLite file must not cross one.
_database = threading.RLock()
os.register_at_fork(before=_database.acquire, after_in_parent=_database.release, after_in_child=_database.release)


def look() -> None:
    """The worker's duty: start sending if anything waits and nobody sends yet. Returns at once."""
    global _thread
    if (_thread is not None and _thread.is_alive()) or not outbox.waiting_method_ids():
        return
    _thread = threading.Thread(target=_send_in_thread, name="alerts", daemon=True)
    _thread.start()


def send_due(now: datetime | None = None) -> int:
    """Send every message that may be sent now, one for each method; returns how many went out. For the thread and for tests."""
    with _database:
        method_ids = outbox.waiting_method_ids()
        _let_go_of_database()
    sent = 0
    for method_id in method_ids:
        if shutdown.is_draining():
            break
        try:
            sent += _send_one(method_id, now)
        except DatabaseError as error:
            logger.warning("[ALERTS] The queue of method %s cannot be read now: %s", method_id, error)
    return sent


def _send_in_thread() -> None:
    try:
        send_due()
    except Exception:  # a thread that dies in silence would stop all alerts
        logger.exception("[ALERTS] Sending failed")
    finally:
        connections.close_all()


def _send_one(method_id: int, now: datetime | None) -> bool:
    with _database:
        parcel = outbox.take(method_id, now or timezone.now())
        _let_go_of_database()
    if parcel is None:
        return False
    problem: ChannelError | None = None
    note = ""
    try:
        note = find_channel(parcel.method_type).send(parcel.values, parcel.message)
    except ChannelError as error:
        problem = error
    except InvalidMethod as error:
        problem = ChannelError(str(error), may_pass=False)
    except Exception as error:  # whatever a service makes us stumble over must not stop the others' alerts
        logger.exception("[ALERTS] Sending to method %s failed", method_id)
        problem = ChannelError(f"Sending failed ({type(error).__name__}).", may_pass=False)
    with _database:
        ended = now or timezone.now()
        if problem is None:
            outbox.was_sent(parcel, one_line(note, 500), ended)
            logger.info("[ALERTS] Sent to %s: %s", parcel.method_name, parcel.message.title)
        else:
            failures = outbox.was_refused(parcel, problem, ended)
            logger.warning("[ALERTS] Not sent to %s: %s", parcel.method_name, problem)
            if failures == outbox.TROUBLE_AFTER:
                trouble.tell(parcel.method_id, parcel.method_name, str(problem))
        _let_go_of_database()
    return problem is None


def _let_go_of_database() -> None:
    """Close this thread's connection, unless a test (or a caller) is inside a transaction of its own."""
    if not connection.in_atomic_block and threading.current_thread() is not threading.main_thread():
        connections.close_all()
