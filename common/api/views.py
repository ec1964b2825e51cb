"""The views that every endpoint is built on: one transaction, one answer per key, ETags, problems."""

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import pghistory
from django.db import transaction
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.api.keys import answered_once, key_of
from common.api.pages import Filters
from common.api.problems import Problem
from common.api.schema import ProblemSchema


class BoundedJSONParser(JSONParser):
    """JSON whose size the server's limit bounds and whose depth cannot exhaust the stack."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The body is nested too deeply.")) from None


class ApiView(APIView):
    """One endpoint; and what collections share with it (see the package's docstring)."""

    scopes: dict[str, str] = {}
    field_names: dict[str, str] = {}
    schema = ProblemSchema()
    parser_classes = [BoundedJSONParser]
    metadata_class = None  # the schema describes; OPTIONS is not answered

    def dispatch(self, request, *args, **kwargs) -> HttpResponseBase:
        """As the framework's, but that a write runs in one transaction and at most once for its key."""
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        response: Any  # the framework's types know its own kind only; a replay is a plain one
        try:
            self.initial(request, *args, **kwargs)
            name = request.method.lower()
            known = name in self.http_method_names
            handler = getattr(self, name, None) if known else None
            handler = handler or self.http_method_not_allowed
            response = self._run(request, functools.partial(handler, request, *args, **kwargs))
        except Exception as error:  # every error becomes a problem; what is unknown is logged as a 500
            response = self.handle_exception(error)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        self.response.headers.setdefault("Cache-Control", "private, no-store")
        return self.response

    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        if request.auth is not None:
            # History records who through the session's middleware, which knows no tokens.
            pghistory.context(user=request.user.pk, application=request.auth.application_id)
            timezone.activate(request.user.zone)  # ended by the same middleware that does it for sessions
        if request.method not in SAFE_METHODS and not (request.content_type or "").startswith("multipart/"):
            len(request.body)  # read here, where DATA_UPLOAD_MAX_MEMORY_SIZE bounds it

    def read(self, input_class, *, partial: bool = False) -> dict:
        """The body, checked by a StrictSerializer. Raises ValidationError naming each bad field."""
        data = input_class(data=self.request.data, partial=partial, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        return data.validated_data

    def get_serializer_context(self) -> dict:
        return {"request": self.request, "view": self, "format": None}

    def _run(self, request, handler: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        if request.method in SAFE_METHODS:
            return handler()
        key = key_of(request)
        if key is not None:
            return answered_once(request, key, handler, self.handle_exception)
        with transaction.atomic():
            return handler()


class ApiViewSet(ApiView, GenericViewSet):
    """A collection. Give `visible()` and, for changes, `editable()`, `serializer_class`, `scopes`."""

    filter_backends = [Filters]
    orderings: dict[str, tuple[str, ...]] = {"id": ("id",)}
    ordering = "id"
    history: tuple[tuple[str, ...], ...] = ()

    def visible(self):
        """Rows that the asker may see, with all that answering needs."""
        raise NotImplementedError

    def editable(self):
        """Rows that the asker may change; of a collection without changes, none."""
        return self.visible().none()

    def get_queryset(self):
        return self.visible()

    def get_object(self):
        """The addressed row among the visible ones; else 404, whether hidden or absent."""
        value = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        if "\x00" in value:
            raise Problem(404, "not-found")
        return self.visible().get(**{self.lookup_field: value})

    def get_editable(self):
        """The addressed row, if it may be changed (else 403) and is still as If-Match says (else 412)."""
        instance = self.get_object()
        if not self.editable().filter(pk=instance.pk).exists():
            self.permission_denied(self.request)
        return self.get_unchanged(instance)

    def get_unchanged(self, instance):
        """The row again, locked, if it is still what If-Match names (else 412); as given without it."""
        wanted = self.request.headers.get("If-Match")
        if wanted is None:
            return instance
        # Locked before it is compared, so that two changes of one version cannot both pass.
        type(instance).objects.select_for_update(of=("self",)).order_by().get(pk=instance.pk)
        instance = self.get_object()
        if wanted.strip() != "*" and self.etag(instance) not in _tags(wanted):
            raise Problem(412, "stale")
        return instance

    def represent(self, instance):
        """The representation that retrieve gives, and that the ETag is of."""
        return self.get_serializer_class()(instance, context=self.get_serializer_context()).data

    def etag(self, instance) -> str:
        return _etag(self.represent(instance))

    def answer(self, instance, status: int = 200, headers: dict | None = None) -> Response:
        """One row as the asker may see it now, with its ETag; 204 where a change took it out of sight."""
        found = self.visible().filter(pk=instance.pk).first()
        if found is None:
            return Response(status=204)
        data = self.represent(found)
        return Response(data, status=status, headers={"ETag": _etag(data), **(headers or {})})


class Listed(ApiViewSet):
    """GET on the collection."""

    def list(self, request, *args, **kwargs) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        data = self.get_serializer_class()(rows, many=True, context=self.get_serializer_context()).data
        return self.get_paginated_response(data)


class Retrieved(ApiViewSet):
    """GET on one row, with its ETag; 304 where the asker has it already."""

    def retrieve(self, request, *args, **kwargs) -> Response:
        data = self.represent(self.get_object())
        tag = _etag(data)
        if tag in _tags(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": tag})
        return Response(data, headers={"ETag": tag})


def _etag(data) -> str:
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    """Strong tags only: a weak one never matches for a change."""
    return {tag.strip() for tag in header.split(",")}
