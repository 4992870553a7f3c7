"""Finds the user of a session, with preferences and role, in one query."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User


class AccountBackend(ModelBackend):
    """Django's own, except that what the user has chosen and may do comes along; every page needs it."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("ecm_preferences", "ecm_role").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
