"""How the web server runs. ``manage.py serve`` hands over the open socket in ECM_LISTEN_FD."""

import gc
import os
from pathlib import Path

from ecm_site.environment import env_int, env_networks

bind = [f"fd://{os.environ['ECM_LISTEN_FD']}"]
proc_name = "ecm-web"

# Two processes: a page that computes for 100 ms holds Python's lock, and must not hold up everybody else's clicks. More
# would buy little on the two cores ECM is built for and cost about 90 MB each. Threads because requests mostly wait for
# SQLite, for uploads and for slow clients that read a published guide.
worker_class = "gthread"
workers = env_int("ECM_WEB_PROCESSES", 2)
threads = env_int("ECM_WEB_THREADS", 8)
worker_connections = env_int("ECM_LIMIT_CONCURRENCY", 100)
keepalive = env_int("ECM_TIMEOUT_KEEP_ALIVE", 30)  # idle connections wait outside the threads, so this costs nothing

# Loaded once and then forked: starts a second sooner and shares memory. Nothing may be opened while loading (no database
# connection, no thread), which tests/test_serve.py would notice.
preload_app = True
gc.disable()  # until then: what is being loaded stays


def when_ready(_: object) -> None:
    """Everything is loaded, nothing is forked yet: what is here now stays until the end.

    Python's collector need not look through it again. Each time it did, a request would wait for a tenth of a second, and
    memory that the processes share would be copied.
    """
    from ecm_site.serving.preload import load_pages  # after Django was set up

    load_pages()
    gc.collect()
    gc.freeze()
    gc.enable()


timeout = 60  # seconds a whole process may be silent; requests in threads do not count against it
graceful_timeout = 3  # seconds that running requests get at a stop; the supervisor waits a little longer
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeat files; a slow disk must not fake a hang
limit_request_line = 8190  # filters live in the address; the default of 4094 is short for a long search
control_socket_disable = True  # nobody uses it, and it would be made in the home folder

# Only a named proxy may say who the client was and that it came over TLS.
forwarded_allow_ips = ",".join(map(str, env_networks("ECM_TRUSTED_PROXIES"))) or "127.0.0.1,::1"

accesslog = None  # our own middleware writes a line for each request, without values of addresses
errorlog = None  # what the web server itself has to say goes the way of all log lines: same form, secrets masked, kept
loglevel = "warning"
logconfig_dict = {
    "root": {"handlers": []},  # set up by Django, which is loaded right after this
    "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True}},
}
