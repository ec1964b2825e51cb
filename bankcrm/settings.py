"""All settings, from the environment. Production refuses to start without what it needs.

DEBUG is never a default: PRODUCTION=0 (the development default) only relaxes what a first look
on one machine needs, such as generated keys kept under .local/.
"""

import base64
import contextlib
import secrets
from datetime import time, timedelta
from pathlib import Path

import environ
import pgtrigger
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = environ.Env()
PRODUCTION = env.bool("PRODUCTION", False)
DEBUG = env.bool("DEBUG", False) and not PRODUCTION


def _secret(name: str) -> str:
    """A secret from the environment; outside production one is made and kept under .local/."""
    value = env.str(name, "")
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set: production does not start without it.")
    kept = LOCAL_DIR / "secrets" / name.lower()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = kept.with_suffix(f".{secrets.token_hex(4)}")
        fresh.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        fresh.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            kept.hardlink_to(fresh)  # two processes at once: the first one's secret stands
        fresh.unlink()
    return kept.read_text().strip()


def _needed(name: str, otherwise):
    if PRODUCTION and not env.str(name, ""):
        raise ImproperlyConfigured(f"{name} must be set: production does not start without it.")
    return otherwise


# -- keys -----------------------------------------------------------------------------------------
SECRET_KEY = _secret("SECRET_KEY")
FIELD_KEYS = _secret("FIELD_KEYS").split(",")  # newest first; base64 of 32 bytes each
HASH_KEY = _secret("HASH_KEY")

# -- the bank -------------------------------------------------------------------------------------
BANK_NAME = env.str("BANK_NAME", "Meridian")
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000").rstrip("/")
REPORTING_CURRENCY = env.str("REPORTING_CURRENCY", "USD")
FEB_29_FALLS_ON = env.str("FEB_29_FALLS_ON", "02-28")  # or 03-01
CORE_OWNS_ASSIGNMENT = env.bool("CORE_OWNS_ASSIGNMENT", False)
CORE_OWNS_TIER = env.bool("CORE_OWNS_TIER", False)
RISK_PROFILE_VALID_DAYS = env.int("RISK_PROFILE_VALID_DAYS", 730)
CONTACT_FREE_EDIT = timedelta(hours=24)
CASE_CHECK_DAYS = env.int("CASE_CHECK_DAYS", 7)  # after a proposal the client is asked whether all is well
FOLLOW_UP_DAYS = env.int("FOLLOW_UP_DAYS", 7)  # an interest voiced is followed up within so many days
# Buyers are looked after again every so many days, by kind of product; "" is every other kind, 0 never.
PURCHASE_REVIEW_DAYS = {"": env.int("PURCHASE_REVIEW_DAYS", 90)}
# A limit that was crossed is armed again once the price is inside it by this share of the limit.
LIMIT_MARGIN = env.float("LIMIT_MARGIN", 0.01)
# What goes to another bank is large from so much of the reporting currency and such a share of what was there.
OUTFLOW_LEAST = env.int("OUTFLOW_LEAST", 10_000)
OUTFLOW_SHARE = env.float("OUTFLOW_SHARE", 0.2)
# Mail and text messages to clients leave between these local hours, where nothing else was agreed.
CLIENT_HOURS = tuple(time.fromisoformat(hour) for hour in env.str("CLIENT_HOURS", "08:00-20:00").split("-"))
if len(CLIENT_HOURS) != 2 or CLIENT_HOURS[0] >= CLIENT_HOURS[1]:
    raise ImproperlyConfigured("CLIENT_HOURS is two hours of a day, like 08:00-20:00.")
CLIENT_MAIL_GRACE = timedelta(minutes=1)  # so long an approval can be undone
SIGHT_GRANT = timedelta(hours=1)
REVEAL_SECONDS = 30
FEED_NAMES = env.bool("FEED_NAMES", False)  # clients by name in calendars outside the bank, else by initials
COUNTER_SIGHT = timedelta(minutes=15)  # how long one card stays open to the front desk
COUNTER_LOOKUPS = env.int("COUNTER_LOOKUPS", 30)  # a person's, in any window of
DOOR_LOOKUPS = env.int("DOOR_LOOKUPS", 150)  # at the door of an event, in the same
COUNTER_WINDOW = timedelta(minutes=10)
ARRIVAL_SHOWN = timedelta(hours=2)  # how long a client told to be in the branch stands on Today
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 512 * 1024 * 1024)
MAX_UNPACKED_BYTES = env.int("MAX_UNPACKED_BYTES", 2 * 1024 * 1024 * 1024)
UPLOADS_DIR = Path(env.str("UPLOADS_DIR", str(LOCAL_DIR / "uploads")))
MORNING_HOUR = 5  # local hour of a branch from which its daily run may start
DIGEST_HOUR = 7

# -- servers --------------------------------------------------------------------------------------
_needed("DATABASE_URL", None)
_needed("REDIS_URL", None)
DATABASES = {"default": env.db_url("DATABASE_URL", "postgresql://localhost/bankcrm")}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "test_bankcrm")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Celery would open a connection for each task, which costs more than most tasks; bankcrm/celery.py checks the kept one.
CELERY_DB_REUSE_MAX = 1_000_000_000
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"messaging.*": {"queue": "sending"}, "corebanking.*": {"queue": "imports"}}
# Without these a request would wait for a Redis that is gone: ten tries, or for ever where it keeps silent.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 7200,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Rows are the truth: every job below may run twice or late and finds the same work.
CELERY_BEAT_SCHEDULE = {
    "morning": {"task": "interactions.morning", "schedule": crontab(minute="*/15")},
    "look-through": {"task": "interactions.look_through", "schedule": crontab(hour=1, minute=10)},
    "campaigns": {"task": "campaigns.tend", "schedule": crontab(minute="25,55")},
    "digest": {"task": "interactions.digest", "schedule": crontab(minute="5,20,35,50")},
    "sweep-outbox": {"task": "messaging.sweep", "schedule": 60.0},
    "sweep-imports": {"task": "corebanking.sweep", "schedule": 300.0},
    "seal": {"task": "common.seal", "schedule": crontab(hour=0, minute=40)},
}

EMAIL = env.email_url("EMAIL_URL", f"filemail:///{LOCAL_DIR / 'mail'}")
vars().update(EMAIL)
EMAIL_TIMEOUT = 20
SMS_URL = env.str("SMS_URL", "")  # the provider's address; without one no SMS leaves
if PRODUCTION and SMS_URL and not SMS_URL.startswith("https://"):
    raise ImproperlyConfigured("SMS_URL must be https: it carries phone numbers.")
SMS_TOKEN = env.str("SMS_TOKEN", "")
SMS_SENDER = env.str("SMS_SENDER", "") or BANK_NAME
LETTERS_DIR = Path(env.str("LETTERS_DIR", "") or (UPLOADS_DIR if PRODUCTION else LOCAL_DIR) / "letters")
# Development writes into files what has no provider; production does so only when told to.
MESSAGING_FILE_DIR = env.str("MESSAGING_FILE_DIR", "") or ("" if PRODUCTION else str(LOCAL_DIR / "messages"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Meridian <crm@meridian.example>")

# -- Django ---------------------------------------------------------------------------------------
ALLOWED_HOSTS = _needed(
    "ALLOWED_HOSTS", env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "bankcrm.urls"
WSGI_APPLICATION = "bankcrm.wsgi.application"
AUTH_USER_MODEL = "staff.User"

HOUSE_APPS = [
    "common",
    "staff",
    "messaging",
    "clients",
    "portfolio",
    "interactions",
    "campaigns",
    "metrics",
    "corebanking",
]
INSTALLED_APPS = [
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    *HOUSE_APPS,
    "bankcrm.apps.BankCrmConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "campaigns.middleware.NoCookies",  # before whatever reads one
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "staff.middleware.PersonLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
]

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
                "bankcrm.context.chrome",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "common.templatetags.crm"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "staff.adapters.StaffAdapter"
SOCIALACCOUNT_ADAPTER = "staff.adapters.SingleSignOnAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "staff_number"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "5/m/ip,3/m/key",
}
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 1 if PRODUCTION else 0)  # for limits by address
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {}
if env.str("OIDC_SERVER_URL", ""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "bank",
                "name": env.str("OIDC_NAME", BANK_NAME),
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("OIDC_SERVER_URL")},
            }
        ]
    }

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", 10 * 3600)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 15 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# -- languages and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
TIME_ZONE = "UTC"

# -- static files ---------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(LOCAL_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
if not PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- history --------------------------------------------------------------------------------------
PGHISTORY_LEVEL = pgtrigger.Statement  # row-level triggers fell to 1,400 rows a second in bulk
PGHISTORY_BASE_MODEL = "common.history.Event"
PGHISTORY_APPEND_ONLY = True
PGHISTORY_MIDDLEWARE_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# -- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "common.api.ApplicationAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["common.api.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "common.api.CursorPages",
    "DEFAULT_THROTTLE_CLASSES": ["common.api.PersonThrottle"],
    "DEFAULT_THROTTLE_RATES": {"person": env.str("API_RATE", "1200/min")},
    "EXCEPTION_HANDLER": "common.api.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bank CRM",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["common.api.schema.without_marks"],
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "clients:read": "Read clients",
        "clients:write": "Write clients",
        "clients:reveal": "See contact points in clear, one at a time",
        "portfolio:read": "Read products and holdings",
        "portfolio:write": "Write what became of maturities, and why money moved",
        "contacts:read": "Read contacts and actions",
        "contacts:write": "Write contacts and actions",
        "imports:read": "Read imports",
        "imports:write": "Load files",
        "metrics:read": "Read indicators",
    },
    "DEFAULT_SCOPES": [],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    # RFC 9700: tokens are kept only as digests, never taken from an address; no password or implicit grant.
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"secrets": {"()": "common.logs.MaskSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.db.backends": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},  # a line for each table of a letter's fonts
        "fpdf": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
