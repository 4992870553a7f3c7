"""Channel numbers as values: reading, writing, stepping (10 §8.3). A number is a Decimal ≥ 0 or empty (None)."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

WHOLE_DIGITS = 8
DECIMAL_DIGITS = 4
LARGEST = Decimal("99999999.9999")
ONE = Decimal(1)
TENTH = Decimal("0.1")

_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]*))?|\.([0-9]+)")
_QUOTED_LENGTH = 20


def parse_number(text: str, *, minimum: Decimal = Decimal(0)) -> Decimal | None:
    """Read what an operator typed as a channel number. Empty text is no number (None).

    Raises ``ValueError`` with a sentence for the operator: letters, "nan", "inf", signs, exponents, decimal commas, too
    many digits, or a value below ``minimum``.
    """
    text = text.strip()
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(_what_is_wrong(text))
    whole, decimals = (found[1] or "").lstrip("0"), (found[2] or found[3] or "").rstrip("0")
    if len(whole) > WHOLE_DIGITS:
        raise ValueError(f"This number is too large: use at most {WHOLE_DIGITS} digits before the point.")
    if len(decimals) > DECIMAL_DIGITS:
        raise ValueError(f"This number is too exact: use at most {DECIMAL_DIGITS} digits after the point.")
    number = plain(Decimal(f"{whole or '0'}.{decimals or '0'}"))
    if number < minimum:
        raise ValueError(f"Use a number of at least {format_number(minimum)}.")
    return number


def _what_is_wrong(text: str) -> str:
    shown = text if len(text) <= _QUOTED_LENGTH else f"{text[:_QUOTED_LENGTH]}…"
    if _NUMBER.fullmatch(text.removeprefix("-")):
        return "A channel number cannot be negative."
    if _NUMBER.fullmatch(text.replace(",", ".", 1)):
        return f"Write “{shown}” with a point: {text.replace(',', '.', 1)[:_QUOTED_LENGTH]}."
    return f"“{shown}” is not a number. Use digits such as 101 or 4.1."


def plain(number: Decimal) -> Decimal:
    """The same value without trailing zeros and without an exponent: 101.0000 → 101."""
    whole = number.to_integral_value()
    return whole if whole == number else number.normalize()


def format_number(number: Decimal | None) -> str:
    """Write a number as operators read it: ``101``, ``4.1``, and nothing for an empty one (25.5 #67)."""
    return "" if number is None else f"{plain(number):f}"


def format_range(numbers: Iterable[Decimal]) -> str:
    """``100``, ``100–149``, or nothing when there is no number (10 §2.2)."""
    known = list(numbers)
    if not known:
        return ""
    low, high = min(known), max(known)
    return format_number(low) if low == high else f"{format_number(low)}–{format_number(high)}"


def step_for(start: Decimal) -> Decimal:
    """0.1 when the starting number has a fractional part, else 1 (10 §8.3)."""
    return ONE if start == start.to_integral_value() else TENTH


def number_steps(start: Decimal, count: int, *, step: Decimal | None = None) -> list[Decimal]:
    """``count`` numbers from ``start`` upward; with a decimal start in tenths, rounded to one decimal (10 §8.3).

    ``step`` keeps the step of an earlier run that this one continues. Raises ``ValueError`` when the last number would
    be larger than a channel number can be.
    """
    step = step_for(start) if step is None else step
    if step != step.to_integral_value():
        start = start.quantize(TENTH, ROUND_HALF_UP)
    if count > 0 and start + step * (count - 1) > LARGEST:
        raise ValueError(f"{count} numbers from {format_number(start)} do not fit: a number has at most {WHOLE_DIGITS} digits.")
    if step == ONE and start == start.to_integral_value():
        return [Decimal(number) for number in range(int(start), int(start) + count)]  # nearly always, and much quicker
    return [plain(start + step * place) for place in range(count)]
