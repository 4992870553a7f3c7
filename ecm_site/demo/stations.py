"""The invented stations of the demo: what they are called, where, in which variants."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Station:
    """One station. ``regions`` are editions of it ("East"); ``qualities`` are what its providers offer, best last."""

    name: str
    country: str
    genre: str
    qualities: tuple[str, ...] = ("HD",)
    regions: tuple[str, ...] = ()
    has_guide: bool = True
    catchup_days: int = 0
    is_radio: bool = False

    @property
    def key(self) -> str:
        """The station's id in guides: ``redwoodnews.us``."""
        return f"{''.join(letter for letter in self.name.lower() if letter.isalnum())}.{self.country.lower()}"


SD_TO_FHD = ("SD", "HD", "FHD")
UP_TO_4K = ("HD", "FHD", "4K")
HD_AND_HEVC = ("HD", "HEVC")

# genre → (country, names)
_LISTS: dict[str, tuple[tuple[str, str], ...]] = {
    "entertainment": (
        ("US", "Cascade, Bluebonnet TV, Lantern, Prairie Star, Copper Canyon, Harvest Moon TV, Tidewater, Juniper"),
        ("UK", "Albion One, Albion Two, Moorland, Heather TV, Larkspur"),
        ("DE", "Rheinblick, Nordlicht TV, Alpenglühen, Birkenhain"),
        ("FR", "Lumière Une, Étoile du Soir, Garrigue"),
        ("ES", "Plaza Mayor TV, Brisa Sur, Olivar"),
    ),
    "news": (
        ("US", "Redwood News, Capitol Wire, Ledger Business, Stormwatch Weather"),
        ("UK", "Thames News, Meridian World"),
        ("DE", "Nachtkurier"),
        ("FR", "Grand Journal 24"),
        ("ES", "Despacho 24"),
    ),
    "sports": (
        ("US", "Summit Sports 1, Summit Sports 2, Summit Sports 3, Gridiron Plus, Fairway, Paddock Racing"),
        ("UK", "Touchline 1, Touchline 2, Wicket"),
        ("DE", "Anpfiff 1, Anpfiff 2"),
        ("ES", "Banquillo"),
    ),
    "movies": (
        ("US", "Lantern Movies, Silverscreen Classics, Midnight Reel, Matinee"),
        ("UK", "Gaslight Cinema"),
        ("DE", "Kinowelt Blau"),
    ),
    "kids": (("US", "Kiddo, Paper Boats, Toybox Junior"), ("UK", "Bramble"), ("DE", "Purzelbaum")),
    "documentary": (
        ("US", "Orbit Science, Fieldnotes, Deep Current, Old Roads History, Clockwork"),
        ("UK", "Wren Nature"),
    ),
    "music": (("US", "Jukebox Lane, Backbeat"), ("UK", "Cellar Jazz")),
    "radio": (
        ("US", "Harbor FM, Night Owl Radio, Folk Porch"),
        ("UK", "Albion Radio 3, Coastline"),
        ("DE", "Welle Acht"),
    ),
}

_SD_TO_FHD_GENRES = {"entertainment", "news", "documentary"}
_UP_TO_4K_GENRES = {"sports", "movies"}
_REGIONS = {
    "Cascade": ("East", "West"),
    "Bluebonnet TV": ("East", "West"),
    "Lantern": ("East", "West"),
    "Lantern Movies": ("East", "West"),
    "Albion One": ("London", "Scotland", "Wales", "North West"),
    "Moorland": ("", "+1"),
    "Gaslight Cinema": ("", "+1"),
}
_CATCHUP_DAYS = {"Albion One": 7, "Albion Two": 7, "Thames News": 3, "Redwood News": 2, "Rheinblick": 7}
_WITHOUT_GUIDE = {"Juniper", "Larkspur", "Garrigue", "Backbeat"}


@cache
def stations() -> tuple[Station, ...]:
    """All stations, always the same ones in the same order."""
    return tuple(
        _station(name.strip(), country, genre)
        for genre, countries in _LISTS.items()
        for country, names in countries
        for name in names.split(",")
    )


def _station(name: str, country: str, genre: str) -> Station:
    if genre == "radio":
        return Station(name, country, genre, qualities=("",), has_guide=False, is_radio=True)
    qualities = SD_TO_FHD if genre in _SD_TO_FHD_GENRES else UP_TO_4K if genre in _UP_TO_4K_GENRES else HD_AND_HEVC
    return Station(
        name,
        country,
        genre,
        qualities=qualities,
        regions=_REGIONS.get(name, ()),
        has_guide=name not in _WITHOUT_GUIDE,
        catchup_days=_CATCHUP_DAYS.get(name, 0),
    )


def guide_key(station: Station, region: str) -> str:
    """The guide id of one edition: ``cascadeeast.us``."""
    if not region:
        return station.key
    suffix = "plus1" if region == "+1" else "".join(letter for letter in region.lower() if letter.isalnum())
    name, _, country = station.key.rpartition(".")
    return f"{name}{suffix}.{country}"
