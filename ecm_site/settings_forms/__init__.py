"""The settings pages that are one form each, fields named as in the settings record (50 §5). :data:`PAGES` lists them."""

from ecm_site.settings_forms.pages import PAGES, SettingsPage, find_page

__all__ = ["PAGES", "SettingsPage", "find_page"]
