"""Forms of setup, sign-in and password."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from ecm_site.check_sign_in import LONGEST_PASSWORD

NAME_ATTRIBUTES = {"autocomplete": "username", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
DIFFERENT = "The two passwords are different. Type the same one twice."
PASSWORD_HELP = "At least 8 characters; not a common password, and without your username in it."  # noqa: S105 - a help text


def password_field(label: str, *, new: bool, help_text: str = "") -> forms.CharField:
    """A password that is never rendered back and keeps its blanks."""
    hint = "new-password" if new else "current-password"
    widget = forms.PasswordInput(attrs={"autocomplete": hint})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text)


class SignInForm(forms.Form):
    """Says nothing about what was wrong: the view adds one sentence for every reason."""

    username = forms.CharField(
        label="Username",
        max_length=150,
        widget=forms.TextInput(attrs=NAME_ATTRIBUTES),
    )
    password = password_field("Password", new=False)


class SetupForm(forms.Form):
    username = forms.CharField(
        label="Username",
        min_length=3,
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        error_messages={"min_length": "The username needs at least 3 characters."},
        widget=forms.TextInput(attrs=NAME_ATTRIBUTES),
    )
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="Stays on this machine. ECM does not write to it unless you set up mail later.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = password_field("Password", new=True, help_text=PASSWORD_HELP)
    password_again = password_field("Password again", new=True)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password, again = values.get("password"), values.get("password_again")
        if password:
            future = User(username=values.get("username", ""), email=values.get("email", ""))
            _check_password(self, "password", password, future)
        if password and again and password != again:
            self.add_error("password_again", DIFFERENT)
        return values


class FirstPasswordForm(forms.Form):
    """A password of ECM for somebody who has none; the rules are those of every password (U-12)."""

    password = password_field("New password", new=True, help_text=PASSWORD_HELP)
    password_again = password_field("New password again", new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password, again = values.get("password"), values.get("password_again")
        if password:
            _check_password(self, "password", password, self.user)
        if password and again and password != again:
            self.add_error("password_again", DIFFERENT)
        return values


class LinkForm(forms.Form):
    """Name and password at the server that shall vouch from now on."""

    username = forms.CharField(
        label="Username at Dispatcharr",
        max_length=150,
        widget=forms.TextInput(attrs={**NAME_ATTRIBUTES, "autocomplete": "off"}),
    )
    password = password_field("Password at Dispatcharr", new=False)


class ChangePasswordForm(forms.Form):
    current = password_field("Current password", new=False)
    password = password_field("New password", new=True, help_text=PASSWORD_HELP)
    password_again = password_field("New password again", new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_current(self) -> str:
        current: str = self.cleaned_data["current"]
        if len(current) > LONGEST_PASSWORD or not self.user.check_password(current):
            raise ValidationError("This is not your current password.", code="wrong")
        return current

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password, again = values.get("password"), values.get("password_again")
        if password:
            _check_password(self, "password", password, self.user)
        if password and again and password != again:
            self.add_error("password_again", DIFFERENT)
        return values


def _check_password(form: forms.Form, field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        form.add_error(field, error)


class LogFilterForm(forms.Form):
    """Which of the kept log lines are shown."""

    fewest: ClassVar[int] = 200

    level = forms.ChoiceField(
        label="Level",
        required=False,
        choices=[("", "all levels"), ("INFO", "info and above"), ("WARNING", "warnings and errors"), ("ERROR", "errors")],
    )
    q = forms.CharField(
        label="Containing",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "words, a module, a request id"}),
    )
    lines = forms.TypedChoiceField(
        label="Lines",
        required=False,
        coerce=int,
        choices=[(200, "newest 200"), (1000, "newest 1,000"), (5000, "newest 5,000")],
    )


class UnlockForm(forms.Form):
    name = forms.CharField(max_length=150)
