"""What the channel manager does with logos: pages below ``/channels/logos/``."""

from django.urls import URLPattern, URLResolver, path

from channels_app.drafts.staging import staged
from channels_app.views import logo_work

app_name = "channel_logos"
urlpatterns: list[URLPattern | URLResolver] = [
    path("assign/", staged(logo_work.assign), name="assign"),
]
