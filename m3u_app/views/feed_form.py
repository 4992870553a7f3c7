"""What the form pages of accounts and guide sources do alike: try before saving, and show the boxes of another kind."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecm_site.htmx import wants_partial
from ecm_site.masking import mask_text
from ecm_site.refusals import ValuesRefused
from m3u_app.feeds.form import FeedForm
from m3u_app.providers.registry import TestReport
from m3u_app.store_upload import drop_pending


def tried(
    request: HttpRequest, form: FeedForm, look: Callable[[], TestReport], show: Callable[[dict[str, Any]], HttpResponse]
) -> HttpResponse:
    """Answer what ``look`` finds. For htmx that is just the result, what was typed stays in the browser; else ``show`` shows
    the form with it."""
    try:
        report = look()
    except ValuesRefused as refusal:
        # What the form found wrong with a box is nearer to the point than that nothing usable is in it.
        said = {name: str(form.errors[name][0]) if name in form.errors else text for name, text in refusal.errors.items()}
        facts = [(str(form[name].label) if name in form.fields else name, text) for name, text in said.items()]
        report = TestReport(ok=False, message="Correct this, then test again.", facts=facts)
    context = {
        "report": report,
        "message": mask_text(report.message),
        "facts": [(label, mask_text(value)) for label, value in report.facts],
    }
    if not wants_partial(request):
        return show(context)
    if form.pending is not None:
        drop_pending(form.pending)
    return render(request, "m3u_app/_test_result.html", context)


def typed_again(request: HttpRequest, first: dict[str, Any], kept: Sequence[str], url_box: str) -> dict[str, Any]:
    """What the boxes of another kind begin with: ``first``, and of what was typed the ``kept`` boxes and an address without
    secrets. Typed secrets are not carried over: they belong to the kind before."""
    url = request.POST.get(url_box, "")
    typed = {name: request.POST[name] for name in kept if name in request.POST}
    return first | typed | {url_box: url if mask_text(url) == url else ""}
