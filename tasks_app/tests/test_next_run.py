"""When a schedule runs next: the examples of 50 §18.1 and §18.2, and random ones against counting minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_app.scheduling.next_run import next_run, upcoming, week_number
from tasks_app.scheduling.rules import InvalidSchedule, ScheduleRule, clean_rule

NY = "America/New_York"
NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def interval(seconds):
    return {"schedule_type": "interval", "interval_seconds": seconds}


def daily(time, zone="UTC"):
    return {"schedule_type": "daily", "schedule_time": time, "timezone": zone}


def weekly(days, time, zone="UTC"):
    return {"schedule_type": "weekly", "days_of_week": days, "schedule_time": time, "timezone": zone}


def biweekly(days, parity):
    return {
        "schedule_type": "biweekly", "days_of_week": days, "schedule_time": "09:00", "timezone": "UTC", "week_parity": parity
    }  # fmt: skip


def monthly(day, time="09:00", zone="UTC"):
    return {"schedule_type": "monthly", "day_of_month": day, "schedule_time": time, "timezone": zone}


CALENDAR = [
    (1, daily("03:00"), "2026-05-04T10:00Z", "2026-05-05T03:00Z"),
    (2, daily("03:00"), "2026-05-04T02:59:59Z", "2026-05-04T03:00Z"),
    (3, daily("03:00"), "2026-05-04T03:00:00Z", "2026-05-05T03:00Z"),
    (4, daily("03:00", NY), "2026-05-04T06:00Z", "2026-05-04T07:00Z"),
    (5, daily("02:30", NY), "2026-03-08T05:00Z", "2026-03-08T07:30Z"),
    (6, daily("02:30", NY), "2026-03-08T07:30Z", "2026-03-09T06:30Z"),
    (7, daily("01:30", NY), "2026-10-31T12:00Z", "2026-11-01T05:30Z"),
    (8, daily("01:30", NY), "2026-11-01T06:10Z", "2026-11-02T06:30Z"),
    (9, daily("03:00", NY), "2026-11-01T04:00Z", "2026-11-01T08:00Z"),
    (10, daily("01:30", "Europe/London"), "2026-03-29T00:30Z", "2026-03-29T01:30Z"),
    (11, daily("01:30", "Europe/London"), "2026-10-24T23:59Z", "2026-10-25T00:30Z"),
    (12, daily("02:15", "Australia/Sydney"), "2026-10-03T10:00Z", "2026-10-03T16:15Z"),
    (13, daily("02:15", "Australia/Lord_Howe"), "2026-10-03T12:00Z", "2026-10-03T15:45Z"),
    (14, daily("02:00", "Asia/Kolkata"), "2026-05-04T20:00Z", "2026-05-04T20:30Z"),
    (20, weekly([1, 3], "09:00"), "2026-05-04T10:00Z", "2026-05-06T09:00Z"),
    (21, weekly([1, 3], "09:00"), "2026-05-06T10:00Z", "2026-05-11T09:00Z"),
    (22, weekly([1], "09:00"), "2026-05-04T08:00Z", "2026-05-04T09:00Z"),
    (23, weekly([6], "22:00", "America/Los_Angeles"), "2026-05-10T03:30Z", "2026-05-10T05:00Z"),
    (24, weekly([0], "02:30", NY), "2026-03-07T20:00Z", "2026-03-08T07:30Z"),
    (27, biweekly([1], 1), "2026-05-04T08:00Z", "2026-05-04T09:00Z"),
    (28, biweekly([1], 1), "2026-05-04T10:00Z", "2026-05-18T09:00Z"),
    (29, biweekly([1, 3], 1), "2026-05-04T10:00Z", "2026-05-06T09:00Z"),
    (30, biweekly([1, 3], 1), "2026-05-06T10:00Z", "2026-05-18T09:00Z"),
    (31, biweekly([0, 1], 1), "2026-05-06T10:00Z", "2026-05-17T09:00Z"),
    (32, biweekly([0], 0), "2026-05-10T08:00Z", "2026-05-10T09:00Z"),
    (33, biweekly([1], 1), "2026-12-28T10:00Z", "2027-01-11T09:00Z"),
    (34, monthly(31), "2026-01-31T12:00Z", "2026-02-28T09:00Z"),
    (35, monthly(31), "2026-02-28T09:00Z", "2026-03-31T09:00Z"),
    (36, monthly(-1), "2026-02-28T12:00Z", "2026-03-31T09:00Z"),
    (37, monthly(-1), "2028-02-01T00:00Z", "2028-02-29T09:00Z"),
    (38, monthly(30), "2026-12-31T12:00Z", "2027-01-30T09:00Z"),
    (39, monthly(31, "23:30", NY), "2026-10-31T22:00Z", "2026-11-01T03:30Z"),
    (40, monthly(8, "02:30", NY), "2026-02-10T00:00Z", "2026-03-08T07:30Z"),
    # beyond the chapter: a gap at midnight moves the run into the next hour of the same day, once
    ("midnight gap", daily("00:30", "Africa/Cairo"), "2026-04-23T21:59Z", "2026-04-23T22:30Z"),
    ("midnight gap, just ran", daily("00:30", "Africa/Cairo"), "2026-04-23T22:30Z", "2026-04-24T21:30Z"),
]


@pytest.mark.parametrize(("number", "values", "now", "expected"), CALENDAR, ids=[str(row[0]) for row in CALENDAR])
def test_calendar_schedules(number, values, now, expected):
    assert next_run(clean_rule(values, at(now)), at(now)) == at(expected)


@pytest.mark.parametrize(
    ("number", "completed", "expected"),
    [(15, None, "11:00"), (16, "09:40", "10:40"), (17, "08:00", "11:00"), ("ahead of a clock set back", "12:00", "11:00")],
)
def test_intervals_count_from_the_last_completion(number, completed, expected):
    rule = clean_rule({"schedule_type": "interval", "interval_seconds": 3600}, NOW)
    last = at(f"2026-05-04T{completed}Z") if completed else None
    assert next_run(rule, NOW, last_completed=last) == at(f"2026-05-04T{expected}Z")


def test_week_parity_counts_from_a_sunday_in_1970():
    starts = [date(2026, 5, 3), date(2026, 5, 10), date(2026, 12, 27), date(2027, 1, 3), date(2027, 1, 10)]
    assert [week_number(day) % 2 for day in starts] == [1, 0, 1, 0, 1]  # example 26
    assert [week_number(day + timedelta(6)) % 2 for day in starts] == [1, 0, 1, 0, 1]


def test_a_parity_that_is_left_out_is_that_of_the_first_match():
    values = {**biweekly([1], None), "week_parity": ""}
    assert clean_rule(values, at("2026-05-04T08:00Z")).week_parity == 1
    assert clean_rule(values, at("2026-05-04T10:00Z")).week_parity == 0  # the next Monday lies in the next week


@pytest.mark.parametrize(
    ("values", "field"),
    [
        *((interval(seconds), "interval_seconds") for seconds in (0, -60, None, 59, 2592001, True, 1.5)),
        *((weekly(days, "09:00"), "days_of_week") for days in ([], [7], [1, 1], "1,2", [-1], [1.0])),
        *((monthly(day), "day_of_month") for day in (0, 32, -2, None)),
        *((daily(time), "schedule_time") for time in ("25:00", "9", "12:60", "", None, "١٢:٠٠")),
        *((daily("09:00", zone), "timezone") for zone in ("Mars/Base", "../etc/passwd", "America")),
        ({**biweekly([1], 2)}, "week_parity"),
        ({"schedule_type": "yearly"}, "schedule_type"),
        ({}, "schedule_type"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_beside_its_field(values, field):
    with pytest.raises(InvalidSchedule) as refused:
        clean_rule(values, NOW)
    assert list(refused.value.errors) == [field]
    assert all(refused.value.errors[field])


def test_values_are_normalised_and_what_the_type_does_not_use_is_left_out():
    assert clean_rule({**daily("9:5"), "interval_seconds": 300, "days_of_week": [1]}, NOW) == ScheduleRule(
        "daily", schedule_time="09:05"
    )
    assert clean_rule(weekly(["3", 1], "09:00"), NOW).days_of_week == (1, 3)
    assert clean_rule({"schedule_type": "interval", "interval_seconds": "3600"}, NOW).interval_seconds == 3600


def test_the_next_runs_follow_each_other():
    assert upcoming(clean_rule(monthly(31), NOW), at("2026-01-31T12:00Z"), 3) == [
        at("2026-02-28T09:00Z"), at("2026-03-31T09:00Z"), at("2026-04-30T09:00Z")
    ]  # fmt: skip
    hourly = clean_rule({"schedule_type": "interval", "interval_seconds": 3600}, NOW)
    assert upcoming(hourly, NOW, 2) == [at("2026-05-04T11:00Z"), at("2026-05-04T12:00Z")]


ZONES = (NY, "Europe/London", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "America/Santiago", "UTC")
JUMPS = [
    at(text)
    for text in (
        "2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-10-03T15:30Z",
        "2026-04-04T15:00Z", "2026-04-23T22:00Z", "2026-10-29T21:00Z", "2026-09-06T04:00Z", "2026-04-05T03:00Z",
    )
]  # fmt: skip


def by_counting(matches, zone, after, hours):
    """The first minute after ``after`` that shows a matching time for the first time, or stands in for one in a gap."""
    minute = after.replace(second=0, microsecond=0)
    for _ in range(60 * hours):
        minute += timedelta(minutes=1)
        shown = minute.astimezone(zone)
        if matches(shown.replace(tzinfo=None)) and not shown.fold:
            return minute
        before = (minute + (minute - timedelta(hours=3)).astimezone(zone).utcoffset()).replace(tzinfo=None)
        missing = before.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != before
        if matches(before) and missing:
            return minute
    return None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(JUMPS),
    st.integers(-150, 150),
    st.integers(0, 59),
    st.integers(0, 4),
    st.integers(0, 59),
)
def test_daily_runs_agree_with_counting_around_clock_changes(name, jump, minutes, seconds, hour, minute):
    after = jump + timedelta(minutes=minutes, seconds=seconds)
    zone = ZoneInfo(name)
    expected = by_counting(lambda wall: (wall.hour, wall.minute) == (hour, minute), zone, after, 30)
    assert next_run(clean_rule(daily(f"{hour}:{minute}", name), after), after) == expected


@settings(max_examples=80, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1),
    st.integers(-1, 31).filter(bool),
)
def test_weeks_and_months_agree_with_counting_days(moment, days, parity, day):
    after = moment.replace(tzinfo=UTC)
    candidates = [datetime.combine(after.date() + timedelta(n), datetime.min.time(), UTC).replace(hour=9) for n in range(64)]
    later = [when for when in candidates if when > after]

    def first(test):
        return next(when for when in later if test(when))

    def in_days(when):
        return (when.isoweekday() % 7) in days

    def last_day(when):
        return (when + timedelta(1)).day == 1

    assert next_run(clean_rule(weekly(list(days), "09:00"), after), after) == first(in_days)
    two_weekly = clean_rule(biweekly(list(days), parity), after)
    sunday = date(1970, 1, 4)
    assert next_run(two_weekly, after) == first(
        lambda when: in_days(when) and (when.date() - sunday) // timedelta(7) % 2 == parity
    )
    assert next_run(clean_rule(monthly(day), after), after) == first(
        lambda when: when.day == day or (last_day(when) and (day == -1 or when.day < day))
    )
