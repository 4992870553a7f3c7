"""Choosing the groups of an account (20 §4.1): search, filter, switch many, save once."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ecm_site.htmx import wants_partial
from ecm_site.typed_numbers import number_in, numbers_in
from m3u_app.choose_groups import (
    ONLY_NEW,
    ONLY_STALE,
    ONLY_SYNCED,
    GroupChange,
    GroupsChosen,
    GroupsMoved,
    SetGroups,
    SetMatching,
    choose_groups,
    sentence,
)
from m3u_app.group_list import GroupFilter, GroupPage, group_page
from m3u_app.linked_accounts import Synced, linked_to, pass_on
from m3u_app.models import Account
from m3u_app.views._answers import account_or_404
from tasks_app.mirror_pages.waits import waiting_rows

ONLY = (ONLY_NEW, ONLY_STALE, ONLY_SYNCED)
MAX_STEPS = 1000
LARGEST_ID = 2**63


class BadChanges(ValueError):
    """The posted changes are not what our page sends."""


def groups(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows a page of groups; POST saves what was changed on any page of them."""
    account = account_or_404(account_id)
    if request.method == "POST":
        return _save(request, account)
    page = group_page(account_id, _wanted(request.GET), _number(request.GET.get("page")))
    return _show(request, account, page)


def _save(request: HttpRequest, account: Account) -> HttpResponse:
    try:
        chosen = choose_groups(account.pk, read_changes(request.POST))
    except BadChanges as error:
        return HttpResponse(str(error), status=400, content_type="text/plain")
    except GroupsMoved as moved:
        return _refuse(request, account, str(moved))
    _say(request, chosen, pass_on(account.pk, chosen) if chosen.total else Synced())
    query = request.GET.urlencode()
    target = reverse("m3u:groups", args=[account.pk]) + (f"?{query}" if query else "")
    if not wants_partial(request):
        return redirect(target)
    page = group_page(account.pk, _wanted(request.GET), _number(request.GET.get("page")))
    return _show(request, account, page, saved=chosen)


def read_changes(data: Any) -> list[GroupChange]:
    """The changes of one form: the script's list of steps, or the check boxes and "all" buttons of a plain page.

    Raises :class:`BadChanges`.
    """
    if data.get("steps"):
        return _read_steps(data["steps"])
    if data.get("all") in ("on", "off"):
        expected = _number(data.get("expected"), default=-1)
        return [SetMatching(data.get("q", ""), data["all"] == "on", expected, _only(data.get("only", "")))]
    shown, ticked = _ids(data.getlist("shown")), _ids(data.getlist("enabled"))
    return [SetGroups(ticked & shown, enabled=True), SetGroups(shown - ticked, enabled=False)]


def _read_steps(text: str) -> list[GroupChange]:
    try:
        steps = json.loads(text)
        changes = [_read_step(step) for step in steps[:MAX_STEPS]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadChanges("The changes could not be read. Reload the page and try again.") from error
    return changes


def _read_step(step: dict[str, Any]) -> GroupChange:
    if "matching" in step:
        return SetMatching(
            str(step["matching"])[:255], bool(step["enabled"]), int(step["expected"]), _only(step.get("only", ""))
        )
    # A number that no row can have would be an error of the database, not an unknown group.
    return SetGroups(frozenset(pk for pk in map(int, step["ids"]) if 0 < pk < LARGEST_ID), bool(step["enabled"]))


def _say(request: HttpRequest, chosen: GroupsChosen, synced: Synced) -> None:
    if not chosen.total:
        messages.info(request, "No group was changed.")
        return
    is_single = len(chosen.entry_ids) == 1 and not synced.total
    undo = f"undo:{chosen.entry_ids[0]}" if is_single else f"undo-batch:{chosen.batch_id}"
    text = " ".join(filter(None, (sentence(chosen), synced.sentence())))
    messages.add_message(request, messages.WARNING if synced.failed else messages.SUCCESS, text, extra_tags=undo)


def _refuse(request: HttpRequest, account: Account, text: str) -> HttpResponse:
    messages.error(request, text)
    page = group_page(account.pk, _wanted(request.GET), _number(request.GET.get("page")))
    return _show(request, account, page, status=422)


def _show(
    request: HttpRequest, account: Account, page: GroupPage, *, saved: GroupsChosen | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "account": account,
        "page": page,
        "filter": page.filter,
        "saved": saved,
        "linked": linked_to(account.pk),
        "waits": waiting_rows({"account_group": [row.group.pk for row in page.rows]}),
    }
    template = "m3u_app/_groups.html" if wants_partial(request) else "m3u_app/groups.html"
    return render(request, template, context, status=status)


def _wanted(query: Any) -> GroupFilter:
    return GroupFilter(
        text=query.get("q", "").strip()[:255],
        hide_disabled=query.get("hide_disabled") == "1",
        only=_only(query.get("only", "")),
    )


def _only(text: object) -> str:
    return text if isinstance(text, str) and text in ONLY else ""


def _number(text: str | None, *, default: int = 1) -> int:
    number = number_in(text, figures=9)
    return default if number is None else number


def _ids(texts: list[str]) -> frozenset[int]:
    return frozenset(numbers_in(texts))
