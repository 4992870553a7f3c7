"""Password rules of 50 U-12 that Django does not bring along."""

from typing import Any

from django.core.exceptions import ValidationError


class UsernameInPasswordValidator:
    def validate(self, password: str, user: Any = None) -> None:
        name = getattr(user, "username", "") or ""
        if name and name.lower() in password.lower():
            raise ValidationError("The password must not contain the username.", code="password_contains_username")

    def get_help_text(self) -> str:
        return "It must not contain the username."


class MaximumLengthValidator:
    def __init__(self, max_length: int = 256) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(f"The password is longer than {self.max_length} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"At most {self.max_length} characters."
