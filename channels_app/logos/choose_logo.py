"""One logo for all channels of a group: found in the library by its name or address."""

from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import Lower

from channels_app.logos.library import LogoFilter, logo_page
from channels_app.models import Logo

OFFERED = 48
LONGEST = 4000


class NoSuchLogo(ValueError):
    """The text names no logo, or several; the sentence says which."""


@dataclass(frozen=True)
class Offered:
    """A logo of the library and the text that stands for it in the form."""

    logo: Logo
    text: str


def find_logo(text: str) -> Logo | None:
    """The logo that ``text`` names, None when it is empty. Raises :class:`NoSuchLogo`."""
    wanted = text.replace("\x00", "").strip()[:LONGEST]
    if not wanted:
        return None
    by_address = Logo.objects.filter(url=wanted).first()
    if by_address is not None:
        return by_address
    named = list(Logo.objects.filter(name=wanted)[:2]) or list(Logo.objects.filter(name__iexact=wanted)[:2])
    if not named:
        raise NoSuchLogo("The library has no logo of this name or address. Add it on the page of logos first.")
    if len(named) > 1:
        raise NoSuchLogo("Several logos have this name. Choose one of the list, or use its address.")
    return named[0]


def text_of(logo_id: int | None) -> str:
    """What the form shows for a stored logo: its name, its address where others have that name; "" when it is gone."""
    logo = Logo.objects.filter(pk=logo_id).first() if logo_id is not None else None
    return _texts([logo])[0].text if logo is not None else ""


def offered_logos(text: str) -> tuple[list[Offered], int]:
    """The first logos whose name or address holds ``text``, and how many there are."""
    page = logo_page(LogoFilter(text=text.replace("\x00", "").strip()[:200], size=OFFERED))
    return _texts([row.logo for row in page.rows]), page.total


def _texts(logos: list[Logo]) -> list[Offered]:
    names = {logo.name.lower() for logo in logos}
    counted = Logo.objects.annotate(small=Lower("name")).filter(small__in=names).values("small").annotate(count=Count("pk"))
    alone = {row["small"] for row in counted.order_by() if row["count"] == 1}
    return [Offered(logo, logo.name if logo.name.lower() in alone else logo.url) for logo in logos]
