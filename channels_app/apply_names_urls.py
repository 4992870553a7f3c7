"""Settings → Normalization → Apply to all channels. Not staged: it works on the lineup itself (10 §11.3)."""

from django.urls import path

from channels_app.views import apply_names

urlpatterns = [path("settings/normalization/apply/", apply_names.apply_names, name="apply_names")]
