"""The addresses of what belongs to an account as a list: its filters, its profiles."""

from collections.abc import Callable
from typing import TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse

from m3u_app.models import Account
from m3u_app.views.api.reading import View, account_or_refuse, address, changed_by
from tasks_app.views.api.answers import Refused, body_of

Row = TypeVar("Row", bound=Model)
Values = TypeVar("Values")


def rows_of_account(
    model: type[Row],
    word: str,
    *,
    shape: Callable[[Row], dict[str, object]],
    first: Callable[[Account], Values],
    values_of: Callable[[Row], Values],
    add: Callable[[int, Values], tuple[Row, int | None]],
    change: Callable[[int, int, Values], tuple[Row, int | None]],
    remove: Callable[[int, int], object],
) -> tuple[View, View]:
    """The address of the list (GET, POST) and that of one row (GET, PATCH, DELETE).

    ``first`` gives the values that a new row of an account begins with, ``values_of`` those of a stored one; ``word`` names
    a row in refusals.
    """

    def stored(account_id: int, row_id: int) -> Row:
        found = model._default_manager.filter(account_id=account_id, pk=row_id).first()
        if found is None:
            raise Refused(404, f"This account has no such {word}.")
        return found

    def show_all(request: HttpRequest, account_id: int) -> HttpResponse:
        account_or_refuse(account_id)
        return JsonResponse({"results": [shape(row) for row in model._default_manager.filter(account_id=account_id)]})

    def create(request: HttpRequest, account_id: int) -> HttpResponse:
        start = first(account_or_refuse(account_id))
        row, _ = add(account_id, changed_by(start, body_of(request)))
        return JsonResponse(shape(row), status=201)

    def show(request: HttpRequest, account_id: int, row_id: int) -> HttpResponse:
        return JsonResponse(shape(stored(account_id, row_id)))

    def update(request: HttpRequest, account_id: int, row_id: int) -> HttpResponse:
        start = values_of(stored(account_id, row_id))
        row, _ = change(account_id, row_id, changed_by(start, body_of(request)))
        return JsonResponse(shape(row))

    def delete(request: HttpRequest, account_id: int, row_id: int) -> HttpResponse:
        stored(account_id, row_id)
        remove(account_id, row_id)
        return HttpResponse(status=204)

    return address(GET=show_all, POST=create), address(GET=show, PATCH=update, DELETE=delete)
