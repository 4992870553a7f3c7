"""Settings → Stream Sorting (10 §1.3, §9.4)."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.settings_form import SettingsForm

CRITERIA = {
    "resolution": "Resolution",
    "bitrate": "Bitrate",
    "framerate": "Frame rate",
    "video_codec": "Video codec",
    "m3u_priority": "Priority of the provider",
    "audio_channels": "Audio channels",
}
PUSHED_DOWN = {"failed": "Failed or never probed", "black_screen": "Black screen", "low_fps": "Low frame rate"}
_ORDER_HELP = "One a line, the most important first. Move lines to change the order."


class StreamSortingForm(SettingsForm):
    stream_sort_enabled = forms.MultipleChoiceField(
        label="What makes a stream better",
        choices=list(CRITERIA.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Everything but the priority of the provider is known only of streams that were probed.",
    )
    stream_sort_priority = forms.CharField(
        label="In which order of importance",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_ORDER_HELP,
    )
    deprioritize_failed_streams = forms.BooleanField(label="Put streams that failed behind all others", required=False)
    deprioritize_black_screen = forms.BooleanField(label="Also those that show a black screen", required=False)
    deprioritize_low_fps = forms.BooleanField(label="Also those with a low frame rate", required=False)
    failed_stream_sort_order = forms.CharField(
        label="Order among those at the end",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_ORDER_HELP,
    )
    words: ClassVar[dict[str, dict[str, str]]] = {
        "stream_sort_priority": CRITERIA,
        "failed_stream_sort_order": PUSHED_DOWN,
    }

    @classmethod
    def to_form(cls, name: str, value: Any) -> Any:
        words = cls.words.get(name)
        if words is None:
            return list(value) if isinstance(value, tuple) else value
        known = [key for key in dict.fromkeys(value) if key in words]
        return "\n".join(words[key] for key in (*known, *(key for key in words if key not in known)))

    def clean_stream_sort_enabled(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["stream_sort_enabled"])

    def clean_stream_sort_priority(self) -> tuple[str, ...]:
        return self._order("stream_sort_priority")

    def clean_failed_stream_sort_order(self) -> tuple[str, ...]:
        return self._order("failed_stream_sort_order")

    def _order(self, name: str) -> tuple[str, ...]:
        """The keys of the lines; what is left out comes last."""
        keys = {label.casefold(): key for key, label in self.words[name].items()}
        lines = [line.strip() for line in self.cleaned_data[name].splitlines() if line.strip()]
        unknown = [line for line in lines if line.casefold() not in keys]
        if unknown:
            raise ValidationError(f"“{unknown[0][:60]}” is none of these: {', '.join(self.words[name].values())}.")
        given = list(dict.fromkeys(keys[line.casefold()] for line in lines))
        return (*given, *(key for key in self.words[name] if key not in given))
