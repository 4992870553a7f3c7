from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import pins

urlpatterns = [
    path("release/", staged(pins.release), name="release_pins"),
    path("<int:channel_id>/pins/", staged(pins.fields), name="channel_pins"),
]
