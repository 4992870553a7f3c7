"""A process that is killed in the middle of a commit leaves the lineup untouched and the draft open and whole."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from channels_app.commands import UpdateChannel
from channels_app.drafts.lives import unfinished_draft
from channels_app.drafts.storage import path_of
from channels_app.edit_channels import update_channel
from channels_app.models import Channel, Draft, DraftState
from channels_app.tests.commit_fixtures import applied, make_user, net, new_draft, stage
from channels_app.tests.lineup_fixtures import make_channel
from tasks_app.models import RunStatus, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)

# Applies the draft as the worker does, and stops at a marked place, where the test kills it.
_CHILD = """
import os, sys, time
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "ecm_site.settings"
import django
django.setup()
from django.conf import settings
from django.db import connections
database, folder, draft_id, place = sys.argv[1:5]
settings.CONFIG_DIR = Path(folder)
connections["default"].settings_dict["NAME"] = database
from channels_app.drafts import commit_draft as module, leftovers
from channels_app.drafts.tasks import TASK_ID
from tasks_app.engine import run_here

def stop(*values, **more):
    print("here", flush=True)
    time.sleep(60)

if place == "in the transaction":
    module._close = stop
elif place == "before the rest is kept":
    module.hand_over = stop
run_here(TASK_ID, {"draft_id": int(draft_id), "excluded": sys.argv[5:] and [["channel", int(sys.argv[5])]] or []})
"""


def kill_while_committing(draft: Draft, place: str, *excluded: int) -> None:
    script = Path(settings.CONFIG_DIR) / "child.py"
    script.write_text(textwrap.dedent(_CHILD))
    database = str(connections["default"].settings_dict["NAME"])
    arguments = [database, str(settings.CONFIG_DIR), str(draft.pk), place, *map(str, excluded)]
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    child = subprocess.Popen(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, cwd=settings.BASE_DIR, env=environment
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(60)


def begin(draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.COMMITTING)


def test_killed_in_the_transaction_nothing_is_applied_and_the_draft_is_open_again() -> None:
    user = make_user()
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, lambda: update_channel(UpdateChannel(channel.pk, {"name": "Alpha"})))
    begin(draft)
    kill_while_committing(draft, "in the transaction")
    assert Channel.objects.get().name == "A"
    healed = _looked_at_until_open(user)
    assert (healed.pk, healed.state) == (draft.pk, DraftState.OPEN)
    assert net(healed)["channel", channel.pk].after == {"name": "Alpha"}
    assert TaskRun.objects.get().status == RunStatus.TERMINATED
    applied(healed)
    assert Channel.objects.get().name == "Alpha"


def test_killed_before_the_rest_is_kept_the_rest_is_kept_later() -> None:
    user = make_user()
    a, b = make_channel("A"), make_channel("B")
    draft = new_draft()
    for channel in (a, b):
        stage(draft, lambda channel=channel: update_channel(UpdateChannel(channel.pk, {"name": f"{channel.name}!"})))  # type: ignore[misc]
    begin(draft)
    kill_while_committing(draft, "before the rest is kept", b.pk)
    assert set(Channel.objects.values_list("name", flat=True)) == {"A!", "B"}
    assert path_of(draft.file_name).exists()
    rest = _looked_at_until_open(user)
    assert rest.pk != draft.pk
    assert net(rest)["channel", b.pk].after == {"name": "B!"}
    assert not path_of(draft.file_name).exists()


def _looked_at_until_open(user: Any) -> Draft:
    """What the person's next pages find; a run counts as dead a moment after its process is gone."""
    for _ in range(50):
        draft = unfinished_draft(user)
        assert draft is not None
        if draft.state == DraftState.OPEN:
            return draft
        Draft.objects.filter(pk=draft.pk).update(changed_at="2026-01-01T00:00:00Z")  # the run is known; no grace is needed
        time.sleep(0.1)
    raise AssertionError("the draft stays closed for editing")
