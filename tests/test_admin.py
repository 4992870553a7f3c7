"""Django admin shows the raw rows of every table of ours."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import CompositePrimaryKey, Model
from django.test import Client
from django.urls import reverse

OURS = ("ecm_site", "tasks_app", "m3u_app", "epg_app", "channels_app")
MODELS = [
    model
    for app in OURS
    for model in apps.get_app_config(app).get_models()
    if not isinstance(model._meta.pk, CompositePrimaryKey)  # Django's admin cannot show those
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_is_registered(model: type[Model]) -> None:
    assert admin.site.is_registered(model)


@pytest.mark.django_db(databases=["default", "queue"])
@pytest.mark.parametrize(
    "model", [model for model in MODELS if admin.site.is_registered(model)], ids=lambda model: model._meta.label
)
def test_its_list_opens_and_searches(client: Client, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("alice"))
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert client.get(address).status_code == 200
    assert client.get(address, {"q": "x"}).status_code == 200
