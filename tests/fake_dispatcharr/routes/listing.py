"""Lists as the server makes them: filters that are ignored, pages that lose rows."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.fake_dispatcharr.replies import Refusal, Request
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]


def page_size_of(request: Request, *, usual: int, most: int) -> int:
    """Larger ones are cut without a word; 0, negative ones and words count as the usual size."""
    text = request.param("page_size")
    return min(int(text), most) if text.isdigit() and int(text) > 0 else usual


def paged(
    world: World,
    request: Request,
    numbers: Sequence[int],
    key: Callable[[int], Any],
    show: Callable[[int], Any],
    *,
    usual: int = 50,
    most: int = 10_000,
    reverse: bool = False,
) -> Row:
    """One page. Rows with equal keys stand in another order on every page, as without a tie-breaker."""
    size = page_size_of(request, usual=usual, most=most)
    text = request.param("page", "1")
    page = int(text) if text.isdigit() else 0
    last = max(-(-len(numbers) // size), 1)
    if not 1 <= page <= last:
        raise Refusal(404, {"detail": "Invalid page."})
    keys = {number: key(number) for number in numbers}
    tied = len(set(keys.values())) < len(keys)
    salt = f"{page}:{size}"
    ordered = sorted(numbers, key=(lambda n: (keys[n], world.tie(n, salt))) if tied else keys.__getitem__, reverse=reverse)
    return {
        "count": len(numbers),
        "next": _link(request, page + 1) if page < last else None,
        "previous": _link(request, page - 1) if page > 1 else None,
        "results": [show(number) for number in ordered[(page - 1) * size : page * size]],
    }


def _link(request: Request, page: int) -> str:
    values = dict(parse_qsl(request.query)) | {"page": str(page)}
    if page == 1:
        del values["page"]
    query = f"?{urlencode(sorted(values.items()))}" if values else ""
    return f"http://{request.host.partition(':')[0]}{request.path}{query}"  # the port is lost on the way, as behind nginx


def int_list(value: Any, name: str) -> list[int]:
    """Raises the 400 for what is not a list."""
    if not isinstance(value, list):
        raise Refusal(400, {"error": f"{name} must be a list of integers"})
    return [int(number) for number in value]
