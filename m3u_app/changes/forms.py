"""The filters of the page of changes as they stand in the address (20 §10.4)."""

from datetime import datetime
from typing import Any

from django import forms

from m3u_app.changes.filters import DEFAULT_RANGE, RANGES, ChangeFilter
from m3u_app.changes.queries import DEFAULT_SIZE, DEFAULT_SORT, PAGE_SIZES, type_choices
from m3u_app.changes.sorted_page import SORTS
from m3u_app.models import Account

ENABLED = {"yes": True, "no": False}


class ChangeFilterForm(forms.Form):
    """Everything is optional; what cannot be read counts as not given, for an old address must still show something."""

    account = forms.IntegerField(required=False, min_value=0, max_value=2**62)
    type = forms.CharField(required=False, max_length=20)
    enabled = forms.CharField(required=False, max_length=3)
    range = forms.CharField(required=False, max_length=5)
    group = forms.CharField(required=False, max_length=255)
    q = forms.CharField(required=False, max_length=200, strip=True)
    in_use = forms.CharField(required=False, max_length=1)
    first = forms.CharField(required=False, max_length=4)
    sort = forms.CharField(required=False, max_length=10)
    order = forms.CharField(required=False, max_length=4)
    size = forms.IntegerField(required=False)
    page = forms.IntegerField(required=False)

    def values(self) -> dict[str, Any]:
        """The readable values with their defaults; always possible."""
        self.is_valid()
        given = self.cleaned_data
        types = dict(type_choices())
        size = given.get("size")
        return {
            "account": given.get("account") or 0,
            "type": given.get("type") if given.get("type") in types else "",
            "enabled": given.get("enabled") if given.get("enabled") in ENABLED else "",
            "range": given.get("range") if given.get("range") in RANGES else DEFAULT_RANGE,
            "group": given.get("group") or "",
            "q": given.get("q") or "",
            "in_use": "1" if given.get("in_use") == "1" else "",
            "first": "hide" if given.get("first") == "hide" else "",
            "sort": given.get("sort") if given.get("sort") in SORTS else DEFAULT_SORT,
            "order": "asc" if given.get("order") == "asc" else "desc",
            "size": size if size in PAGE_SIZES else DEFAULT_SIZE,
            "page": max(1, given.get("page") or 1),
        }

    def filter(self, now: datetime) -> ChangeFilter:
        """The filter to apply at ``now``."""
        values = self.values()
        span = RANGES[values["range"]][1]
        return ChangeFilter(
            account_id=values["account"],
            change_type=values["type"],
            enabled=ENABLED.get(values["enabled"]),
            since=now - span if span else None,
            text=values["q"],
            group=values["group"],
            in_use=bool(values["in_use"]),
            with_baseline=not values["first"],
        )


def account_choices() -> list[tuple[int, str]]:
    return list(Account.objects.filter(deleting_since=None).order_by("name").values_list("pk", "name"))
