from django.urls import include, path

from tasks_app.journal_urls import api_patterns as journal_api_patterns
from tasks_app.journal_urls import journal_patterns
from tasks_app.task_urls import api_patterns, tasks_patterns
from tasks_app.views import notifications, notifications_api

notification_patterns = [
    path("", notifications.notification_list, name="list"),
    path("watch/", notifications.watch, name="watch"),
    path("panel/", notifications.panel, name="panel"),
    path("mark-all-read/", notifications.mark_all_read, name="mark_all_read"),
    path("delete-read/", notifications.delete_read, name="delete_read"),
    path("delete-all/", notifications.delete_all, name="delete_all"),
    path("<int:pk>/read/", notifications.set_read, name="read"),
    path("<int:pk>/delete/", notifications.delete, name="delete"),
    path("<int:pk>/retry/", notifications.retry, name="retry"),
    path("<int:pk>/go/<slug:where>/", notifications.go, name="go"),
]

notification_api_patterns = [
    path("notifications", notifications_api.collection),
    path("notifications/mark-all-read", notifications_api.mark_all_read),
    path("notifications/by-source", notifications_api.by_source),
    path("notifications/<int:pk>", notifications_api.single),
]

urlpatterns = [
    path("notifications/", include((notification_patterns, "notifications"))),
    path("api/", include(notification_api_patterns)),
    path("api/", include(api_patterns)),
    path("api/", include(journal_api_patterns)),
    path("", include((tasks_patterns, "tasks"))),
    path("journal/", include((journal_patterns, "journal"))),
]
