"""Addresses of the page "Server": how mirroring goes, what waits, questions, what is being watched."""

from django.urls import path

from tasks_app.views import mirror, mirror_install, mirror_live, mirror_queue

app_name = "mirror"

urlpatterns = [
    path("", mirror.home, name="home"),
    path("mark/", mirror.mark, name="mark"),
    path("sync/", mirror.sync, name="sync"),
    path("install/", mirror_install.install, name="install"),
    path("vanished/<slug:kind>/", mirror.question, name="question"),
    path("live/", mirror_live.live, name="live"),
    path("queue/", mirror_queue.queue, name="queue"),
    path("queue/<int:pk>/", mirror_queue.entry, name="entry"),
    path("queue/answer/", mirror_queue.answer, name="choose_answer"),
    path("queue/answer/<slug:name>/", mirror_queue.answer, name="answer"),
]
