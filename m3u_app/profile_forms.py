"""The form of an account's profile. What is allowed is decided in :mod:`m3u_app.edit_profiles`."""

from typing import Any

from django import forms

from m3u_app.edit_profiles import ProfileRefused, ProfileValues, patterns_for_login
from m3u_app.models import Account, AccountProfile, AccountType
from m3u_app.typed_dates import day_of, end_of_day, expiry_field

_CODE = {"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}


class ProfileForm(forms.Form):
    """Add or edit a profile. Patterns and logins are never shown again: an empty box keeps what is stored.

    Xtream accounts have a simple mode: the second login is typed, and the patterns are made from it.
    """

    name = forms.CharField(max_length=255, required=False)
    login_username = forms.CharField(
        label="User name", max_length=255, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    login_password = forms.CharField(
        label="Password",
        max_length=255,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    search_pattern = forms.CharField(
        label="Look for",
        required=False,
        strip=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="A regular expression on the stream's address, like ^http://a/live/u1/p1/(.*)$",
    )
    replace_pattern = forms.CharField(
        label="Put in its place",
        required=False,
        strip=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="$1 is the first part in brackets, like http://a/live/u2/p2/$1",
    )
    max_streams = forms.IntegerField(
        label="Streams at a time", min_value=0, max_value=100_000, help_text="0 = unlimited.", required=False
    )
    exp_date = expiry_field()
    notes = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    is_active = forms.BooleanField(label="Enabled", required=False)

    def __init__(self, *args: Any, account: Account, profile: AccountProfile, **kwargs: Any) -> None:
        self.account, self.profile = account, profile
        is_new = profile._state.adding and not profile.is_default
        initial = {
            "name": profile.name,
            "max_streams": account.max_streams if is_new or profile.is_default else profile.max_streams,
            "notes": profile.notes,
            "exp_date": day_of(profile.exp_date),
            "is_active": profile.is_active,
        }
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        if profile.is_default:
            for name in ("login_username", "login_password", "search_pattern", "replace_pattern", "max_streams", "is_active"):
                del self.fields[name]
        elif account.account_type != AccountType.XTREAM:
            del self.fields["login_username"], self.fields["login_password"]
        if not profile._state.adding and not profile.is_default:
            for name in ("search_pattern", "replace_pattern"):
                self.fields[name].widget.attrs["placeholder"] = "stored; empty = keep it"
        for name, field in self.fields.items():
            mono = " font-monospace" if name.endswith("_pattern") else ""
            field.widget.attrs["class"] = "form-check-input" if name == "is_active" else f"form-control{mono}"

    def values(self) -> ProfileValues:
        """What was typed. Only of a form that was cleaned."""
        data = self.cleaned_data
        search, replace = self.patterns()
        return ProfileValues(
            name=data.get("name") or "",
            max_streams=data.get("max_streams") or 0,
            is_active=bool(data.get("is_active")),
            search_pattern=search,
            replace_pattern=replace,
            notes=data.get("notes") or "",
            exp_date=end_of_day(data.get("exp_date"), self.profile.exp_date),
        )

    def patterns(self) -> tuple[str | None, str | None]:
        """The patterns as typed or made from a typed login; None where the stored one stays."""
        data = self.cleaned_data
        username, password = data.get("login_username") or "", data.get("login_password") or ""
        if username and password:
            return patterns_for_login(self.account, username, password)
        return data.get("search_pattern") or None, data.get("replace_pattern") or None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if bool(data.get("login_username")) != bool(data.get("login_password")):
            empty = "login_password" if data.get("login_username") else "login_username"
            self.add_error(empty, "Give both, user name and password.")
        elif data.get("login_username") and (data.get("search_pattern") or data.get("replace_pattern")):
            self.add_error("search_pattern", "Give a login or patterns, not both.")
        return data

    def refuse(self, refusal: ProfileRefused) -> None:
        """Put the sentences of a refusal beside their fields."""
        for name, sentence in refusal.errors.items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, sentence)

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is not None:
            self.fields[field].widget.attrs["class"] += " is-invalid"
