"""Where a plain form leads back to."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def back_from(request: HttpRequest, otherwise: str) -> str:
    """The page of this site that the form or the address names in ``next``, else ``otherwise``."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if is_ours else otherwise
