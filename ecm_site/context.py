"""What every template knows."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ecm_site.conf import get_settings
from ecm_site.roles import may_edit, role_of
from ecm_site.theme import theme_for
from ecm_site.version import build


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        # Lazy: asking who somebody is asks the database, and a page that says that there is none must not.
        "role": SimpleLazyObject(lambda: role_of(getattr(request, "user", None))),
        "may_edit": SimpleLazyObject(lambda: may_edit(getattr(request, "user", None))),
        "ecm": get_settings(),
        "ecm_version": build().version,
        "theme": SimpleLazyObject(lambda: theme_for(request)),  # parts of pages need none
    }
