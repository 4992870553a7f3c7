"""What viewers may open and send (50 U-5, §16 "read-only role"). The one place; closed by default.

A viewer may read (GET, HEAD) what only reads. Refused are: every other method, every dialog or page whose address also
takes such a method, and what holds passwords of providers. The lists name the exceptions, by route. What is for
administrators alone is refused by the views themselves, to viewers and editors alike.
"""

from collections.abc import Callable, Iterator
from typing import Any

READING = frozenset(("GET", "HEAD", "OPTIONS"))

VIEWERS_MAY_SEND = frozenset(
    (
        # what belongs to the person alone
        "sign-out/",
        "account/theme/",
        "account/password/",
        "settings/linked-accounts/<slug:provider>/link/",
        "settings/linked-accounts/<slug:provider>/unlink/",
        "channels/preferences/",
        "channels/views/save/",
        "channels/views/<int:view_id>/update/",
        "channels/views/<int:view_id>/rename/",
        "channels/views/<int:view_id>/delete/",
        "channels/views/<int:view_id>/default/",
        # questions that are too long for an address, and write nothing
        "channels/streams/marks/",
        "channels/profiles/<int:profile_id>/rows/",
        "channels/profiles/<int:profile_id>/ids/",
        "api/streams/by-ids",
        "api/stream-stats/compute-sort",
        "api/channels/find-duplicates",
        "api/channels/normalize-preview-batch",
        "api/cron/validate",
    )
)

VIEWERS_MAY_OPEN = frozenset(
    (
        # pages that show something and change it: viewers see them without what changes it
        "settings/",
        "settings/general/",
        "settings/channel-defaults/",
        "settings/normalization/",
        "settings/stream-sorting/",
        "settings/playlists/",
        "settings/guide/",
        "settings/players/",
        "settings/dispatcharr/",
        "settings/authentication/",
        "settings/appearance/",
        "settings/maintenance/",
        "settings/m3u-digest/",
        "m3u/<int:account_id>/groups/",
        "channels/profiles/<int:profile_id>/",
    )
)

HOLDS_SECRETS = frozenset(
    (
        # addresses of providers as they are, with the login
        "channels/streams/<int:stream_id>/address/",
        "channels/streams/<int:stream_id>/m3u/",
        "channels/streams/<int:stream_id>/vlc/",
        "channels/csv/export/",
        "channels/csv/export/file/",
        "api/channels/export-csv",
    )
)

MAY_NOT_CHANGE = "You may look at everything here, but change nothing. Ask an administrator of ECM if you need to."
MAY_NOT_SEE = "This holds logins of providers; only people who may edit see them. Ask an administrator of ECM if you need to."


def refusal_for_viewers(method: str, route: str, view: Callable[..., Any]) -> str:
    """Why a viewer may not do that, as a sentence; empty when it is allowed."""
    if getattr(view, "is_public", False) or route in VIEWERS_MAY_SEND:
        return ""
    if route in HOLDS_SECRETS:
        return MAY_NOT_SEE
    if method not in READING:
        return MAY_NOT_CHANGE
    if route in VIEWERS_MAY_OPEN or route.startswith("api/"):  # programs read and change things at the same address
        return ""
    return "" if only_reads(view) else MAY_NOT_CHANGE


def only_reads(view: Callable[..., Any]) -> bool:
    """Whether a view takes reading methods alone. One that does not say which it takes is thought to take all."""
    methods = methods_of(view)
    return methods is not None and methods <= READING


def methods_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """The methods that a view takes, as its decorator says (Django's ``require_…``, or our ``api(GET=…)``); None: unsaid."""
    for layer in _layers(view):
        for name, cell in zip(layer.__code__.co_freevars, layer.__closure__ or (), strict=True):
            if name in ("request_method_list", "methods"):
                return frozenset(cell.cell_contents)
    return None


def _layers(view: Callable[..., Any] | None) -> Iterator[Any]:
    """The function and what its decorators wrap, from the outside in."""
    while view is not None:
        if hasattr(view, "__code__"):
            yield view
        view = getattr(view, "__wrapped__", None)
