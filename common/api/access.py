"""Who asks, what their token may do, and how often they may ask."""

import hashlib
import time

from django.core.cache import cache
from django.utils.translation import gettext as _
from oauth2_provider.models import get_access_token_model
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from common.api.problems import Problem

ANY = ""  # in a view's `scopes`: any token will do
PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ApplicationAuthentication(BaseAuthentication):
    """OAuth 2 bearer token of an application that acts with one person's sight.

    A token that is unknown, expired, or whose application has no active person with a role is refused: it
    never falls back to a session. Only the header carries tokens; addresses end up in logs.
    """

    def authenticate(self, request):
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        found = (
            get_access_token_model()
            .objects.select_related("application__user__branch")
            .filter(token_checksum=digest)
            .first()
        )
        user = found.application.user if found and found.application else None
        if not found or found.is_expired() or not user or not user.is_active or not getattr(user, "role", ""):
            raise AuthenticationFailed(_("The token is unknown, has expired, or acts for nobody."))
        return user, found

    def authenticate_header(self, request) -> str:
        return 'Bearer realm="api"'


class ScopePermission(BasePermission):
    """People: signed in, with a role. Machines: besides, the scope that the view names for what they do."""

    def has_permission(self, request, view) -> bool:
        user = request.user
        if not user or not user.is_authenticated or not user.is_active or not getattr(user, "role", ""):
            return False
        if request.auth is None:
            return True
        scope = scope_for(view, request.method)
        if scope == ANY:
            return True
        if scope is None:
            return False
        if not request.auth.allow_scopes([scope]):
            raise Problem(403, "missing-scope", _("This needs the scope %(scope)s.") % {"scope": scope})
        return True


def scope_for(view, method: str) -> str | None:
    """The scope a machine needs: the action's own, else the one for reading or for writing."""
    scopes = getattr(view, "scopes", {})
    action = getattr(view, "action", None)
    if action in scopes:
        return scopes[action]
    return scopes.get("read" if method in SAFE_METHODS else "write")


def owner_of(request) -> str:
    """Who a limit and a kept answer belong to: "application/7" or "user/3"."""
    if request.auth is not None:
        return f"application/{request.auth.application_id}"
    return f"user/{request.user.pk}"


def over_limit(name: str, rate: str, owner: str) -> int | None:
    """Count one request in the running window; seconds to wait where it was one too many, else None.

    Counting is one atomic step on the cache. A cache that is away counts nothing: the limit guards
    against floods, and nobody's work should stop with it.
    """
    number, _slash, period = rate.partition("/")
    seconds = PERIODS[period[0]]
    now = int(time.time())
    key = f"limit:{name}:{owner}:{now // seconds}"
    try:
        cache.add(key, 0, seconds * 2)
        count = cache.incr(key)
    except (RedisError, ValueError):
        return None
    return seconds - now % seconds if count > int(number) else None


class PersonThrottle(BaseThrottle):
    """So many requests a minute for each person and each application, counted together over all pages."""

    seconds: int | None = None

    def allow_request(self, request, view) -> bool:
        rate = str(api_settings.DEFAULT_THROTTLE_RATES["person"])
        self.seconds = over_limit("api", rate, owner_of(request))
        return self.seconds is None

    def wait(self) -> int | None:
        return self.seconds
