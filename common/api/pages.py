"""Lists: cursor paging by key, orderings and filters from a fixed choice, and what changed since."""

import base64
import binascii
import json

from cryptography.exceptions import InvalidTag
from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.fields import DateTimeField
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from common.crypto import decrypt, encrypt
from common.paging import Page, keyset

DEFAULT_SIZE, LARGEST = 25, 100
OWN_PARAMETERS = ("cursor", "page_size", "ordering", "updated_since")


class CursorPages(BasePagination):
    """Pages by key: the last is as fast as the first, and what is inserted meanwhile moves no row.

    A cursor is sealed: its keys may be a client's name, which belongs in no address and no log.
    """

    page: Page

    def paginate_queryset(self, queryset, request, view=None) -> list:
        self.request = request
        name, keys = ordering_of(view, request)
        self.of = [queryset.model._meta.label, name]  # a cursor of another list or order means nothing here
        cursor = request.query_params.get("cursor", "")
        if cursor:
            cursor = self._open(cursor)
        self.page = keyset(queryset, keys=keys, size=self._size(), cursor=cursor)
        return self.page.rows

    def get_paginated_response(self, data) -> Response:
        return Response(
            {"next": self._link(self.page.after), "previous": self._link(self.page.before), "results": data}
        )

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view) -> list[dict]:
        """Described where every query parameter of a list is: `common.api.schema`."""
        return []

    def _size(self) -> int:
        asked = self.request.query_params.get("page_size", str(DEFAULT_SIZE))
        if not asked.isascii() or not asked.isdigit() or len(asked) > 3 or not 1 <= int(asked) <= LARGEST:
            raise ValidationError({"page_size": [_("Ask for 1 to %(most)s rows.") % {"most": LARGEST}]})
        return int(asked)

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        sealed = base64.urlsafe_b64encode(encrypt(json.dumps([self.of, cursor]))).decode()
        return replace_query_param(self.request.build_absolute_uri(), "cursor", sealed)

    def _open(self, sealed: str) -> str:
        try:
            of, cursor = json.loads(decrypt(base64.urlsafe_b64decode(sealed.encode())))
        except (InvalidTag, binascii.Error, ValueError, KeyError):
            of, cursor = None, ""
        if of != self.of:
            raise ValidationError({"cursor": [_("This cursor was not given here.")]})
        return cursor


def ordering_of(view, request) -> tuple[str, tuple[str, ...]]:
    """The asked ordering and its columns; a minus in front turns them round. Refuses what is not offered."""
    asked = request.query_params.get("ordering") or view.ordering
    name = asked.removeprefix("-")
    if name not in view.orderings:
        known = ", ".join(view.orderings)
        raise ValidationError({"ordering": [_("Choose one of %(names)s.") % {"names": known}]})
    keys = view.orderings[name]
    return asked, tuple(f"-{key}" for key in keys) if asked.startswith("-") else keys


class Filters(DjangoFilterBackend):
    """The view's filters; a parameter that nobody reads is refused, lest a typing mistake widen a list."""

    def filter_queryset(self, request, queryset, view):
        filterset_class = self.get_filterset_class(view, queryset)
        known = {*OWN_PARAMETERS, *(filterset_class.base_filters if filterset_class else ())}
        if not getattr(view, "history", ()):
            known.discard("updated_since")
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            raise ValidationError(
                {name: [_("There is no such parameter.")] for name in sorted(unknown)}, "unknown"
            )
        queryset = super().filter_queryset(request, queryset, view)
        since = request.query_params.get("updated_since", "")
        return updated_since(queryset, since, view.history) if since else queryset


def updated_since(queryset, since: str, history: tuple[tuple[str, ...], ...]):
    """Rows with an entry in one of the history tables at or after a moment (ISO 8601 with its zone).

    `history` names event models and the column that holds the row's id, for instance
    ("clients.ContactPointEvent", "client_id"); a ledger, which is its own history, names besides the column
    of the moment. A moment is when the change's transaction began, so a reader who comes back asks again
    from a little before the last answer.
    """
    try:
        moment = DateTimeField().run_validation(since)
    except ValidationError as error:
        raise ValidationError({"updated_since": error.detail}) from None
    changed = Q()
    for label, column, *at in history:
        when = at[0] if at else "pgh_created_at"
        events = apps.get_model(label).objects.filter(**{f"{when}__gte": moment})
        changed |= Q(pk__in=events.values(column))
    return queryset.filter(changed)
