"""A program that is signed in and speaks JSON."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client


class Program:
    def __init__(self, name: str = "script") -> None:
        self.user = User.objects.create_user(name)
        self._client = Client()
        self._client.force_login(self.user)

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(path, query)

    def send(self, method: str, path: str, body: object = None) -> Any:
        content = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        return self._client.generic(method, path, content, content_type="application/json")

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        found: list[dict[str, Any]] = answer.json()["results"]
        return found
