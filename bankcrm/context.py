"""What every page's frame needs."""

from functools import cache

from django.conf import settings

from bankcrm.places import ON_TOP, SEARCHERS, places_of, tabs_of
from clients.services import to_review
from messaging.models import Notification


def chrome(request) -> dict:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"bank_name": settings.BANK_NAME}
    return {
        "bank_name": settings.BANK_NAME,
        "may_search": user.role in SEARCHERS,
        # Asked for only where a frame is drawn: a fragment costs no query and says nothing too early.
        "places": cache(lambda: places_of(user, request.path)[:ON_TOP]),
        "tabs": cache(lambda: tabs_of(user, request.path)),
        "bell": cache(lambda: Notification.objects.visible_to(user).bell()),
        "openings": cache(lambda: to_review(user).count()),  # emergencies that wait for a supervisor
        "told": cache(lambda: request.session.pop("told", None)),
    }
