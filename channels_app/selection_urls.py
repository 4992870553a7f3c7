from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import bulk_edit, saved_views

urlpatterns = [
    path("bulk-edit/", staged(bulk_edit.bulk_edit), name="bulk_edit"),
    # preferences, not lineup: no draft holds them
    path("views/", saved_views.menu, name="views"),
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<int:view_id>/update/", saved_views.update, name="update_view"),
    path("views/<int:view_id>/rename/", saved_views.rename, name="rename_view"),
    path("views/<int:view_id>/delete/", saved_views.delete, name="delete_view"),
    path("views/<int:view_id>/default/", saved_views.set_default, name="default_view"),
]
