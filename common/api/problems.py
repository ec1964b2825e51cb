"""Errors as problem details (RFC 9457): which answer every exception gets, without stack, SQL or data."""

import logging
import traceback

from django.core import exceptions as django
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response

logger = logging.getLogger("api")

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:bankcrm:problem:{}"
RETRY_UNAVAILABLE = 2  # seconds

TITLES = {
    "invalid": gettext_lazy("The request holds values that cannot be taken."),
    "malformed": gettext_lazy("The body cannot be read."),
    "unauthenticated": gettext_lazy("Say who you are."),
    "forbidden": gettext_lazy("You may not do this."),
    "missing-scope": gettext_lazy("The token lacks a scope."),
    "not-found": gettext_lazy("There is no such thing here."),
    "method-not-allowed": gettext_lazy("This address does not answer this method."),
    "not-acceptable": gettext_lazy("Answers are JSON only."),
    "conflict": gettext_lazy("This clashes with what is already there."),
    "stale": gettext_lazy("It has changed since you read it."),
    "too-large": gettext_lazy("The body is too large."),
    "unsupported-media-type": gettext_lazy("Bodies of this type are not read here."),
    "key-reused": gettext_lazy("This Idempotency-Key was used for another request."),
    "key-running": gettext_lazy("The first request with this Idempotency-Key is still running."),
    "too-many-requests": gettext_lazy("Too many requests."),
    "unavailable": gettext_lazy("The service cannot answer now."),
    "error": gettext_lazy("Something went wrong on our side."),
}


class Problem(exceptions.APIException):
    """A refusal with a problem code of its own (a key of TITLES)."""

    def __init__(self, status_code: int, code: str, detail: str = "", *, retry_after: int | None = None):
        super().__init__(detail or str(TITLES[code]), code)
        self.status_code = status_code
        self.problem = code
        self.wait = retry_after


def problem_details(exc: Exception, context: dict) -> Response:
    """The answer to any exception raised in a view. Never None: what is unknown is a 500 without details."""
    view = context.get("view")
    names = getattr(view, "field_names", {})
    code, status_code, detail, errors = _explain(exc, names)
    headers = {}
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = RETRY_UNAVAILABLE if code == "unavailable" else getattr(exc, "wait", None)
    if wait:
        headers["Retry-After"] = str(max(1, round(wait)))
    if code in ("error", "unavailable"):
        _log(exc, view)
    return problem_response(code, status_code, detail, errors=errors, headers=headers)


def problem_response(code: str, status_code: int, detail: str = "", *, errors=(), headers=None) -> Response:
    """A problem as a response."""
    title = str(TITLES[code])
    body = {
        "type": TYPE.format(code),
        "title": title,
        "status": status_code,
        "detail": detail or title,
        "errors": list(errors),
    }
    response = Response(body, status=status_code, headers=headers, content_type=MEDIA_TYPE)
    response.exception = True
    return response


def _explain(exc: Exception, names: dict) -> tuple[str, int, str, list[dict]]:
    """(problem code, status, detail, errors) of an exception."""
    match exc:
        case Problem():
            return exc.problem, exc.status_code, str(exc.detail), []
        case exceptions.ValidationError():
            return "invalid", 400, "", list(_flat(exc.get_full_details(), ()))
        case django.ValidationError():
            return "invalid", 400, "", list(_of_django(exc, names))
        case exceptions.ParseError():
            return "malformed", 400, str(exc.detail), []
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return "unauthenticated", exc.status_code, str(exc.detail), []
        case exceptions.PermissionDenied() | django.PermissionDenied():
            return "forbidden", 403, str(getattr(exc, "detail", "")), []
        case Http404() | exceptions.NotFound() | django.ObjectDoesNotExist():
            return "not-found", 404, "", []  # one answer, whether hidden or absent
        case exceptions.MethodNotAllowed():
            return "method-not-allowed", 405, str(exc.detail), []
        case exceptions.NotAcceptable():
            return "not-acceptable", 406, "", []
        case exceptions.UnsupportedMediaType():
            return "unsupported-media-type", 415, str(exc.detail), []
        case exceptions.Throttled():
            return "too-many-requests", 429, "", []
        case IntegrityError():
            return "conflict", 409, "", []
        case DataError():
            return "invalid", 400, _("A value is too long or out of range."), []
        case django.RequestDataTooBig():
            return "too-large", 413, "", []
        case django.SuspiciousOperation():
            return "malformed", 400, "", []
        case OperationalError() | InterfaceError():
            return "unavailable", 503, "", []
        case exceptions.APIException() if exc.status_code < 500:
            return "invalid", exc.status_code, str(exc.detail), []
    return "error", status.HTTP_500_INTERNAL_SERVER_ERROR, "", []


def _flat(details, path: tuple):
    """Errors of nested serializers in one list: `next_step.due_on`, `rows.3.name`, "" for the whole body."""
    if _is_one_error(details):
        yield {
            "field": _storable(".".join(path)),
            "code": str(details["code"]),
            "message": _storable(str(details["message"])),
        }
    elif isinstance(details, dict):
        for key, inner in details.items():
            yield from _flat(inner, path if key in ("non_field_errors", "__all__") else (*path, str(key)))
    else:
        for place, inner in enumerate(details):
            is_row = isinstance(inner, dict) and not _is_one_error(inner)
            yield from _flat(inner, (*path, str(place)) if is_row else path)


def _is_one_error(details) -> bool:
    return (
        isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str)
    )


def _storable(text: str) -> str:
    """Without half pairs of surrogates, which JSON lets in and no answer could carry out again."""
    return text.encode("utf-8", "replace").decode()


def _of_django(exc: django.ValidationError, names: dict):
    """Errors of a service, by the body's names of its fields."""
    by_field = exc.error_dict if hasattr(exc, "error_dict") else {"__all__": exc.error_list}
    for field, problems in by_field.items():
        for problem in problems:
            yield {
                "field": "" if field == "__all__" else str(names.get(field, field)),
                "code": str(problem.code or "invalid"),
                "message": _storable(" ".join(problem.messages)),
            }


def _log(exc: Exception, view) -> None:
    """What happened and where, without the exception's own words: those may quote a client's data."""
    places = "".join(traceback.format_tb(exc.__traceback__))
    logger.error("%s in %s\n%s", type(exc).__name__, type(view).__name__, places)
