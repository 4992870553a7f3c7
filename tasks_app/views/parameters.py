"""Reads numbers from an address without trusting it."""

from django.http import HttpRequest

_LARGEST = 2**62  # what fits a database column with room to add


def number_from(request: HttpRequest, name: str, default: int) -> int:
    """The whole number in query parameter ``name``; ``default`` when it is missing, odd or absurd."""
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return default
    number = int(text)
    return number if number <= _LARGEST else default
