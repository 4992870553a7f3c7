"""Names and what hangs on them: normalizing, duplicates, merging, Gracenote ids. Below ``channels/names/``."""

from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import duplicates, gracenote, merge, normalize_names

urlpatterns = [
    path("normalize/", staged(normalize_names.normalize), name="normalize_names"),
    path("duplicates/", staged(duplicates.duplicates), name="duplicates"),
    path("merge/", staged(merge.merge), name="merge"),
    path("gracenote/", staged(gracenote.fetch), name="gracenote"),
    path("gracenote/field/", staged(gracenote.field), name="gracenote_field"),
]
