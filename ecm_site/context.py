"""What every template knows."""

from typing import Any

from django.http import HttpRequest

from ecm_site.conf import get_settings
from ecm_site.version import VERSION


def site(request: HttpRequest) -> dict[str, Any]:
    return {"ecm": get_settings(), "ecm_version": VERSION}
