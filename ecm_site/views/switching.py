"""Settings → Dispatcharr: connect, let go, move, and go back to a backup; each looked at before it happens."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ecm_site.conf import get_settings
from ecm_site.settings_forms import find_page
from tasks_app import engine
from tasks_app.backup.blockers import blockers
from tasks_app.backup.restore import restore_snapshot
from tasks_app.backup.snapshots import Snapshot, SnapshotFailed, delete_snapshot, find_snapshot, list_snapshots
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.which_server import has_moved
from tasks_app.mirror.which_server_answer import doubt_of
from tasks_app.models import MirrorState
from tasks_app.queries import active_runs
from tasks_app.switching.preview import SwitchPreview, Way, local_preview, preview_switch
from tasks_app.switching.switch import LOCK
from tasks_app.switching.task import TASK_ID, unfinished_words


@dataclass(frozen=True)
class Words:
    title: str
    what: str
    button: str
    grave: bool = True


WORDS = {
    Way.ADOPT: Words(
        "Use the server’s lineup",
        "ECM becomes a mirror of the server: its accounts, guide sources and channels take the place of what is here."
        " From then on every edit made here is delivered to the server.",
        "Remove what is here and connect",
    ),
    Way.PUSH: Words(
        "Bring this lineup to the server",
        "What a server can hold of this lineup is created there. The server must be empty. It then fetches the playlists and"
        " guides by itself, and every later edit made here is delivered to it.",
        "Create it on the server",
        grave=False,
    ),
    Way.LEAVE: Words(
        "Go back to standalone",
        "ECM keeps everything as it is and works alone again: it fetches the playlists and guides itself. The server keeps"
        " what it has and is not touched any more.",
        "Let the server go",
    ),
    Way.MOVE: Words(
        "The server has a new address",
        "ECM looks whether the server at the new address is the one that it mirrors, and goes on with it. Nothing else is"
        " changed.",
        "Go on at the new address",
        grave=False,
    ),
}


def switching_context(request: HttpRequest) -> dict[str, object]:
    """For the card on the settings page; nothing is asked of the server."""
    state = mirror_state()
    return {
        "mirror": state,
        "has_server": bool(get_settings().dispatcharr_url),
        "has_moved": has_moved(state),
        "doubt": None if has_moved(state) else doubt_of(state),
        "unfinished": "" if active_runs([LOCK]) else unfinished_words(state),
        "snapshots": list_snapshots() if request.user.is_staff else [],
    }


@never_cache
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, way: str) -> HttpResponse:
    """GET says what it is about; POST looks at both sides, and POST with what was seen starts it."""
    _admins_only(request)
    if way not in set(Way):
        raise Http404
    chosen = Way(way)
    token = request.POST.get("token", "")
    if request.method == "POST" and token:
        return _started(request, {"way": chosen.value, "token": token})
    looked = request.method == "POST" or chosen is Way.LEAVE
    preview = preview_switch(chosen) if looked else local_preview(chosen)
    return _page(request, preview, looked=looked)


@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    """What stands half connected: go on with it, or leave it as it is."""
    _admins_only(request)
    state = mirror_state()
    if not state.connecting:
        messages.info(request, "Nothing is half done any more.")
        return redirect("settings_dispatcharr")
    if request.POST.get("answer") == "keep" and not state.connected:
        if active_runs([LOCK]):  # from a page that was opened before somebody else went on
            messages.info(request, "ECM is connecting right now. Stop that first, or wait for it.")
            return redirect("settings_dispatcharr")
        MirrorState.objects.filter(pk=state.pk, connected=False).update(connecting="")
        messages.success(request, "What is here stays as it is. The backup is kept below.")
        return redirect("settings_dispatcharr")
    return _started(request, {"way": state.connecting, "token": ""})


@never_cache
@require_http_methods(["GET", "POST"])
def go_back(request: HttpRequest, name: str) -> HttpResponse:
    """GET says what it means, POST does it: some seconds, and the database is what it was."""
    _admins_only(request)
    snapshot = _found(name)
    problem = ""
    if request.method == "POST":
        try:
            safety = restore_snapshot(snapshot.name)
        except SnapshotFailed as failed:
            problem = str(failed)
        else:
            messages.success(request, f"The database is what it was. What was there before is kept as {safety.name}.")
            return redirect("settings_dispatcharr")
    context = {"page": find_page("dispatcharr"), "snapshot": snapshot, "problem": problem, "problems": blockers()}
    return render(request, "settings/go_back.html", context, status=409 if problem else 200)


@require_POST
def forget_snapshot(request: HttpRequest, name: str) -> HttpResponse:
    _admins_only(request)
    try:
        delete_snapshot(name)
    except SnapshotFailed as failed:
        messages.error(request, str(failed))
    else:
        messages.success(request, f"The backup {name} was deleted.")
    return redirect("settings_dispatcharr")


def _started(request: HttpRequest, parameters: dict[str, str]) -> HttpResponse:
    try:
        run = engine.start_run(TASK_ID, parameters, user_id=request.user.pk)
    except engine.AlreadyRunning as running:
        messages.info(request, f"{running.run.title} is under way; this is what runs. Try again when it has ended.")
        run = running.run
    return redirect("tasks:run", run.pk)


def _page(request: HttpRequest, preview: SwitchPreview, *, looked: bool) -> HttpResponse:
    context = {"page": find_page("dispatcharr"), "preview": preview, "words": WORDS[preview.way], "looked": looked}
    return render(request, "settings/switch.html", context, status=409 if looked and preview.problems else 200)


def _found(name: str) -> Snapshot:
    try:
        find_snapshot(name)
    except SnapshotFailed as failed:
        raise Http404 from failed
    return next(snapshot for snapshot in list_snapshots() if snapshot.name == name)


def _admins_only(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Connecting to a server is for administrators.")
