"""The library of logos: pages below ``/logos/``. Uploaded pictures are sent by the addresses for players."""

from django.urls import URLPattern, URLResolver, path

from channels_app.drafts.staging import staged
from channels_app.views import logo_files, logo_work, logos

app_name = "logos"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", staged(logos.library), name="library"),
    path("add/", staged(logos.add), name="add"),
    path("upload/", staged(logos.upload), name="upload"),
    path("delete/", staged(logos.delete), name="delete"),
    path("unused/", staged(logos.unused), name="unused"),
    path("adopt/", staged(logos.adopt), name="adopt"),
    path("check/", logos.check, name="check"),
    path("check/state/", logos.check_state, name="check_state"),
    path("repair/", staged(logo_work.repair), name="repair"),
    path("picker/", staged(logo_work.picker), name="picker"),
    path("picker/add/", staged(logo_work.picker_add), name="picker_add"),
    path("thumb/<str:signature>", logo_files.thumbnail, name="thumbnail"),
    path("<int:logo_id>/", staged(logos.edit), name="edit"),
    path("<int:logo_id>/channels/", staged(logos.used_by), name="used_by"),
]
