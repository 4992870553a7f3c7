"""Who may do what: administrators everything, editors all but what is for administrators, viewers look (50 U-5, §16).

A ground stone: views and use cases of all rooms ask it. What each role may open and send is in :mod:`ecm_site.role_rules`.
"""

from enum import StrEnum
from typing import Any


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"


def role_of(user: Any) -> Role:
    """The role of a request's user. It comes along with the user (``sign_in_backend``), so asking costs nothing.

    Staff are administrators, whatever else is noted about them. Who has no role of their own was made by an administrator,
    or before there were roles: an editor. Strangers are viewers, of what is public.
    """
    if not getattr(user, "is_authenticated", False):
        return Role.VIEWER
    if user.is_staff:
        return Role.ADMINISTRATOR
    noted = getattr(user, "ecm_role", None)
    return Role.VIEWER if noted is not None and noted.role == Role.VIEWER else Role.EDITOR


def may_edit(user: Any) -> bool:
    """Whether ``user`` may change anything that others see, and see what holds passwords of providers."""
    return role_of(user) is not Role.VIEWER
