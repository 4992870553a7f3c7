"""Everything that pages need is there before the web server forks."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

CHECK = """
import sys
from django.core.wsgi import get_wsgi_application
get_wsgi_application()
from django.db import connections
from ecm_site.serving.preload import load_pages
load_pages()
assert not any(connection.connection for connection in connections.all()), "a connection would be shared by the processes"
import threading
assert threading.active_count() == 1, "a thread is gone after a fork"
known = set(sys.modules)
from django.template import engines
compiled = engines["django"].engine.template_loaders[0].get_template_cache
from django.urls import resolve
resolve("/channels/"), resolve("/server/queue/"), resolve("/guide/")
print(len(compiled), sorted(name for name in set(sys.modules) - known if name.split(".")[0].endswith(("_app", "_site"))))
"""


def test_pages_are_loaded_and_nothing_is_opened(tmp_path: Path) -> None:
    environment = {**os.environ, "CONFIG_DIR": str(tmp_path), "ECM_DEBUG": "0", "DJANGO_SETTINGS_MODULE": "ecm_site.settings"}
    command = [sys.executable, "-c", CHECK]
    found = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    compiled, _, late = found.stdout.strip().partition(" ")
    assert int(compiled) >= len(list((settings.BASE_DIR / "templates").rglob("*.html")))
    assert late == "[]"
