"""The rules by which names are normalized now, out of the settings."""

from channels_app.naming.cleaning import CountryChoice
from channels_app.naming.normalizing import NormalizeRules
from ecm_site.conf import get_settings


def current_rules() -> NormalizeRules:
    """Costs one ``stat`` of the settings; results of the rules are kept by (name, rules)."""
    settings = get_settings()
    return NormalizeRules(
        quality=settings.normalize_quality,
        network_prefix=settings.normalize_network_prefix,
        network_suffix=settings.normalize_network_suffix,
        country=CountryChoice(settings.normalize_country),
        country_separator=settings.country_separator,
        custom_prefixes=settings.custom_network_prefixes,
        custom_suffixes=settings.custom_network_suffixes,
    )
