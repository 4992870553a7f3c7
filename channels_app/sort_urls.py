from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import sort_streams

urlpatterns = [path("sort-streams/", staged(sort_streams.sort), name="sort_streams")]
