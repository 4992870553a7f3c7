"""Which colours a page is painted in: the user's own choice, else that of this browser, else that of the install (50 P-1).

The answer is written into the page by the server, so nothing flashes. Only "like the device" needs a script, which runs
before the first paint: the server cannot know how the device is set.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from ecm_site.conf import THEMES, get_settings
from ecm_site.models import UserPreferences

COOKIE = "ecm_theme"
HIGH_CONTRAST = "high-contrast"
LIGHT = "light"


@dataclass(frozen=True)
class Theme:
    """``name`` is what is shown, ``own`` what the user or this browser chose, ``install`` what the settings say."""

    name: str
    own: str
    install: str

    @property
    def scheme(self) -> str:
        """What Bootstrap knows: "light" or "dark"; high contrast is a dark one with more in it."""
        return LIGHT if self.name == LIGHT else "dark"

    @property
    def is_high_contrast(self) -> bool:
        return self.name == HIGH_CONTRAST


def theme_for(request: HttpRequest) -> Theme:
    """The theme of the page that answers ``request``."""
    user = getattr(request, "user", None)
    own = _preferred(user) if isinstance(user, User) else ""
    return _theme(own or request.COOKIES.get(COOKIE, ""))


def theme_without_user(request: HttpRequest) -> Theme:
    """As :func:`theme_for`, without asking the database; for the page that says that something broke."""
    return _theme(request.COOKIES.get(COOKIE, ""))


def choose_theme(user: User | AnonymousUser, name: str) -> None:
    """Keep what a signed-in user chose; "" goes back to what the install shows. Raises ``ValueError`` for another name."""
    if name and name not in THEMES:
        raise ValueError(f"{name} is not a theme")
    if isinstance(user, User):
        UserPreferences.objects.update_or_create(user=user, defaults={"theme": name})


def _preferred(user: User) -> str:
    preferences: UserPreferences | None = getattr(user, "ecm_preferences", None)  # comes along with the user
    return preferences.theme if preferences else ""


def _theme(own: str) -> Theme:
    install = get_settings().theme
    if own not in THEMES:
        own = ""
    return Theme(own or install, own, install)
