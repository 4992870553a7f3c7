from django.urls import URLPattern, URLResolver

app_name = "m3u"
urlpatterns: list[URLPattern | URLResolver] = []
