"""Django settings. Everything configurable is an environment variable; docs/reference/settings.md lists them."""

import os
from pathlib import Path

from integration.engines.state import State
from integration.seam.messages.protocol import CURRENT
from integration.seam.systems import System

from . import addresses
from .alert_settings import *  # noqa: F403  (each is a setting)
from .api_settings import *  # noqa: F403  (likewise)
from .content_policy import CONTENT_SECURITY_POLICY as CONTENT_SECURITY_POLICY
from .environment import env_bool, env_broker, env_list, env_month_day, env_picture, env_required, env_secret, env_zone
from .modules import folder_of_modules
from .sign_in_settings import *  # noqa: F403  (likewise)

BASE_DIR = Path(__file__).resolve().parents[2]

DEBUG = env_bool("GRIDCALL_DEBUG", False)
SECRET_KEY = env_secret("SECRET_KEY", "a long random text that signs sessions, the same in every process")
HTTPS = env_bool("GRIDCALL_HTTPS", True)
BEHIND_PROXY = env_bool("GRIDCALL_BEHIND_PROXY", False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", "")
# web, worker, scheduler or command: the kind of process determines its database time limits.
PROCESS = os.environ.get("GRIDCALL_PROCESS", "command")
DEMO = env_bool("GRIDCALL_DEMO", False)
DEMO_METERS = int(os.environ.get("DEMO_METERS", "999999"))  # of the demo's meters, those that get readings
DEMO_READINGS = "integration.demo.meters.being_read"  # how far they are, on the list of meters
# The people of a demo, listed on its sign-in page and nowhere else.
DEMO_SIGN_INS = "integration.demo.sign_ins.sign_ins"

INSTALLED_APPS = [
    "integration.project",
    "integration.console.apps.ConsoleConfig",
    *(system.package for system in System),
    "integration.pages",
    "integration.importing",
    "integration.seam",
    "integration.demo",
    "integration.commands",
    "integration.bench",
    "integration.console.apps.RecordsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_filters",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
]

MIDDLEWARE = [
    "integration.project.health.Probes",
    "integration.pages.doors.Problems",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "integration.seam.logs.RequestLog",
    "integration.pages.fragments.NotModified",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "integration.pages.doors.Doors",
    "integration.pages.acting.NamedInHistory",
    "integration.console.personal.Personal",
    "allauth.account.middleware.AccountMiddleware",
    "integration.console.second_factor.RequireSecondFactor",
    "integration.pages.access.DenyByDefault",
    "integration.pages.acting.RefusalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "integration.project.urls"
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
                "integration.console.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "integration.pages.forms.Renderer"

# --- Database -----------------------------------------------------------------------------------------------------
# A web request must answer soon or say why; a worker's statement may take as long as its rows need. The server checks
# whether a worker is still connected: it frees the rows of a killed worker within two seconds, and those of one that
# went silent, on either side of a broken network, within thirty.
IF_SILENT = (
    "-c idle_in_transaction_session_timeout=30s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
SESSION_LIMITS = {
    "web": f"-c lock_timeout=2s -c statement_timeout=10s {IF_SILENT}",
    "worker": f"-c lock_timeout=30s -c client_connection_check_interval=2s {IF_SILENT}",
    "scheduler": f"-c lock_timeout=2s -c statement_timeout=30s -c client_connection_check_interval=2s {IF_SILENT}",
    "command": "",
}
_database = addresses.database(
    env_required("DATABASE_URL", "the address of PostgreSQL, postgresql://user:password@host/database")
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **_database.fields,
        "CONN_MAX_AGE": 60 if PROCESS in {"worker", "scheduler"} else 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": SESSION_LIMITS[PROCESS],
            "application_name": f"gridcall-{PROCESS}",
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            **_database.parameters,
        },
        "TEST": {"NAME": f"test_{_database.fields['NAME']}"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Celery: PostgreSQL is the queue of record, the broker only the doorbell (integration/seam/delivery.py) -------
CELERY_BROKER_URL = addresses.broker(env_required("REDIS_URL", "the address of Redis or Valkey, redis://host:6379/0"))
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"

# --- Messages -----------------------------------------------------------------------------------------------------
# The major protocol version of sent messages; set it to the previous one while processes are being upgraded.
PROTOCOL_VERSION = int(os.environ.get("PROTOCOL_VERSION", CURRENT.major))

# --- Work at night ------------------------------------------------------------------------------------------------
NIGHTLY_TIME_ZONE = env_zone("NIGHTLY_TIME_ZONE", "UTC")
HAS_TIME_ZONE = bool(os.environ.get("NIGHTLY_TIME_ZONE"))  # somebody chose it; it may be UTC

# --- Extracts -----------------------------------------------------------------------------------------------------
EXTRACT_ROOT = Path(os.environ.get("EXTRACT_ROOT") or State.of_environment().root / "extracts")
EXTRACT_PART_ROWS = int(os.environ.get("EXTRACT_PART_ROWS", "250000"))
EXTRACT_GZIP = env_bool("EXTRACT_GZIP", False)
IMPORT_ROOT = Path(os.environ.get("IMPORT_ROOT") or State.of_environment().root / "imports")
IMPORT_LARGEST_FILE = int(os.environ.get("IMPORT_LARGEST_FILE", "2000000000"))  # bytes
# Shorter than the outcome time-out of event types: at that, DERMS says of each device that it did not respond.
OPENADR_ANSWERS_WITHIN_S = int(os.environ.get("OPENADR_ANSWERS_WITHIN_S", "45"))
METER_DAYS_KEPT = int(os.environ.get("METER_DAYS_KEPT", "120"))  # then a month of readings is put away in a file
# Where vens are told by MQTT; without a broker, nobody is. Clients may know it by another address.
MQTT_URL, MQTT_PUBLIC_URL = env_broker("MQTT_URL"), env_broker("MQTT_PUBLIC_URL")
FOLD_AFTER_DAYS = int(os.environ.get("FOLD_AFTER_DAYS", "90"))
STORAGES = {
    "extracts": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": EXTRACT_ROOT},
    },
    "imports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": IMPORT_ROOT},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- Sign-in ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "config.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
# Addresses are written by administrators and prove nothing here, so they need no verification first.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "Gridcall"
MFA_FORMS = {
    "add_webauthn": "integration.console.passkeys.AddForm",
    "authenticate_webauthn": "integration.console.passkeys.AuthenticateForm",
    "login_webauthn": "integration.console.passkeys.LoginForm",
    "reauthenticate_webauthn": "integration.console.passkeys.ReauthenticateForm",
}
MFA_REQUIRED_ROLES = env_list("MFA_REQUIRED_ROLES", "" if DEMO else "DERMS approver,Administrator")
SESSION_COOKIE_AGE = 12 * 60 * 60  # counted from the sign-in; nothing extends it
STREAMS_OF_A_PERSON = int(os.environ.get("STREAMS_OF_A_PERSON", "6"))  # pages per web process that update themselves
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^livez$", "^readyz$"]  # probed from inside, over plain http
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"

# --- E-mail to customers: a demo writes it to files, since its logs must not contain any --------------------------
EMAIL_BACKEND = os.environ.get(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'filebased' if DEMO else 'console'}.EmailBackend"
)
EMAIL_FILE_PATH = os.environ.get("EMAIL_FILE_PATH") or State.of_environment().root / "mail"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
EMAIL_REPLY_TO = os.environ.get("EMAIL_REPLY_TO", "")
HISTORY_HEAD_TO = env_list("HISTORY_HEAD_TO", "")
UTILITY_NAME, UTILITY_PHONE = os.environ.get("UTILITY_NAME", ""), os.environ.get("UTILITY_PHONE", "")
UTILITY_LOGO = env_picture("UTILITY_LOGO")
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "gridcall@localhost")
# The base of the links in e-mails.
PUBLIC_URL = (os.environ.get("GRIDCALL_PUBLIC_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}").rstrip("/")

# --- Languages, time, static files --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "integration" / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
YEAR_BEGINS = env_month_day("GRIDCALL_YEAR_BEGINS", "01-01")  # the utility's: a device's events count from there
STATIC_URL = "/static/"
MODULES = folder_of_modules(BASE_DIR / "static" / "js")
STATICFILES_DIRS = [BASE_DIR / "static", (MODULES, BASE_DIR / "static" / "js")]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",  # for Django's admin
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

# --- Logging and monitoring ---------------------------------------------------------------------------------------
LOG_FORMAT = os.environ.get("LOG_FORMAT", "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "integration.seam.logs.formatter", "style": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("GRIDCALL_LOG_LEVEL", "INFO")},
    "loggers": {
        "celery": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # Uvicorn would add its own handlers.
        "uvicorn": {"handlers": ["stderr"], "propagate": False},
        "uvicorn.error": {"handlers": [], "propagate": True},
        # Its lines contain addresses, and so customers' links.
        "uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
    },
}
METRICS_PORT = int(os.environ.get("METRICS_PORT") or 0)
METRICS_ADDRESS = os.environ.get("METRICS_ADDRESS", "127.0.0.1")
