"""Settings → Maintenance: is everything well, how much room it takes, the log, names that have to wait (50 §5.4, §11)."""

import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import django
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecm_site.conf import get_settings
from ecm_site.forms import LogFilterForm, UnlockForm
from ecm_site.health import readiness
from ecm_site.recent_log import RECENT_LINES, raw_lines, recent_lines
from ecm_site.schema_state import schema_state
from ecm_site.settings_forms.maintenance import MaintenanceForm
from ecm_site.sign_in_limits import waiting_addresses, waiting_names
from ecm_site.state_words import state_lines
from ecm_site.storage import storage
from ecm_site.unlock_sign_in import unlock_sign_in
from ecm_site.version import build
from ecm_site.views.settings_pages import save_form
from ecm_site.wording import counted
from tasks_app.queries import worker_health
from tasks_app.registry import all_tasks

TITLE = "Maintenance"
CLEAN_UP = "cleanup"


@dataclass(frozen=True)
class Versions:
    python: str
    django: str
    sqlite: str


@never_cache
@require_http_methods(["GET", "POST"])
def maintenance(request: HttpRequest) -> HttpResponse:
    """Saves the log level; everything else on the page is looked at or has a page of its own."""
    form = MaintenanceForm(request.POST if request.method == "POST" else None, current=get_settings())
    if request.method == "POST" and save_form(request, TITLE, form):
        return redirect("settings_maintenance")
    state = readiness(asks_server=False)
    context = {
        "form": form,
        "state": state_lines(state),
        "is_ready": state.is_ready,
        "worker": worker_health(),
        "schema": schema_state(),
        "storage": storage(),
        "build": build(),
        "versions": Versions(platform.python_version(), django.get_version(), sqlite3.sqlite_version),
        "can_clean_up": any(task.task_id == CLEAN_UP for task in all_tasks()),
        "clean_up": CLEAN_UP,
    }
    if request.user.is_staff:
        context |= {"waiting_names": waiting_names(), "waiting_addresses": waiting_addresses()}
    return render(request, "settings/maintenance.html", context, status=422 if form.is_bound else 200)


@require_POST
def unlock(request: HttpRequest) -> HttpResponse:
    _admins_only(request)
    form = UnlockForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["name"]
        forgotten = unlock_sign_in(name)
        if forgotten:
            messages.success(request, f"“{name}” may sign in again. {counted(forgotten, 'wrong password')} forgotten.")
        else:
            messages.info(request, f"“{name}” does not have to wait.")
    else:
        messages.error(request, "There is no name to let in. Choose one from the list.")
    return redirect("settings_maintenance")


@never_cache
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """The newest lines of all processes."""
    _admins_only(request)
    form = LogFilterForm(request.GET)
    form.is_valid()  # an unknown level does not filter
    lines = recent_lines(
        settings.LOG_DIR,
        limit=int(form.cleaned_data.get("lines") or LogFilterForm.fewest),
        level=form.cleaned_data.get("level", ""),
        containing=form.cleaned_data.get("q", ""),
    )
    context = {"form": form, "lines": lines, "is_filtered": any(request.GET.values())}
    return render(request, "settings/log.html", context)


@never_cache
@require_GET
def download_log(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The newest 10,000 lines as they are kept: one JSON object a line, credentials masked when they were written."""
    _admins_only(request)
    response = StreamingHttpResponse(_newest_lines(), content_type="application/x-ndjson; charset=utf-8")
    moment = datetime.now(UTC).strftime("%Y-%m-%d_%H%M%S")
    response["Content-Disposition"] = f'attachment; filename="ecm-log-{moment}.jsonl"'
    return response


def _newest_lines() -> Iterator[str]:
    surplus = sum(1 for _ in raw_lines(settings.LOG_DIR)) - RECENT_LINES
    for number, line in enumerate(raw_lines(settings.LOG_DIR)):
        if number >= surplus:
            yield f"{line}\n"


def _admins_only(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("This is for administrators.")
