"""The bell: what pages poll, the panel below it, the page with all notifications, and what can be done with one (50 §3)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.wording import counted, shortened
from tasks_app.engine import AlreadyRunning, InvalidParameters
from tasks_app.forms import NotificationFilterForm
from tasks_app.models import Notification
from tasks_app.notifications import actions, change_notifications, queries
from tasks_app.notifications.dead_ends import over_nothing
from tasks_app.notifications.store import TOAST
from tasks_app.notifications.worker_gone import look_for_worker
from tasks_app.registry import UnknownTask
from tasks_app.views.parameters import number_from
from tasks_app.views.rights import check_may_manage

CHANGED_EVENT = "notifications:changed"
LISTED_EVENT = "notifications:listed"
NEWS_EVENT = "notifications:news"
PAGE_SIZE = 50


@require_GET
@never_cache
def watch(request: HttpRequest) -> HttpResponse:
    """What the bell of an open page asks every few seconds: one query, and no answer (204) while nothing has changed.

    ``seen`` is the token of what the page shows, ``since`` the last news it told, ``parts`` is there while live lines are
    on screen.
    """
    look_for_worker(timezone.now())
    state = queries.bell_state()
    shows_live = "parts" in request.GET and state.live > 0
    changed = request.GET.get("seen") != state.token
    since = number_from(request, "since", state.news)
    if not changed and not shows_live and since >= state.news:
        return HttpResponse(status=204)
    context: dict[str, Any] = {"bell": state, "live": queries.live_lines() if shows_live else None}
    response = render(request, "tasks_app/_notification_watch.html", context)
    news = [_news(row) for row in queries.news_since(since)] if since < state.news else []
    if news:
        trigger_client_event(response, NEWS_EVENT, {"items": news})
    if changed:
        trigger_client_event(response, LISTED_EVENT, {})
    return response


@require_GET
def panel(request: HttpRequest) -> HttpResponse:
    """The newest, below the bell; a plain link leads to the page with all of them."""
    if not wants_partial(request):
        return redirect("notifications:list")
    context = {"live": queries.live_lines(), "rows": queries.newest(), "bell": queries.bell_state()}
    return render(request, "tasks_app/_notification_panel.html", context)


@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    form = NotificationFilterForm(request.GET)
    form.is_valid()  # what is unknown simply does not filter
    wanted = form.filter()
    context = {
        "form": form,
        "wanted": wanted,
        "live": queries.live_lines(),
        "page": queries.notification_page(wanted, number=number_from(request, "page", 1), size=PAGE_SIZE),
        "bell": queries.bell_state(),
        "here": request.get_full_path(),
    }
    return render_page(request, "tasks_app/notifications.html", "tasks_app/_notification_list.html", context)


@require_POST
def set_read(request: HttpRequest, pk: int) -> HttpResponse:
    notification = get_object_or_404(Notification, pk=pk)
    try:
        change_notifications.set_read(notification, request.POST.get("read") == "1")
    except change_notifications.StillLive as refusal:
        messages.info(request, str(refusal))
    return _changed(request)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        change_notifications.delete(get_object_or_404(Notification, pk=pk))
    except change_notifications.StillLive as refusal:
        messages.info(request, str(refusal))
    return _changed(request)


@require_POST
def mark_all_read(request: HttpRequest) -> HttpResponse:
    number = change_notifications.mark_all_read()
    messages.success(
        request, f"{counted(number, 'notification')} marked as read." if number else "Everything was read already."
    )
    return _changed(request)


@require_POST
def delete_read(request: HttpRequest) -> HttpResponse:
    number = change_notifications.delete_many(read_only=True)
    messages.success(request, f"{counted(number, 'read notification')} deleted." if number else "None of them is read.")
    return _changed(request)


@require_http_methods(["GET", "POST"])
def delete_all(request: HttpRequest) -> HttpResponse:
    """First it is shown how many there are, then they are deleted."""
    if request.method == "GET":
        wanted = queries.NotificationFilter()
        context = {"total": queries.matching(wanted).count(), "unread": queries.unread_count()}
        return render_page(
            request, "tasks_app/notifications_delete_all.html", "tasks_app/_notifications_delete_all.html", context
        )
    number = change_notifications.delete_many(read_only=False)
    messages.success(request, f"{counted(number, 'notification')} deleted.")
    return done(request, reverse("notifications:list"), CHANGED_EVENT)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the failed run of a notification again."""
    notification = get_object_or_404(Notification.objects.select_related("run"), pk=pk)
    if notification.run is not None:
        check_may_manage(request, notification.run.task_id)
    try:
        run = change_notifications.retry(notification)
    except AlreadyRunning as busy:
        messages.info(request, f"{busy} Wait for it or cancel it first.")
    except (change_notifications.CannotRetry, InvalidParameters, UnknownTask) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{shortened(run.title)} has been started.", extra_tags=f"run:{run.pk}")
    return _changed(request, "runs:changed")


@require_GET
def go(request: HttpRequest, pk: int, where: str) -> HttpResponse:
    """Follow a link of a notification, which marks it as read (N-6)."""
    notification = get_object_or_404(Notification.objects.select_related("run"), pk=pk)
    path = actions.target(notification, where)
    if path is None:
        raise Http404("This notification leads nowhere.")
    if not notification.live:
        change_notifications.set_read(notification, True)
    if where == "action" and notification.run is not None and over_nothing([notification.run]):
        messages.info(request, "What this notification was about is not there any more.")  # an old page still had the link
        path = reverse("tasks:run", args=[notification.run.pk])
    return redirect(path)


def _changed(request: HttpRequest, *events: str) -> HttpResponse:
    back = request.POST.get("next", "")
    if "/" not in back or not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("notifications:list")
    return done(request, back, CHANGED_EVENT, *events)


def _news(row: Notification) -> dict[str, Any]:
    link = actions.main_target(row)
    return {
        "id": row.pk,
        "news": row.news,
        "kind": row.kind,
        "text": f"{row.title}: {shortened(row.message, 300)}" if row.title else shortened(row.message, 300),
        "toast": bool(row.metadata.get(TOAST)),
        "run": row.run_id,
        "run_page": reverse("tasks:run", args=[row.run_id]) if row.run_id else "",
        "link": {"text": link.label, "href": reverse("notifications:go", args=[row.pk, link.where])} if link else None,
    }
