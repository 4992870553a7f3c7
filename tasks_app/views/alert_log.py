"""The delivery log: what was sent where, when, after how many attempts, and what went wrong."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.htmx import render_page
from tasks_app.alerts.queries import delivery_page
from tasks_app.models import AlertMethod, DeliveryStatus
from tasks_app.views.parameters import number_from


@never_cache
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    method = request.GET.get("method", "")
    method_id = int(method) if method.isascii() and method.isdecimal() and len(method) < 19 else None
    context = {
        "page": delivery_page(method_id=method_id, status=status, number=number_from(request, "page", 1)),
        "methods": AlertMethod.objects.only("id", "name"),
        "method_id": method_id,
        "status": status,
        "statuses": DeliveryStatus.choices,
    }
    return render_page(request, "tasks_app/alert_deliveries.html", "tasks_app/_alert_deliveries.html", context)
