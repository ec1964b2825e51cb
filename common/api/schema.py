"""What OpenAPI says of every endpoint: who may call it, its problems, its headers and list parameters."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import SAFE_METHODS

from common.api.access import scope_for
from common.api.problems import MEDIA_TYPE, TITLES, TYPE

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri", "enum": [TYPE.format(code) for code in TITLES]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Empty where the whole body is meant."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
ALWAYS = {"401": "Not signed in, or a bad token.", "403": "Not allowed, or the token lacks the scope."}
LIST_PARAMETERS = {
    "cursor": ("A place in the list, from `next` or `previous`.", {"type": "string"}),
    "page_size": ("Rows on a page.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}),
    "updated_since": (
        "Only rows changed at or after this moment, with its zone.",
        {"type": "string", "format": "date-time"},
    ),
}


class ApplicationScheme(OpenApiAuthenticationExtension):
    target_class = "common.api.access.ApplicationAuthentication"
    name = "oauth2"

    def get_security_definition(self, auto_schema):
        flow = {"tokenUrl": "/o/token/", "scopes": settings.OAUTH2_PROVIDER["SCOPES"]}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}

    def get_security_requirement(self, auto_schema):
        scope = scope_for(auto_schema.view, auto_schema.method)
        return {self.name: [scope] if scope else []}


class ProblemSchema(AutoSchema):
    """Adds to each operation what all operations share."""

    def get_operation(self, *args, **kwargs):
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        for code, said in self._problems().items():
            operation["responses"].setdefault(code, self._problem(said))
        operation["responses"] = dict(sorted(operation["responses"].items()))
        extra = self._headers() + self._query()
        if extra:
            operation["parameters"] = operation.get("parameters", []) + extra
        return operation

    def _problems(self) -> dict[str, str]:
        found = {**ALWAYS, "429": "Too many requests: see Retry-After.", "default": "Any other problem."}
        if "{" in self.path:
            found["404"] = "Absent, or not in sight."
        if self.method not in SAFE_METHODS:
            found |= {
                "400": "Bad input: `errors` names the fields.",
                "409": "A clash, or the first request with this key still runs.",
                "415": "Bodies are JSON.",
                "422": "The key was used with another body.",
            }
        elif self._is_list_view():
            found["400"] = "A parameter is unknown or its value bad."
        if self._matches():
            found["412"] = "Stale: the ETag in If-Match is not the current one."
        return found

    def _problem(self, said: str) -> dict:
        component = ResolvedComponent(
            name="Problem", type=ResolvedComponent.SCHEMA, object=dict, schema=PROBLEM
        )
        self.registry.register_on_missing(component)
        return {"description": said, "content": {MEDIA_TYPE: {"schema": component.ref}}}

    def _matches(self) -> bool:
        return self.method in ("PUT", "PATCH", "DELETE") and "{" in self.path

    def _headers(self) -> list[dict]:
        headers = []
        if self.method in ("POST", "PUT", "PATCH"):
            headers.append(
                ("Idempotency-Key", "The same key and body give the first answer again.", {"maxLength": 200})
            )
        if self._matches():
            headers.append(("If-Match", "Change only what still has this ETag.", {}))
        return [
            {"in": "header", "name": name, "description": said, "schema": {"type": "string", **more}}
            for name, said, more in headers
        ]

    def _query(self) -> list[dict]:
        orderings = getattr(self.view, "orderings", {})
        if not self._is_list_view() or not orderings:
            return []
        shown = dict(LIST_PARAMETERS)
        if not getattr(self.view, "history", ()):
            del shown["updated_since"]
        names = [sign + name for name in orderings for sign in ("", "-")]
        shown["ordering"] = ("Order; a minus turns it round.", {"type": "string", "enum": names})
        return [
            {"in": "query", "name": name, "description": said, "schema": schema}
            for name, (said, schema) in sorted(shown.items())
        ]


def without_marks(result: dict, generator, request, public) -> dict:
    """Closed lists stay written out where they stand, so no name can clash; the generator's marks go."""
    _unmark(result)
    return result


def _unmark(part) -> None:
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
        part = part.values()
    if not isinstance(part, str | int | float | bool | None):
        for inner in part:
            _unmark(inner)
