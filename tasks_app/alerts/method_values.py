"""The stored values of a method: what may be shown in ``config``, what may not in the encrypted ``secrets`` (A-2)."""

import json
from collections.abc import Mapping
from typing import Any

from ecm_site.crypto import SecretUnreadable, decrypt, encrypt
from tasks_app.alerts.channel import KEPT_SECRET, Channel, secret_names
from tasks_app.alerts.channels import find_channel
from tasks_app.models import AlertMethod


def stored_values(method: AlertMethod) -> dict[str, Any]:
    """Configuration and secrets together, as channels take them. Secrets that cannot be read count as missing."""
    return {**method.config, **_secrets_of(method)}


def shown_values(method: AlertMethod) -> dict[str, Any]:
    """What may leave the server: every secret that is set is :data:`KEPT_SECRET`."""
    names = secret_names(find_channel(method.method_type))
    secrets = _secrets_of(method)
    return {**method.config, **{name: KEPT_SECRET if secrets.get(name) else "" for name in sorted(names)}}


def checked_values(channel: Channel, given: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` over ``stored``, checked. An empty or masked secret keeps the stored one (A-2); a field that is not given at
    all keeps its value too. Raises :class:`tasks_app.alerts.channel.InvalidMethod`.
    """
    merged = dict(stored)
    secrets = secret_names(channel)
    for field in channel.fields:
        if field.name not in given:
            continue
        value = given[field.name]
        if field.name in secrets and (value is None or (isinstance(value, str) and value.strip() in ("", KEPT_SECRET))):
            continue
        merged[field.name] = value
    return channel.clean(merged)


def put_values(method: AlertMethod, channel: Channel, values: Mapping[str, Any]) -> None:
    """Set both columns of ``method`` (unsaved) from checked values."""
    names = secret_names(channel)
    method.config = {name: value for name, value in values.items() if name not in names}
    method.secrets = encrypt(json.dumps({name: value for name, value in values.items() if name in names and value}))


def _secrets_of(method: AlertMethod) -> dict[str, Any]:
    try:
        stored = json.loads(decrypt(method.secrets)) if method.secrets else {}
    except (SecretUnreadable, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}
