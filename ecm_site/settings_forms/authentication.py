"""Settings → Authentication (50 §7.5): in which ways people may sign in."""

from typing import Any

from django import forms

from ecm_site.settings_form import SettingsForm


class AuthenticationForm(SettingsForm):
    dispatcharr_sign_in = forms.BooleanField(
        label="People may sign in with their account of the Dispatcharr server",
        required=False,
        help_text=(
            "The sign-in page gets a second button. Dispatcharr takes three sign-ins a minute from this machine, so ECM passes"
            " on two a minute for all people together, right or wrong, and tells others how long to wait. Passwords of ECM go"
            " on working."
        ),
    )
    dispatcharr_create_users = forms.BooleanField(
        label="Who signs in so for the first time becomes a user of ECM",
        required=False,
        help_text=(
            "Admins of the server (level 10) become editors here; everybody else becomes a viewer, who may look at everything"
            " and change nothing. Nobody becomes an administrator so. At each sign-in the role follows the level on the server,"
            " unless an administrator has set it here (Raw data → Users, or manage.py user_role). Switched off, people whom ECM"
            " does not know yet are not let in; those who have signed in so before or have linked their account still are."
        ),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("dispatcharr_sign_in") and not self.current.dispatcharr_url:
            self.add_error("dispatcharr_sign_in", "Enter the address of the server first, under Dispatcharr.")
        return values
