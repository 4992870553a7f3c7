from django.urls import path

from channels_app.views import tools

urlpatterns = [
    path("tools/", tools.tools, name="tools"),
    path("keys/", tools.keys, name="keys"),
]
