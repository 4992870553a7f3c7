"""Adds, changes and deletes the profiles of an account (20 §6); journalled, undoable, their logins kept secret."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ecm_site.crypto import SecretUnreadable, decrypt, encrypt
from ecm_site.refusals import ValuesRefused
from ecm_site.regex import PatternRefused, compile_pattern, compile_replacement
from ecm_site.wording import shortened
from m3u_app.account_journal import CATEGORY
from m3u_app.account_profiles import default_profile
from m3u_app.account_values import AccountLocked, check_numbers
from m3u_app.find_account import find_account
from m3u_app.mirror.patterns_there import NotForTheServer, pattern_for_server, replacement_for_server
from m3u_app.models import Account, AccountProfile
from m3u_app.providers.xtream.address import address_part
from m3u_app.undo_rows import undo_row
from tasks_app.journal import build_entry, log_entries
from tasks_app.mirror.state import is_connected
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

PROFILE_ENTITY = "account_profile"
SECRETS = ("search_pattern", "replace_pattern")
FIELDS = ("name", "max_streams", "is_active", *SECRETS, "notes", "exp_date")
MAX_PROFILES = 50


class ProfileRefused(ValuesRefused):
    """The profile cannot be so."""


@dataclass(frozen=True)
class ProfileValues:
    """What can be said about a profile. Both patterns None = as they were."""

    name: str = ""
    max_streams: int = 0
    is_active: bool = True
    search_pattern: str | None = None
    replace_pattern: str | None = None
    notes: str = ""
    exp_date: datetime | None = None


def patterns_for_login(account: Account, username: str, password: str) -> tuple[str, str]:
    """The patterns that exchange the account's own login for another one in its stream addresses (Xtream)."""
    old = f"/{re.escape(address_part(account.username))}/{re.escape(address_part(account.password))}/"
    new = f"/{address_part(username)}/{address_part(password)}/".replace("\\", "\\\\").replace("$", "$$")
    return f"^(.*){old}([^/]*)$", f"${{1}}{new}${{2}}"


def add_profile(account_id: int, values: ProfileValues) -> tuple[AccountProfile, int | None]:
    """Make a profile. Returns it and the journal entry's id.

    Raises :class:`ProfileRefused`, ``AccountLocked`` and ``Account.DoesNotExist``; so do the others.
    """
    account = _changeable(account_id)
    profile = AccountProfile(account=account)
    _check(profile, values)
    if account.profiles.count() >= MAX_PROFILES:
        raise ProfileRefused({"name": f"An account can have {MAX_PROFILES} profiles. Delete one first."})
    _assign(profile, values)
    with transaction.atomic():
        profile.save(force_insert=True)
        entry = _entry(profile, "create", f"Added profile “{shortened(profile.name)}”", after=_shown(profile))
        return profile, _logged(entry)


def change_profile(account_id: int, profile_id: int | None, values: ProfileValues) -> tuple[AccountProfile, int | None]:
    """Save what differs; ``profile_id`` None is the default profile. The entry's id is None when nothing does.

    Raises ``AccountProfile.DoesNotExist`` too.
    """
    account = _changeable(account_id)
    profile = default_profile(account) if profile_id is None else account.profiles.get(pk=profile_id)
    _check(profile, values)
    is_new = profile._state.adding
    before = {name: getattr(profile, name) for name in FIELDS}
    _assign(profile, values)
    changed = [name for name in FIELDS if getattr(profile, name) != before[name]]
    if not changed:
        return profile, None
    with transaction.atomic():
        profile.save()
        entry = _entry(
            profile,
            "create" if is_new else "update",
            f"Changed {', '.join(_label(name) for name in changed)} of profile “{shortened(profile.name)}”",
            before=None if is_new else {name: _journalled(name, before[name]) for name in changed},
            after=_shown(profile, None if is_new else changed),
        )
        return profile, _logged(entry)


def remove_profile(account_id: int, profile_id: int) -> tuple[str, int | None]:
    """Delete one; returns its name and the journal entry's id. The default profile stays (20 §6)."""
    account = _changeable(account_id)
    profile = account.profiles.get(pk=profile_id)
    if profile.is_default:
        raise ProfileRefused({"name": "The default profile stands for the account itself and stays."})
    with transaction.atomic():
        entry = _entry(profile, "delete", f"Deleted profile “{shortened(profile.name)}”", before=_shown(profile))
        profile.delete()
        return profile.name, _logged(entry)


def undo_profile_change(entry: JournalEntry) -> None:
    """Put a profile back as it was. Raises :class:`UndoConflict`."""
    values = entry.before_value or entry.after_value or {}
    found = AccountProfile.objects.filter(pk=entry.entity_id or 0).values_list("account_id", flat=True).first()
    account = Account.objects.filter(pk=found or values.get("account_id") or 0).only("locked").first()
    if account is None:
        raise UndoConflict("the account has been deleted since")
    if account.locked:
        raise UndoConflict("the account is locked")
    undo_row(entry, AccountProfile, stored=_restored)


def register() -> None:
    """Called when the app starts."""
    register_undo(PROFILE_ENTITY, undo_profile_change)


def _changeable(account_id: int) -> Account:
    account = find_account(account_id)
    if account.locked or account.deleting_since is not None:
        raise AccountLocked(account)
    return account


def _check(profile: AccountProfile, values: ProfileValues) -> None:
    errors = dict(check_numbers(max_streams=values.max_streams))
    name = " ".join(values.name.split())
    others = AccountProfile.objects.filter(account_id=profile.account_id, name__iexact=name).exclude(pk=profile.pk)
    if not name:
        errors["name"] = "Give the profile a name."
    elif len(name) > 255:
        errors["name"] = "The name is longer than 255 characters. Shorten it."
    elif others.exists():
        errors["name"] = "The account has a profile of this name. Choose another one."
    if not profile.is_default:
        errors |= _pattern_problems(profile, values)
    if errors:
        raise ProfileRefused(errors)


def _pattern_problems(profile: AccountProfile, values: ProfileValues) -> dict[str, str]:
    search = profile.search_pattern if values.search_pattern is None else values.search_pattern
    replace = profile.replace_pattern if values.replace_pattern is None else values.replace_pattern
    if not replace:
        return {"replace_pattern": "Say what stands in its place; $1 is the first part in brackets."} | (
            {} if search else {"search_pattern": "Say what is looked for in the address."}
        )
    try:
        pattern = compile_pattern(search, max_length=AccountProfile.PATTERN_LIMIT)
    except PatternRefused as refusal:
        return {"search_pattern": str(refusal)}
    if len(replace) > AccountProfile.PATTERN_LIMIT:
        return {"replace_pattern": f"This has {len(replace)} characters; {AccountProfile.PATTERN_LIMIT} are allowed."}
    try:
        compile_replacement(replace, pattern)
    except PatternRefused as refusal:
        return {"replace_pattern": str(refusal)}
    return _problems_there(search, replace) if is_connected() else {}


def _problems_there(search: str, replace: str) -> dict[str, str]:
    """What a mirrored server, which runs other patterns than we do, could not use."""
    problems: dict[str, str] = {}
    for name, write, text in (
        ("search_pattern", pattern_for_server, search),
        ("replace_pattern", replacement_for_server, replace),
    ):
        try:
            write(text)
        except NotForTheServer as refusal:
            problems[name] = str(refusal)
    return problems


def _assign(profile: AccountProfile, values: ProfileValues) -> None:
    profile.name = " ".join(values.name.split())
    profile.notes, profile.exp_date = values.notes.replace("\0", "").strip(), values.exp_date
    if profile.is_default:
        return
    profile.max_streams, profile.is_active = values.max_streams, values.is_active
    if values.search_pattern is not None:
        profile.search_pattern = values.search_pattern
    if values.replace_pattern is not None:
        profile.replace_pattern = values.replace_pattern


def _shown(profile: AccountProfile, names: list[str] | None = None) -> dict[str, Any]:
    fixed = {"account_id": profile.account_id, "is_default": profile.is_default}
    values = {name: _journalled(name, getattr(profile, name)) for name in names or FIELDS}
    return values if names else fixed | values


def _journalled(name: str, value: Any) -> Any:
    """The journal holds patterns encrypted: they carry logins, yet undoing needs them."""
    if name in SECRETS:
        return encrypt(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _restored(name: str, value: Any) -> Any:
    if name in SECRETS:
        try:
            return decrypt(value)
        except SecretUnreadable as error:
            raise UndoConflict(str(error)) from None
    return datetime.fromisoformat(value) if name == "exp_date" and value else value


def _label(name: str) -> str:
    labels = {
        "max_streams": "streams at a time",
        "is_active": "enabled",
        "search_pattern": "the search",
        "replace_pattern": "the replacement",
        "exp_date": "the expiry date",
    }
    return labels.get(name, name)


def _entry(
    profile: AccountProfile,
    action: str,
    description: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> JournalEntry:
    return build_entry(
        CATEGORY,
        action,
        entity_type=PROFILE_ENTITY,
        entity_id=profile.pk,
        entity_name=profile.account.name,
        description=f"{description} (account “{shortened(profile.account.name)}”)",
        before=before,
        after=after,
        undoable=True,
    )


def _logged(entry: JournalEntry) -> int | None:
    logger.info("[M3U] Profiles of “%s” changed: %s", entry.entity_name, entry.action_type)
    written = log_entries([entry])
    return written[0].pk if written else None
