"""Settings → Guide (30 §1.2)."""

from ecm_site.settings_form import SettingChoice, SettingNumber, SettingsForm

CONFLICT_MODES = {"ask": "ask me", "skip": "keep the channel's id", "overwrite": "take the guide's id"}


class GuideForm(SettingsForm):
    epg_keep_past_hours = SettingNumber(
        "epg_keep_past_hours",
        label="Keep past programmes for (hours)",
        help_text="Players with catch-up show what was on. 24 is enough for most.",
    )
    epg_keep_future_days = SettingNumber(
        "epg_keep_future_days",
        label="Keep coming programmes for (days)",
        help_text="More days make the guide file larger and imports longer.",
    )
    gracenote_conflict_mode = SettingChoice(
        "gracenote_conflict_mode",
        CONFLICT_MODES,
        label="Fetching Gracenote ids, when a channel has another id than the guide",
    )
