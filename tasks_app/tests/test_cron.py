"""Cron: what is accepted and refused, when it runs, and what old rows become (50 §18.3)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_app.scheduling.convert_cron import convert_cron
from tasks_app.scheduling.cron import PRESETS, CronError, parse_cron
from tasks_app.scheduling.next_run import next_run, upcoming
from tasks_app.scheduling.rules import InvalidSchedule, ScheduleRule, clean_rule
from tasks_app.tests.test_next_run import JUMPS, NY, ZONES, at, by_counting

NOW = at("2026-05-04T10:00Z")


def cron(expression, zone="UTC"):
    return {"schedule_type": "cron", "cron_expression": expression, "timezone": zone}


MATCHES = [
    (43, "*/15 * * * *", "UTC", "2026-05-04T10:00Z", ["2026-05-04T10:15Z"]),
    (44, "15 */6 * * *", "UTC", "2026-05-04T10:00Z", ["2026-05-04T12:15Z"]),
    (45, "0 0 1,15 * 1", "UTC", "2026-05-04T10:00Z", ["2026-05-11T00:00Z", "2026-05-15T00:00Z", "2026-05-18T00:00Z"]),
    (46, "0 0 29 2 *", "UTC", "2026-05-04T10:00Z", ["2028-02-29T00:00Z"]),
    (47, "0 0 L * *", "UTC", "2026-05-04T10:00Z", ["2026-05-31T00:00Z", "2026-06-30T00:00Z"]),
    (48, "0 3 * * 7", "UTC", "2026-05-04T10:00Z", ["2026-05-10T03:00Z"]),
    (49, "0 9-17/2 * * MON-FRI", "UTC", "2026-05-08T17:30Z", ["2026-05-11T09:00Z", "2026-05-11T11:00Z"]),
    (50, "@daily", "Asia/Kolkata", "2026-05-04T20:00Z", ["2026-05-05T18:30Z"]),
    (51, "30 2 * * *", NY, "2026-03-08T05:00Z", ["2026-03-08T07:30Z"]),
    (52, "30 2,3 * * *", NY, "2026-03-08T05:00Z", ["2026-03-08T07:30Z", "2026-03-09T06:30Z"]),
    (53, "0 * * * *", NY, "2026-03-08T06:00Z", ["2026-03-08T07:00Z"]),
    (54, "*/30 * * * *", NY, "2026-11-01T05:30Z", ["2026-11-01T06:00Z", "2026-11-01T06:30Z", "2026-11-01T07:00Z"]),
    (55, "30 1 * * *", NY, "2026-11-01T05:30Z", ["2026-11-02T06:30Z"]),
    ("54, before", "*/30 * * * *", NY, "2026-11-01T04:59Z", ["2026-11-01T05:00Z", "2026-11-01T05:30Z", "2026-11-01T06:00Z"]),
    ("missing midnight", "0 * * * *", "Africa/Cairo", "2026-04-23T21:30Z", ["2026-04-23T22:00Z"]),
    ("fixed hour, many minutes", "*/30 2 * * *", NY, "2026-03-08T06:00Z", ["2026-03-08T07:00Z", "2026-03-08T07:30Z"]),
    ("a gap changes the order", "45 2,3 * * *", NY, "2026-03-08T05:00Z", ["2026-03-08T07:45Z", "2026-03-09T06:45Z"]),
    ("later hour comes first", "0,45 2-4 * * *", NY, "2026-03-08T07:00Z", ["2026-03-08T07:45Z", "2026-03-08T08:00Z"]),
    ("both days, one starred", "0 0 */2 * 1", "UTC", "2026-05-04T10:00Z", ["2026-05-11T00:00Z", "2026-05-25T00:00Z"]),
]  # fmt: skip


@pytest.mark.parametrize(("number", "expression", "zone", "now", "expected"), MATCHES, ids=[str(row[0]) for row in MATCHES])
def test_matches(number, expression, zone, now, expected):
    rule = clean_rule(cron(expression, zone), at(now))
    assert upcoming(rule, at(now), len(expected)) == [at(text) for text in expected]


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("HOURLY", "0 * * * *"),
        ("0  3  *  *  *", "0 3 * * *"),
        ("0 0 * JAN *", "0 0 * JAN *"),
        ("0 0 * jan sun-tue", "0 0 * JAN SUN-TUE"),
        (" @Annually ", "0 0 1 1 *"),
        ("0 0 ? * 1", "0 0 * * 1"),
        ("0 0 * * 5-7", "0 0 * * 5-7"),
        *PRESETS.items(),
    ],
)
def test_what_is_valid_is_stored_in_one_spelling(given_text, stored):
    assert parse_cron(given_text).text == stored
    assert clean_rule(cron(given_text), NOW).cron_expression == stored


@pytest.mark.parametrize(
    ("expression", "field", "says"),
    [
        ("", "", "Five fields"), ("   ", "", "Five fields"), ("* * *", "", "Five fields"),
        ("0 0 * * * *", "", "this has 6"), ("0 0 * * * * 2026", "", "this has 7"),
        ("60 * * * *", "minute", "60"), ("0 24 * * *", "hour", "24"), ("0 0 0 * *", "day", "0"),
        ("0 0 * 13 *", "month", "13"), ("0 0 * * 8", "weekday", "8"),
        ("*/0 * * * *", "minute", "step of 0"), ("5-1 * * * *", "minute", "backwards"),
        ("1.5 * * * *", "minute", "whole"), ("-1 * * * *", "minute", "negative"),
        ("@reboot", "", "@reboot is not supported"), ("H * * * *", "minute", "not supported"),
        ("0 0 * * 1#2", "weekday", "not supported"), ("0 0 15W * *", "day", "not supported"),
        ("0 R * * *", "hour", "not supported"),
        ("0 0 L,1 * *", "day", "not supported"), ("0 0 * * 5L", "weekday", "not supported"),
        ("5/10 * * * *", "minute", "range"),
        ("1,,2 * * * *", "minute", "commas"), ("*/x * * * *", "minute", "step"), ("0 0 * * SAT-SUN", "weekday", "backwards"),
        ("0 0 * FOO *", "month", "understood"), ("99999999999 * * * *", "minute", "between"), ("*" * 300, "", "longer"),
        ("<b> * * * *", "minute", "understood"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_the_field_is_named(expression, field, says):
    with pytest.raises(CronError) as refused:
        parse_cron(expression)
    assert refused.value.field == field
    assert says in refused.value.message
    assert not field or refused.value.message.startswith(f"{field}: ")
    with pytest.raises(InvalidSchedule) as stored:
        clean_rule(cron(expression), NOW)
    assert list(stored.value.errors) == ["cron_expression"]


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30,31 2 *", "0 0 31 4,6,9,11 *"])
def test_what_never_happens_is_refused(expression):
    with pytest.raises(InvalidSchedule, match="never happens"):
        clean_rule(cron(expression), NOW)


def test_a_leap_day_across_a_century_is_found():
    assert next_run(ScheduleRule("cron", cron_expression="0 0 29 2 *"), at("2096-03-01T00:00Z")) == at("2104-02-29T00:00Z")


CONVERSIONS = [
    ("*/30 * * * *", ScheduleRule("interval", 1800)),
    ("0 3 * * *", ScheduleRule("daily", schedule_time="03:00")),
    ("0 2 * * 0", ScheduleRule("weekly", schedule_time="02:00", days_of_week=(0,))),
    ("0 3 * * 1-5", ScheduleRule("weekly", schedule_time="03:00", days_of_week=(1, 2, 3, 4, 5))),
    ("0 3 * * MON,7", ScheduleRule("weekly", schedule_time="03:00", days_of_week=(0, 1))),
    ("0 3 15 * *", ScheduleRule("monthly", schedule_time="03:00", day_of_month=15)),
    ("15 */6 * * *", ScheduleRule("cron", cron_expression="15 */6 * * *")),
    ("0 3 15 6 *", ScheduleRule("cron", cron_expression="0 3 15 6 *")),
    ("0 3 15 * 1", ScheduleRule("cron", cron_expression="0 3 15 * 1")),
    ("0 3 * * 1-5/2", ScheduleRule("cron", cron_expression="0 3 * * 1-5/2")),
]


@pytest.mark.parametrize(("expression", "rule"), CONVERSIONS)
def test_old_rows_become_typed_schedules_where_one_says_the_same(expression, rule):
    assert convert_cron(expression) == rule
    assert clean_rule(rule.values(), NOW) == rule


def elapsed_by_counting(matches, zone, after, hours):
    minute = after.replace(second=0, microsecond=0)
    for _ in range(60 * hours):
        minute += timedelta(minutes=1)
        if matches(minute.astimezone(zone).replace(tzinfo=None)):
            return minute
    return None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(JUMPS),
    st.integers(-200, 200),
    st.sets(st.integers(0, 59), min_size=1, max_size=3),
    st.one_of(st.none(), st.integers(2, 6), st.sets(st.integers(0, 4), min_size=1, max_size=3)),
)
def test_random_expressions_agree_with_counting_around_clock_changes(name, jump, minutes, at_minutes, hours):
    after = jump + timedelta(minutes=minutes)
    zone = ZoneInfo(name)
    if isinstance(hours, set):
        written, wanted, count = ",".join(map(str, hours)), hours, by_counting
    else:
        written = "*" if hours is None else f"*/{hours}"
        wanted, count = set(range(0, 24, hours or 1)), elapsed_by_counting
    rule = clean_rule(cron(f"{','.join(map(str, at_minutes))} {written} * * *", name), after)
    expected = count(lambda wall: wall.minute in at_minutes and wall.hour in wanted, zone, after, 30)
    assert next_run(rule, after) == expected


def test_hourly_preview_of_a_year_is_quick_and_never_goes_backwards():
    runs = upcoming(clean_rule(cron("0 * * * *", NY), NOW), datetime(2026, 1, 1, tzinfo=UTC), 500)
    assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(runs))
