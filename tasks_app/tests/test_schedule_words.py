"""Schedules in words (T-6; 50 §18.4 rows 63 and 64)."""

from datetime import UTC, datetime

import pytest

from tasks_app.scheduling.describe import describe
from tasks_app.scheduling.rules import ScheduleRule, clean_rule

NY = "America/New_York"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "Every 1 minute"),
        (90, "Every 1m 30s"),
        (300, "Every 5 minutes"),
        (3600, "Every 1 hour"),
        (5400, "Every 1h 30m"),
        (172_800, "Every 2 days"),
        (93_600, "Every 1d 2h"),
        (45, "Every 45 seconds"),
    ],
)
def test_intervals(seconds, words):
    assert describe(ScheduleRule("interval", seconds, timezone=NY)) == words


@pytest.mark.parametrize(
    ("days", "zone", "words"),
    [
        ([3, 1], "UTC", "Weekly on Monday, Wednesday at 9:00 AM"),
        ([1, 2, 3, 4, 5], "UTC", "Weekly on weekdays at 9:00 AM"),
        ([6, 0], "UTC", "Weekly on weekends at 9:00 AM"),
        (list(range(7)), "UTC", "Weekly on every day at 9:00 AM"),
        ([1, 2, 3, 5], NY, "Weekly on Mon, Tue, Wed, Fri at 9:00 AM (America/New_York)"),
        ([5, 0, 3], "UTC", "Weekly on Sunday, Wednesday, Friday at 9:00 AM"),
    ],
)
def test_weekly(days, zone, words):
    values = {"schedule_type": "weekly", "days_of_week": days, "schedule_time": "09:00", "timezone": zone}
    now = datetime(2026, 5, 4, tzinfo=UTC)
    assert describe(clean_rule(values, now)) == words
    assert describe(clean_rule({**values, "schedule_type": "biweekly"}, now)) == words.replace("Weekly", "Every 2 weeks")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ScheduleRule("daily", schedule_time="03:00"), "Daily at 3:00 AM"),
        (ScheduleRule("daily", schedule_time="00:00"), "Daily at 12:00 AM"),
        (ScheduleRule("daily", schedule_time="12:00", timezone=NY), "Daily at 12:00 PM (America/New_York)"),
        (ScheduleRule("daily", schedule_time="23:05"), "Daily at 11:05 PM"),
        (ScheduleRule("monthly", schedule_time="03:00", day_of_month=15), "Monthly on day 15 at 3:00 AM"),
        (ScheduleRule("monthly", schedule_time="03:00", day_of_month=-1), "Monthly on last day at 3:00 AM"),
        (ScheduleRule("cron", cron_expression="0 15 * * *", timezone=NY), "At 3:00 PM every day (America/New_York)"),
        (
            ScheduleRule("cron", cron_expression="0 0 1,15 * 1"),
            "At 12:00 AM on the first and the 15th day of month and on Monday",
        ),
    ],
)
def test_other_types(rule, words):
    assert describe(rule) == words
