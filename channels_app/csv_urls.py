from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import csv_files

urlpatterns = [
    path("csv/export/", staged(csv_files.export), name="csv_export"),
    path("csv/export/file/", staged(csv_files.export_file), name="csv_export_file"),
    path("csv/template/", csv_files.template, name="csv_template"),
    path("csv/import/", staged(csv_files.import_dialog), name="csv_import"),
    path("csv/import/problems/", staged(csv_files.report), name="csv_report"),
]
