"""Language and time zone of the person: their choice, else the browser's language and the branch's zone."""

from django.conf import settings
from django.utils import timezone, translation


class PersonLocaleMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        chosen = getattr(user, "language", "") if user.is_authenticated else ""
        known = {code for code, _name in settings.LANGUAGES}
        language = chosen if chosen in known else translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        if user.is_authenticated:
            timezone.activate(user.zone)
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        if user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
