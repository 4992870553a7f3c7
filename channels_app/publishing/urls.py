from django.urls import URLPattern, URLResolver

app_name = "output"
urlpatterns: list[URLPattern | URLResolver] = []
