"""What every collection of rows that belong to a client shares, here and in the rooms above."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.response import Response

from clients.models import Client
from clients.sight import shown_name
from common import audit
from common.api.serializers import StrictSerializer, VisibleField
from common.api.views import ApiViewSet, Listed, Retrieved
from common.models import AuditEntry
from common.text import clean_line, has_nul
from staff.models import User

NUMBER = "[A-Za-z0-9._-]{1,40}"
ID = "[0-9]{1,18}"


class OfClientSerializer(serializers.ModelSerializer):
    """Rows that belong to a client: named by number, and by name where names are shown to the asker.

    FREE_TEXT holds what people typed, which may name the client: empty where names are not shown.
    """

    FREE_TEXT: tuple[str, ...] = ()

    client_number = serializers.CharField(source="client.number")
    client_name = serializers.SerializerMethodField()

    def get_client_name(self, row) -> str:
        return shown_name(self._asker(), row.client)

    def to_representation(self, row) -> dict:
        data = super().to_representation(row)
        if not self._asker().may_see_identities:
            data.update({name: "" for name in self.FREE_TEXT if name in data})
        return data

    def _asker(self) -> User:
        return self.context["request"].user


class ClientField(VisibleField):
    """A client in the asker's sight, by number."""

    def __init__(self, **kwargs):
        super().__init__("number", queryset=Client.objects, **kwargs)


class LineField(serializers.CharField):
    """One line as services keep it, so that what only looks like words is refused where it stands."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        if has_nul(text):
            return text  # refused by the field's own validator
        text = clean_line(text)
        if not text and not self.allow_blank:
            self.fail("blank")
        return text


class AmountInput(StrictSerializer):
    """An amount with its currency, both or neither."""

    amount = serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=Decimal(0), required=False, allow_null=True
    )
    currency = serializers.RegexField(
        "^([A-Z]{3})?$", required=False, allow_blank=True, help_text="ISO 4217, with an amount."
    )

    def validate(self, data: dict) -> dict:
        amount, currency = data.get("amount"), data.get("currency", "")
        if self.partial and ("amount" not in data or "currency" not in data):
            return data  # the service checks it together with what stands there
        if amount is None and currency:
            raise serializers.ValidationError(
                {"amount": [_("Write the amount of this currency, or neither.")]}
            )
        if amount is not None and not currency:
            raise serializers.ValidationError(
                {"currency": [_("Write the currency of the amount, like EUR.")]}
            )
        return data


class OfClientFilters(filters.FilterSet):
    client = filters.CharFilter("client__number", label="Client number.")


class OfClientViewSet(Listed, Retrieved, ApiViewSet):
    """Rows of clients in the asker's sight, addressed by id. Who read them is recorded.

    One row is a look at the client's file; a machine's reading of a list is an export. `words_in_lists`:
    the list shows what only the file shows on pages, so that a person's reading of it is recorded too.
    """

    lookup_field = "pk"
    lookup_url_kwarg: str | None = "id"
    lookup_value_regex = ID
    orderings = {"id": ("id",)}
    ordering = "id"
    field_names = {"client": "client_number"}
    subject = ""
    words_in_lists = False

    def visible(self) -> QuerySet:
        rows = self._rows().visible_to(self.request.user).select_related("client")
        return rows.defer("client__search", "client__document_number")

    def editable(self) -> QuerySet:
        return self._rows().editable_by(self.request.user)

    def _rows(self) -> Any:
        """Every row: whose they are is asked next, of a queryset that knows sight."""
        view: Any = self
        return view.queryset

    def list(self, request, *args, **kwargs) -> Response:
        response = super().list(request, *args, **kwargs)
        count = len(response.data["results"])
        if request.auth is not None:
            said = f"api, application {request.auth.application_id}"
        elif self.words_in_lists and count:
            said = "api"
        else:
            return response
        asked = Client.objects.visible_to(request.user).filter(number=request.query_params.get("client", ""))
        client = asked.values_list("pk", flat=True).first() if request.auth is None else None
        if client is not None:
            self.record_read(client, self.subject)
        else:
            audit.record(
                actor=request.user, act=AuditEntry.Act.EXPORT, subject=self.subject, detail=said, count=count
            )
        return response

    def retrieve(self, request, *args, **kwargs) -> Response:
        response = super().retrieve(request, *args, **kwargs)
        row = self.get_object()
        self.record_read(self.file_of(row), f"{row._meta.model_name}/{row.pk}")
        return response

    def file_of(self, row) -> int:
        """Whose file is read with a row: the client's id."""
        return row.client_id

    def record_read(self, client_id: int, what: str) -> None:
        audit.record(
            actor=self.request.user,
            act=AuditEntry.Act.READ,
            subject=f"client/{client_id}",
            detail=f"api {what}",
        )

    def created(self, row) -> Response:
        """The answer to a new row: itself, and where it stands."""
        place = self.request.build_absolute_uri(f"{self.request.path}{row.pk}/")
        return self.answer(row, status=201, headers={"Location": place})
