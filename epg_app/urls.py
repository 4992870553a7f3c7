from django.urls import path

from epg_app.views import delete, entries, match, order, source_form, source_page, source_work, sources

app_name = "guide"
urlpatterns = [
    path("", sources.sources, name="sources"),
    path("busy/", sources.busy, name="busy"),
    path("add/", source_form.add, name="add"),
    path("refresh/", source_work.refresh_all, name="refresh_all"),
    path("order/", order.order, name="order"),
    path("match/", match.match, name="match"),
    path("channels/", entries.entries, name="entries"),
    path("channels/<int:entry_id>/", entries.entry, name="entry"),
    path("<int:source_id>/", source_page.source, name="source"),
    path("<int:source_id>/edit/", source_form.edit, name="edit"),
    path("<int:source_id>/refresh/", source_work.refresh, name="refresh"),
    path("<int:source_id>/cancel/", source_work.cancel, name="cancel"),
    path("<int:source_id>/toggle/", source_work.toggle, name="toggle"),
    path("<int:source_id>/accept/", source_work.accept_smaller, name="accept_smaller"),
    path("<int:source_id>/delete/", delete.delete, name="delete"),
]
