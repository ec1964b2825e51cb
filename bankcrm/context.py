"""What every page's frame needs."""

from django.conf import settings

from bankcrm.places import SEARCHERS, places_of, tabs_of
from messaging.models import Notification


def chrome(request) -> dict:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or getattr(request, "htmx", False):
        return {"bank_name": settings.BANK_NAME}
    return {
        "bank_name": settings.BANK_NAME,
        "places": places_of(user, request.path),
        "tabs": tabs_of(user, request.path),
        "may_search": user.role in SEARCHERS,
        "unread": Notification.objects.visible_to(user).unread().count(),
        "told": request.session.pop("told", None) if "told" in request.session else None,
    }
