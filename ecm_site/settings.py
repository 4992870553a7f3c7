"""Django settings. Every number here has its reason beside it; operators change values by environment (50 §14)."""

import sys
from pathlib import Path

from ecm_site.environment import env_bool, env_choice, env_int, env_list, env_networks, env_text
from ecm_site.keys import read_or_create_key

BASE_DIR = Path(__file__).resolve().parent.parent

# --- the data folder: everything worth keeping lives here ---------------------------------------------------------
CONFIG_DIR = Path(env_text("CONFIG_DIR") or BASE_DIR / "data").resolve()
CONFIG_DIR.mkdir(parents=True, exist_ok=True)
UPLOAD_DIR = CONFIG_DIR / "uploads"
SOURCE_CACHE_DIR = CONFIG_DIR / "sources"
PUBLISH_DIR = CONFIG_DIR / "published"
TEMP_DIR = CONFIG_DIR / "tmp"

SECRET_KEY = env_text("ECM_SECRET_KEY") or read_or_create_key(CONFIG_DIR / "secret.key")
ECM_ENCRYPTION_KEY = read_or_create_key(CONFIG_DIR / "encryption.key")

DEBUG = env_bool("ECM_DEBUG", default=False)
ECM_PORT = env_int("ECM_PORT", 6100)
ECM_BIND = env_text("ECM_BIND", "0.0.0.0")  # noqa: S104 - players on the LAN must reach the published lineup
ECM_BEHIND_TLS = env_bool("ECM_BEHIND_TLS", default=False)
ECM_TRUSTED_PROXIES = env_networks("ECM_TRUSTED_PROXIES")
RATE_LIMIT_ENABLED = env_bool("RATE_LIMIT_ENABLED", default=True)

# An install is reached by whatever name its owner gave the machine. Reset links and published addresses are built from
# the public_base_url setting, never from this header.
ALLOWED_HOSTS = env_list("ECM_ALLOWED_HOSTS") or ["*"]
CSRF_TRUSTED_ORIGINS = env_list("ECM_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "ecm_site",
    "channels_app",
    "epg_app",
    "m3u_app",
    "tasks_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_q",
    "csp",
]

MIDDLEWARE = [
    "ecm_site.request_log.RequestLogMiddleware",
    "ecm_site.request_log.HealthWithoutSessionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ecm_site.database_trouble.PatientSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ecm_site.middleware.SignInRequiredMiddleware",
    "ecm_site.middleware.RolesMiddleware",
    "ecm_site.middleware.PossibleIdsMiddleware",
    "ecm_site.middleware.SlidingSessionMiddleware",
    "ecm_site.middleware.TimeZoneMiddleware",
    "ecm_site.middleware.FreshPagesMiddleware",
    "ecm_site.middleware.HtmxMessagesMiddleware",
    "ecm_site.database_trouble.DatabaseTroubleMiddleware",
]

ROOT_URLCONF = "ecm_site.urls"
WSGI_APPLICATION = "ecm_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ecm_site.context.site",
            ],
            "builtins": ["django.contrib.humanize.templatetags.humanize", "ecm_site.templatetags.ui"],
        },
    },
]

# --- databases ------------------------------------------------------------------------------------------------------
SQLITE_PRAGMAS = ";".join(
    [
        "PRAGMA journal_mode=WAL",  # readers go on while an import writes
        "PRAGMA synchronous=NORMAL",  # safe with WAL: a power cut may lose the last commits, never the file
        "PRAGMA temp_store=MEMORY",  # sorts and temporary tables stay off the disk
        "PRAGMA mmap_size=268435456",  # searches read pages without copying them
        "PRAGMA cache_size=-32000",  # 32 MB a connection: the upper levels of every index
        "PRAGMA journal_size_limit=67108864",  # a long import leaves at most 64 MB of WAL behind
        "PRAGMA wal_autocheckpoint=2000",  # 8 MB: keeps the WAL small at little cost
    ]
)


def _sqlite(name: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": CONFIG_DIR / name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # a transaction that reads and then writes can never fail as "locked"
            "timeout": 20,  # seconds a writer waits for another; no writer holds the lock longer than about one
            "init_command": SQLITE_PRAGMAS,
        },
        # A file, so that threads, workers and the browser tests see one database.
        "TEST": {"NAME": str(CONFIG_DIR / f"test_{name}")},
        "CONN_MAX_AGE": 0,  # an idle connection with an open read would keep the WAL from shrinking
    }


DATABASES = {"default": _sqlite("ecm.sqlite3"), "queue": _sqlite("queue.sqlite3")}
DATABASE_ROUTERS = ["ecm_site.routers.QueueRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- background work ------------------------------------------------------------------------------------------------
# The truth about a run is our TaskRun row; django-q2 only carries "run number N" to a worker.
Q_CLUSTER = {
    "name": "ecm",
    "orm": "queue",
    "workers": 2,  # one long import and one short job side by side; SQLite has one writer anyway
    "queue_limit": 2,  # = workers: a task must not grow old in a worker's memory while its retry clock runs
    "timeout": 6 * 3600,  # seconds; a safety net far above the longest run. Runs have their own deadline and cancel
    "retry": 7 * 3600,  # must exceed timeout, else a running task is handed out twice
    "max_attempts": 1,  # we retry ourselves: only our own row knows whether a repeat is safe
    "ack_failures": True,  # a failed task must not come back from the queue
    "catch_up": False,
    "save_limit": -1,  # results are ours to keep; saving them here loads every old id for each finished task
    "poll": 0.5,
    "guard_cycle": 2,
    "scheduler": False,  # our own tick queues what is due; its scheduler would take a write lock every half minute
    "max_rss": 600_000,  # KB; a worker that grew beyond this is replaced after its task
    "label": "Queue",
}

# --- people ---------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["ecm_site.sign_in_backend.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "ecm_site.passwords.UsernameInPasswordValidator"},
    {"NAME": "ecm_site.passwords.MaximumLengthValidator", "OPTIONS": {"max_length": 256}},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "dashboard"
SESSION_COOKIE_AGE = 7 * 24 * 3600  # 50 U-13
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ECM_BEHIND_TLS
CSRF_COOKIE_SECURE = ECM_BEHIND_TLS
CSRF_FAILURE_VIEW = "ecm_site.views.errors.csrf_failure"
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects; published feeds must stay reachable for old players
SECURE_HSTS_SECONDS = 31536000 if ECM_BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ECM_BEHIND_TLS
SECURE_HSTS_PRELOAD = ECM_BEHIND_TLS
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ECM_BEHIND_TLS else None
X_FRAME_OPTIONS = "DENY"

# What "check --deploy" asks for and this product does not do, each on purpose.
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # redirect to HTTPS: see SECURE_SSL_REDIRECT
if not ECM_BEHIND_TLS:
    # A home network without certificates is the normal place; secure cookies and HSTS would lock everybody out there.
    # HSTS, session cookie (W010: the check knows our session middleware by the app only), CSRF cookie
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W010", "security.W012", "security.W016"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],  # widths of panes and bars; attributes cannot load or run anything
        "img-src": ["'self'", "data:", "http:", "https:"],  # channel logos live wherever the provider put them
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- static files ---------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
VENDOR_DIR = BASE_DIR / "build" / "vendor"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor", VENDOR_DIR)]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "ecm_site.static_files.HashedStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- requests -------------------------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a bulk action may post thousands of ids
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # larger uploads stream to a file
FILE_UPLOAD_TEMP_DIR = TEMP_DIR
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- language, time, logs -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

LOG_LEVEL = env_choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
# Lines for people at a terminal, JSON for whoever collects them. They go to stderr: stdout is for the answers of commands.
LOG_FORMAT = env_choice("ECM_LOG_FORMAT", ("TEXT", "JSON"), "TEXT" if sys.stderr.isatty() else "JSON")
LOG_DIR = CONFIG_DIR / "logs"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"text": {"()": "ecm_site.logs.LineFormatter"}, "json": {"()": "ecm_site.logs.JsonFormatter"}},
    "filters": {"mask": {"()": "ecm_site.logs.MaskSecrets"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT.lower(), "filters": ["mask"]},
        "recent": {"()": "ecm_site.recent_log.RecentLogHandler", "folder": LOG_DIR, "formatter": "json", "filters": ["mask"]},
    },
    "root": {"handlers": ["console", "recent"], "level": LOG_LEVEL},  # ecm_site.log_level changes it while we run
    "loggers": {
        "httpx": {"level": "WARNING"},  # it logs whole addresses, credentials included
        "httpcore": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
        "django-q": {"level": "WARNING"},
    },
}

for _folder in (UPLOAD_DIR, SOURCE_CACHE_DIR, PUBLISH_DIR, TEMP_DIR, LOG_DIR, VENDOR_DIR):
    _folder.mkdir(parents=True, exist_ok=True)
