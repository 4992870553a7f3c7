"""Which settings pages there are, in the order of their addresses; the menu orders them by itself."""

from dataclasses import dataclass

from ecm_site.settings_form import SettingsForm
from ecm_site.settings_forms.appearance import AppearanceForm
from ecm_site.settings_forms.authentication import AuthenticationForm
from ecm_site.settings_forms.channel_defaults import ChannelDefaultsForm
from ecm_site.settings_forms.dispatcharr import DispatcharrForm
from ecm_site.settings_forms.general import GeneralForm
from ecm_site.settings_forms.guide import GuideForm
from ecm_site.settings_forms.normalization import NormalizationForm
from ecm_site.settings_forms.players import PlayersForm
from ecm_site.settings_forms.playlists import PlaylistForm
from ecm_site.settings_forms.stream_sorting import StreamSortingForm


@dataclass(frozen=True)
class SettingsPage:
    slug: str
    title: str
    icon: str
    form: type[SettingsForm]
    note: str = ""
    also: str = ""  # template of another card below the form
    fields: str = "settings/_form_fields.html"
    foot: str = "settings/_save.html"

    @property
    def url_name(self) -> str:
        return f"settings_{self.slug.replace('-', '_')}"


PAGES = (
    SettingsPage("general", "General", icon="adjustments", form=GeneralForm),
    SettingsPage(
        "channel-defaults",
        "Channel Defaults",
        icon="tag",
        form=ChannelDefaultsForm,
        note="What the bulk create dialog proposes. It can be changed there for one go; existing channels stay as they are.",
    ),
    SettingsPage(
        "normalization",
        "Normalization",
        icon="wand",
        form=NormalizationForm,
        note="What names lose when they are normalized, and what finding duplicates does not look at. Nothing is renamed by"
        " saving this.",
        also="channels_app/names/_apply_card.html",
    ),
    SettingsPage(
        "stream-sorting",
        "Stream Sorting",
        icon="arrows-sort",
        form=StreamSortingForm,
        note="The order that “Sort streams” gives the streams of a channel. Players try the first one first.",
    ),
    SettingsPage("playlists", "Playlists", icon="playlist", form=PlaylistForm),
    SettingsPage(
        "guide", "Guide", icon="calendar-time", form=GuideForm, note="Takes effect with the next refresh of each guide source."
    ),
    SettingsPage(
        "players",
        "Preview & Players",
        icon="player-play",
        form=PlayersForm,
        note="For looking at a stream or a channel from the channel manager. What players receive is not changed by this.",
    ),
    SettingsPage(
        "dispatcharr",
        "Dispatcharr",
        icon="plug-connected",
        form=DispatcharrForm,
        note="Where your Dispatcharr server is and who ECM is to it. Saving connects nothing by itself: that is decided below.",
        also="settings/_dispatcharr.html",
        fields="settings/_dispatcharr_fields.html",
        foot="settings/_dispatcharr_foot.html",
    ),
    SettingsPage("authentication", "Authentication", icon="lock", form=AuthenticationForm),
    SettingsPage("appearance", "Appearance", icon="palette", form=AppearanceForm, also="settings/_own_colours.html"),
)


def find_page(slug: str) -> SettingsPage | None:
    return next((page for page in PAGES if page.slug == slug), None)
