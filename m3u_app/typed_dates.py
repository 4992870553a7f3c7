"""An expiry date as people type it: a day, on which the subscription still runs (20 §1.3)."""

from datetime import date, datetime, time

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
"""Further out, the same moment may be no date any more in another timezone."""


def expiry_field() -> forms.DateField:
    """The box "Expires on" of accounts and their profiles."""
    return forms.DateField(
        label="Expires on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[
            MinValueValidator(EARLIEST, "Choose a day from the year 2000 on."),
            MaxValueValidator(LATEST, "Choose a day up to the year 2999."),
        ],
    )


def day_of(moment: datetime | None) -> date | None:
    """The day that the box shows for a stored moment, in the operator's timezone."""
    return timezone.localtime(moment).date() if moment else None


def end_of_day(typed: date | None, stored: datetime | None) -> datetime | None:
    """The last second of a typed day in the operator's timezone; ``stored`` itself while its day was left as it is.

    A provider tells the very second, which must not get lost when something else is changed in the form.
    """
    if typed is None or typed == day_of(stored):
        return stored if typed else None
    return datetime.combine(typed, time(23, 59, 59), tzinfo=timezone.get_current_timezone())
