"""What a load balancer asks: is the process alive, and can it serve? No login, no secrets, no details."""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Always 200: the process answers. Asks no server, so that a restart is never the cure for a slow one."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database and Redis answer and every migration is applied, else 503; says which is not."""
    parts = {"database": _database(), "redis": _redis()}
    parts["migrations"] = parts["database"] and _migrations()
    is_ready = all(parts.values())
    body = {
        "status": "ok" if is_ready else "not ready",
        **{name: "ok" if works else "failed" for name, works in parts.items()},
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis() -> bool:
    try:
        cache.get("health")
    except (RedisError, OSError):
        return False
    return True


# Once applied, migrations stay applied for this code; asking each time would read them all from disk.
_migrated = False


def _migrations() -> bool:
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return False
    return _migrated
