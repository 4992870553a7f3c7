"""What names of streams and channels tell: quality, country, network words, region (10 §12). Pure functions.

Rules that operators write themselves (the normalization engine) will stand in front of :func:`clean_name`.
"""

from channels_app.naming.cleaning import (
    CleanName,
    CleanOptions,
    CountryChoice,
    Enriched,
    clean,
    clean_name,
    compose_name,
    enrich,
    without_leading_number,
    without_own_number,
)
from channels_app.naming.countries import country_hint, detect_country
from channels_app.naming.letters import plain_letters
from channels_app.naming.network_words import strip_network_prefix, strip_network_suffix
from channels_app.naming.quality import best_first, quality_priority, quality_tier, strip_quality
from channels_app.naming.regions import (
    TimezoneChoice,
    has_variants,
    kept_by_timezone,
    region_of,
    regional_variant,
    split_region,
)

__all__ = [
    "CleanName",
    "CleanOptions",
    "CountryChoice",
    "Enriched",
    "TimezoneChoice",
    "best_first",
    "clean",
    "clean_name",
    "compose_name",
    "country_hint",
    "detect_country",
    "enrich",
    "has_variants",
    "kept_by_timezone",
    "plain_letters",
    "quality_priority",
    "quality_tier",
    "region_of",
    "regional_variant",
    "split_region",
    "strip_network_prefix",
    "strip_network_suffix",
    "strip_quality",
    "without_leading_number",
    "without_own_number",
]
