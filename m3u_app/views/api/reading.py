"""From JSON to the values that use cases take, and from their refusals to answers."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import wraps
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from django.http import HttpRequest, HttpResponse

from ecm_site.refusals import ValuesRefused
from m3u_app.account_values import AccountLocked
from m3u_app.choose_groups import GroupsMoved
from m3u_app.delete_account import AccountBusy
from m3u_app.find_account import find_account
from m3u_app.models import Account
from m3u_app.request_refresh import RefreshRefused
from m3u_app.store_upload import UploadRefused
from tasks_app.engine import AlreadyRunning
from tasks_app.views.api.answers import Refused, api, only_known

View = Callable[..., HttpResponse]
Values = TypeVar("Values")
_WORDS = {str: "a text", bool: "true or false", int: "a whole number", datetime: "a time as ISO 8601"}


def address(**methods: View) -> View:
    """As :func:`api`; what the use cases of accounts refuse becomes 422, 409 or 413 with their sentences."""
    return api(**{method: _telling(view) for method, view in methods.items()})


def _telling(view: View) -> View:
    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ValuesRefused as refused:
            raise Refused(422, str(refused), errors={name: [text] for name, text in refused.errors.items()}) from None
        except UploadRefused as refused:
            raise Refused(422, str(refused), errors={"file": [str(refused)]}) from None
        except (AccountLocked, AccountBusy, RefreshRefused, GroupsMoved, AlreadyRunning) as busy:
            raise Refused(409, f"{busy}") from None

    return told


def account_or_refuse(account_id: int) -> Account:
    try:
        return find_account(account_id)
    except Account.DoesNotExist:
        raise Refused(404, "There is no such account.") from None


def changed_by(start: Values, sent: Mapping[str, Any], *, also: frozenset[str] = frozenset()) -> Values:
    """``start``, a dataclass of plain values, with what was sent. Names of ``also`` are left to the caller.

    Raises :class:`Refused` for unknown names and values of another kind, all of them at once.
    """
    hints = get_type_hints(type(start))
    names = {spec.name for spec in fields(start)}  # type: ignore[arg-type]  # callers pass dataclasses
    only_known(sent, names | also)
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in sent.items():
        if name not in names:
            continue
        kinds = _kinds(hints[name])
        try:
            found[name] = _as_kind(value, kinds)
        except ValueError:
            words = " or ".join(_WORDS[kind] for kind in kinds if kind in _WORDS)
            errors[name] = [f"{name} must be {words}{' or null' if type(None) in kinds else ''}."]
    if errors:
        raise Refused(422, " ".join(text for texts in errors.values() for text in texts), errors=errors)
    return replace(start, **found)  # type: ignore[type-var]


def _kinds(hint: Any) -> tuple[type, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _as_kind(value: Any, kinds: tuple[type, ...]) -> Any:
    """The value as one of ``kinds``; true is no number. Raises ``ValueError``."""
    if value is None and type(None) in kinds:
        return None
    if datetime in kinds and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if type(value) not in kinds:
        raise ValueError(value)
    return value
