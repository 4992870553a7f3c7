from django.urls import path

from ecm_site.views import dashboard, health, setup, sign_in

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("setup/", setup.setup, name="setup"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("api/health", health.health, name="health"),
    path("api/health/ready", health.ready, name="health_ready"),
]
