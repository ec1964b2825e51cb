"""Pages without a login: how often one address may ask."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from redis.exceptions import RedisError


def too_many(request: HttpRequest, what: str, most: int) -> bool:
    """Whether one address has asked for `what` more than so often within a minute. Without the cache nobody is held up."""
    try:
        key = f"{what}/{get_adapter().get_client_ip(request)}"
        cache.add(key, 0, timeout=60)
        return cache.incr(key) > most
    except (RedisError, OSError, ValueError, PermissionDenied):
        return False
