from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import bulk_create

urlpatterns = [path("", staged(bulk_create.bulk_create), name="bulk_create")]
