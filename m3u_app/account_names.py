"""Accounts by name, for forms that let somebody choose among them."""

from m3u_app.account_values import RESERVED_NAME
from m3u_app.models import Account
from tasks_app.parameter_fields import Name


def account_names() -> list[Name]:
    accounts = Account.objects.filter(deleting_since=None).exclude(name__iexact=RESERVED_NAME).order_by("name", "pk")
    return [Name(pk, name, "" if is_on else "off") for pk, name, is_on in accounts.values_list("pk", "name", "is_active")]
