"""What an operator selects and chooses for bulk creation (10 §10.1, §10.2), as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from channels_app.naming import CleanOptions, CountryChoice, TimezoneChoice
from channels_app.naming.normalizing import NormalizeRules
from channels_app.normalize_rules import current_rules
from ecm_site.conf import EcmSettings


class ExistingChoice(StrEnum):
    """What happens to streams whose channel is in the lineup already."""

    ADD = "add"  # they join it; what is on a channel already stays where it is
    SKIP = "skip"
    CREATE = "create"  # a second channel is made regardless


class ConflictChoice(StrEnum):
    """What happens when the new numbers are taken (10 §10.4)."""

    ASK = "ask"
    PUSH = "push"
    END = "end"
    ALLOW = "allow"


class StreamOrder(StrEnum):
    QUALITY = "quality"
    LISTED = "listed"


@dataclass(frozen=True)
class Selection:
    """Streams by id, and all streams of groups (0 = those without one) or of whole accounts; ``excluded_ids`` were
    un-ticked inside those.

    ``search`` narrows groups and accounts to what matches ("all N matching"); without either it searches everything.
    """

    stream_ids: tuple[int, ...] = ()
    group_ids: tuple[int, ...] = ()
    account_ids: tuple[int, ...] = ()
    excluded_ids: frozenset[int] = frozenset()
    search: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.stream_ids or self.group_ids or self.account_ids or self.search)


@dataclass(frozen=True)
class SectionChoice:
    """Separate mode: into which channel group one provider group goes ("" = Uncategorized), and its own start if any."""

    group_name: str
    start: Decimal | None = None


@dataclass(frozen=True)
class BulkOptions:
    """All choices of 10 §10.2. ``sections`` are keyed by :attr:`bulk_streams.Section.key`; missing ones keep their name.

    ``start`` is the first number (combine) or that of the first group (separate, unless it has its own). ``group_name``
    counts in combine mode only; "" = Uncategorized. ``rules`` None = names are not normalized (25.4 #53). ``profile_ids``
    empty = the default profiles of the settings.
    """

    separate: bool = False
    start: Decimal | None = None
    group_name: str = ""
    sections: Mapping[int, SectionChoice] = field(default_factory=dict)
    across_groups: bool = True
    existing: ExistingChoice = ExistingChoice.ADD
    conflict: ConflictChoice = ConflictChoice.ASK
    timezone: TimezoneChoice = TimezoneChoice.BOTH
    country: CountryChoice = CountryChoice.LEAVE
    country_separator: str = "|"
    country_first: bool = False
    network_prefix: bool = False
    network_suffix: bool = False
    number_in_name: bool = False
    number_separator: str = "-"
    keep_quality: bool = False
    stream_order: StreamOrder = StreamOrder.QUALITY
    custom_prefixes: tuple[str, ...] = ()
    custom_suffixes: tuple[str, ...] = ()
    rules: NormalizeRules | None = None
    profile_ids: tuple[int, ...] = ()

    @property
    def country_choice(self) -> CountryChoice:
        """What happens to countries: as chosen here, else as names are normalized."""
        if self.country is CountryChoice.LEAVE and self.rules is not None:
            return self.rules.country
        return self.country

    @property
    def cleaning(self) -> CleanOptions:
        rules = self.rules
        return CleanOptions(
            country=self.country_choice,
            network_prefix=self.network_prefix or (rules is not None and rules.network_prefix),
            network_suffix=self.network_suffix or (rules is not None and rules.network_suffix),
            numbers=self.number_in_name,
            quality=not self.keep_quality,
            custom_prefixes=self.custom_prefixes,
            custom_suffixes=self.custom_suffixes,
        )


def country_from_settings(settings: EcmSettings) -> CountryChoice:
    """The pre-selected country choice (10 §1.3)."""
    if settings.remove_country_prefix:
        return CountryChoice.STRIP
    return CountryChoice.KEEP if settings.include_country_in_name else CountryChoice.LEAVE


def options_from_settings(settings: EcmSettings, **choices: object) -> BulkOptions:
    """Options as the operator's settings pre-select them (10 §1.3), with ``choices`` over them."""
    values: dict[str, object] = {
        "timezone": TimezoneChoice(settings.timezone_preference),
        "country": country_from_settings(settings),
        "country_separator": settings.country_separator,
        "number_in_name": settings.include_channel_number_in_name,
        "number_separator": settings.channel_number_separator,
        "custom_prefixes": settings.custom_network_prefixes,
        "custom_suffixes": settings.custom_network_suffixes,
        "rules": current_rules() if settings.normalize_on_channel_create else None,
    }
    return BulkOptions(**{**values, **choices})  # type: ignore[arg-type]
