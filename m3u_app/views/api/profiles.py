"""``/api/m3u/accounts/<id>/profiles`` (20 §6). Patterns hold logins: they can be set, and are never told."""

from m3u_app.edit_profiles import ProfileValues, add_profile, change_profile, remove_profile
from m3u_app.models import AccountProfile
from m3u_app.views.api.rows import rows_of_account

_KEPT = ("name", "max_streams", "is_active", "notes", "exp_date")


def _shape(stored: AccountProfile) -> dict[str, object]:
    return {
        "id": stored.pk,
        "name": stored.name,
        "max_streams": stored.max_streams,
        "is_active": stored.is_active,
        "is_default": stored.is_default,
        "has_patterns": bool(stored.search_pattern),
        "notes": stored.notes,
        "exp_date": stored.exp_date.isoformat(timespec="seconds") if stored.exp_date else None,
    }


profiles, profile = rows_of_account(
    AccountProfile,
    "profile",
    shape=_shape,
    first=lambda account: ProfileValues(max_streams=account.max_streams),
    values_of=lambda stored: ProfileValues(**{name: getattr(stored, name) for name in _KEPT}),
    add=add_profile,
    change=change_profile,
    remove=remove_profile,
)
