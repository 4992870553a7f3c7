from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import addresses, now_airing, tools

urlpatterns = [
    path("tools/", tools.tools, name="tools"),
    path("keys/", tools.keys, name="keys"),
    path("now/", staged(now_airing.now), name="now"),
    path("<int:channel_id>/address/", staged(addresses.channel), name="channel_address"),
    path("streams/<int:stream_id>/address/", addresses.stream, name="stream_address"),
]
