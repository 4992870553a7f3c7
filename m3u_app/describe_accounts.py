"""Accounts in plain values, for commands and scripts. Nothing secret is among them."""

from typing import Any

from django.db.models import Count

from ecm_site.masking import mask_text
from m3u_app.models import StreamFilter
from m3u_app.queries import account_rows


def described_accounts() -> list[dict[str, Any]]:
    """One object per account in the order of the list. Times are ISO 8601 in UTC; a fixed number of queries."""
    active = StreamFilter.objects.filter(enabled=True).order_by()
    filters = dict(active.values_list("account_id").annotate(Count("pk")))
    described = []
    for row in account_rows():
        account = row.account
        described.append(
            {
                "id": account.pk,
                "name": account.name,
                "type": account.account_type,
                "status": account.status,
                "is_active": account.is_active,
                "locked": account.locked,
                "message": mask_text(account.last_message),
                "streams": account.stream_count,
                "groups": row.groups_total,
                "groups_enabled": row.groups_enabled,
                "groups_new": row.groups_new,
                "filters": filters.get(account.pk, 0),
                "filters_waiting": account.filters_changed_at is not None,
                "profiles": row.profiles,
                "linked_with": row.linked,
                "max_streams": account.max_streams,
                "refresh_interval": account.refresh_interval,
                "cron_expression": account.cron_expression,  # of a mirrored account: goes before the hours
                "priority": account.priority,
                "held_back": bool(account.held_back),
                "updated_at": account.updated_at.isoformat(timespec="seconds") if account.updated_at else None,
                "exp_date": account.exp_date.isoformat(timespec="seconds") if account.exp_date else None,
            }
        )
    return described
