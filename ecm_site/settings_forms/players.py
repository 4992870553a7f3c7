"""Settings → Preview & Players (10 §1.3, §19)."""

from channels_app.preview.modes import MODES
from ecm_site.settings_form import SettingChoice, SettingNumber, SettingsForm


class PlayersForm(SettingsForm):
    stream_preview_mode = SettingChoice(
        "stream_preview_mode",
        MODES,
        label="What a preview plays",
        help_text="It can be switched in every preview. Converting needs ffmpeg on the server and some of its computing time.",
    )
    preview_limit = SettingNumber(
        "preview_limit",
        label="Previews at once",
        help_text="Of everybody together. Each one uses a connection to the provider and a part of the web server, which"
        " always keeps some for pages: more than it has to spare are never opened.",
    )
    preview_limit_per_user = SettingNumber("preview_limit_per_user", label="Previews at once for one person")
    vlc_open_behavior = SettingChoice(
        "vlc_open_behavior",
        {
            "protocol_only": "Start VLC, or show how to set that up",
            "m3u_fallback": "Start VLC, or else download an M3U file",
            "m3u_only": "Always download an M3U file",
        },
        label="“Open in VLC”",
        help_text="Browsers start VLC only on computers that were set up for it; the help in the channel manager has a script.",
    )
