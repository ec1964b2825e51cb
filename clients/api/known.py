"""The API of what is known about clients: fact types, facts, dates that come back, contact points."""

import re
from typing import cast

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from clients import services
from clients.api.ground import (
    AmountInput,
    ClientField,
    LineField,
    OfClientFilters,
    OfClientSerializer,
    OfClientViewSet,
)
from clients.models import ContactPoint, DatedFact, Fact, FactType
from clients.services import Learnt
from clients.services.known import FACT_LENGTH
from clients.words import question
from common.api.serializers import CodeField, StrictSerializer, VisibleField
from common.api.views import ApiViewSet, Listed, Retrieved
from staff.models import User


class FactTypeSerializer(serializers.ModelSerializer):
    """One entry of the catalogue. `weight`: how much knowing it counts in a client's completeness."""

    question = serializers.SerializerMethodField(help_text="What to ask, in the asker's language.")

    class Meta:
        model = FactType
        fields = ["code", "name", "lives_in", "weight", "is_many", "question"]

    def get_question(self, fact_type: FactType) -> str:
        return question(fact_type)


class FactTypeViewSet(Listed, Retrieved, ApiViewSet):
    """What there is to know about a client, and where each value lives."""

    scopes = {"read": "clients:read"}
    serializer_class = FactTypeSerializer
    queryset = FactType.objects.all()
    lookup_field = "code"
    lookup_value_regex = "[^/]{1,40}"
    orderings = {"code": ("code",)}
    ordering = "code"
    history = (("clients.FactTypeEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        return FactType.objects.all()


# -- facts ----------------------------------------------------------------------------------------


class FactSerializer(OfClientSerializer):
    """One thing known about a client, in words, with an estimated amount where it is about money."""

    FREE_TEXT = ("value",)

    fact_type = CodeField(source="type")

    class Meta:
        model = Fact
        fields = [
            "id",
            "client_number",
            "client_name",
            "fact_type",
            "value",
            "learnt_on",
            "amount",
            "currency",
        ]


class FactTypeField(VisibleField):
    """A fact type whose values are facts; the others are written down in their own place."""

    def __init__(self, **kwargs):
        facts = FactType.objects.filter(lives_in=FactType.Lives.FACT)
        super().__init__("code", queryset=facts, everyone=True, **kwargs)


class LearntInput(AmountInput):
    """One thing learnt."""

    fact_type = FactTypeField(source="type")
    value = LineField(max_length=FACT_LENGTH)


class FactInput(LearntInput):
    client_number = ClientField(source="client")


class FactChange(AmountInput):
    """Absent fields stay as they are."""

    value = LineField(max_length=FACT_LENGTH, required=False)


class FactFilters(OfClientFilters):
    fact_type = filters.CharFilter("type__code", label="Code of the fact type.")

    class Meta:
        model = Fact
        fields: list[str] = []


class FactViewSet(OfClientViewSet):
    """Facts about the clients in the asker's sight. Every reading is recorded."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = FactSerializer
    queryset = Fact.objects.all()
    filterset_class = FactFilters
    history = (("clients.FactEvent", "pgh_obj_id"),)
    field_names = {"client": "client_number", "type": "fact_type"}
    subject = "facts"
    words_in_lists = True

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "type")

    @extend_schema(request=FactInput, responses={201: FactSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down what was learnt. A type that holds one value has it replaced; a known value stays."""
        data = self.read(FactInput)
        client = data.pop("client")
        (fact,) = services.learn(actor=request.user, client=client, learnt=[Learnt(**data)])
        return self.created(fact)

    @extend_schema(request=FactChange, responses=FactSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Correct a fact; history and the ledger of changes keep what it said before."""
        fact = self.get_editable()
        now = {"value": fact.value, "amount": fact.amount, "currency": fact.currency}
        changes = self.read(FactChange, partial=True)
        services.change_fact(actor=request.user, fact=fact, **now | changes)
        return self.answer(fact)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Forget a fact: it was wrong, or the client asked. The ledger says that it is known no more."""
        services.forget_fact(actor=request.user, fact=self.get_editable())
        return Response(status=204)


# -- dates that come back --------------------------------------------------------------------------

DATE = re.compile(r"(lunar:)?(?:(\d{4})(?:-(L?)(\d\d)-(\d\d))?|--(L?)(\d\d)-(\d\d))\Z", re.ASCII)


@extend_schema_field(str)
class ComingBackField(serializers.Field):
    """A date as files write it, taken apart as `write_dated_fact` takes it."""

    default_error_messages = {
        "date": _("Write a date like 1980-02-29, --02-29, 1980 or lunar:1980-L04-15."),
    }

    def __init__(self, **kwargs):
        kwargs.setdefault("help_text", "As files write it: 1980-02-29, --02-29, 1980, lunar:1980-L04-15.")
        super().__init__(**kwargs)

    def to_internal_value(self, data) -> dict:
        found = DATE.match(data) if isinstance(data, str) else None
        if found is None or ("L" in found[0] and not found[1]):
            self.fail("date")
        lunar, year, leap, month, day, leap_alone, month_alone, day_alone = found.groups()
        month, day = month or month_alone, day or day_alone
        return {
            "calendar": DatedFact.Calendar.LUNAR if lunar else DatedFact.Calendar.GREGORIAN,
            "year": int(year) if year else None,
            "month": int(month) if month else None,
            "day": int(day) if day else None,
            "is_leap_month": bool(leap or leap_alone),
        }


class DatedFactSerializer(OfClientSerializer):
    """A date that comes back each year, of the client or (`person`) of somebody close."""

    FREE_TEXT = ("date", "person")

    date = serializers.CharField(source="as_text", help_text="As files write it.")

    class Meta:
        model = DatedFact
        fields = ["id", "client_number", "client_name", "kind", "date", "person", "lead_days"]


class DatedFactInput(StrictSerializer):
    client_number = ClientField(source="client")
    kind = serializers.ChoiceField(DatedFact.Kind.choices)
    date = ComingBackField()
    person = LineField(
        max_length=120, required=False, allow_blank=True, help_text="Whose; absent: the client's own."
    )
    lead_days = serializers.IntegerField(
        min_value=0,
        max_value=366,
        required=False,
        allow_null=True,
        help_text="Days before; null: the bank's own.",
    )


class DatedFactChange(StrictSerializer):
    """Absent fields stay as they are."""

    date = ComingBackField(required=False)
    lead_days = serializers.IntegerField(min_value=0, max_value=366, required=False, allow_null=True)


class DatedFactFilters(OfClientFilters):
    kind = filters.ChoiceFilter(choices=DatedFact.Kind.choices)

    class Meta:
        model = DatedFact
        fields: list[str] = []


class DatedFactViewSet(OfClientViewSet):
    """Birthdays, wedding and founding days of the clients in the asker's sight. Every reading is recorded."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = DatedFactSerializer
    queryset = DatedFact.objects.all()
    filterset_class = DatedFactFilters
    history = (("clients.DatedFactEvent", "pgh_obj_id"),)
    field_names = {"client": "client_number", "day": "date", "month": "date", "year": "date"}
    subject = "dated_facts"
    words_in_lists = True

    @extend_schema(request=DatedFactInput, responses={201: DatedFactSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write a date down. There is one of a kind and person: a second one takes its place."""
        data = self.read(DatedFactInput)
        return self.created(services.write_dated_fact(actor=request.user, **data.pop("date"), **data))

    @extend_schema(request=DatedFactChange, responses=DatedFactSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Correct a date, or how long before it is remembered."""
        dated = self.get_editable()
        changes = self.read(DatedFactChange, partial=True)
        date = changes.pop("date", None) or {
            name: getattr(dated, name) for name in ("calendar", "year", "month", "day", "is_leap_month")
        }
        services.write_dated_fact(
            actor=request.user,
            client=dated.client,
            kind=dated.kind,
            person=dated.person,
            **date,
            **{"lead_days": dated.lead_days} | changes,
        )
        return self.answer(dated)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take a date off the file."""
        services.forget_dated_fact(actor=request.user, dated=self.get_editable())
        return Response(status=204)


# -- contact points --------------------------------------------------------------------------------


class ContactPointRowSerializer(OfClientSerializer):
    """A way to reach a client; its value is masked, `reveal` on the client shows it."""

    value = serializers.CharField(source="masked")

    class Meta:
        model = ContactPoint
        fields = [
            "id",
            "client_number",
            "client_name",
            "kind",
            "value",
            "is_primary",
            "is_verified",
            "do_not_use",
            "entered_by",
        ]


class ContactPointInput(StrictSerializer):
    client_number = ClientField(source="client")
    kind = serializers.ChoiceField(ContactPoint.Kind.choices)
    value = LineField(max_length=254, help_text="In clear; answers show it masked.")


class ContactPointChange(StrictSerializer):
    """Absent fields stay as they are."""

    value = LineField(max_length=254, required=False)
    is_primary = serializers.BooleanField(required=False)
    is_verified = serializers.BooleanField(required=False)
    do_not_use = serializers.BooleanField(required=False)


class ContactPointFilters(OfClientFilters):
    kind = filters.ChoiceFilter(choices=ContactPoint.Kind.choices)
    do_not_use = filters.BooleanFilter()

    class Meta:
        model = ContactPoint
        fields: list[str] = []


class ContactPointViewSet(OfClientViewSet):
    """Ways to reach the clients in sight; none for head office without the right to identities."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = ContactPointRowSerializer
    queryset = ContactPoint.objects.all()
    filterset_class = ContactPointFilters
    history = (("clients.ContactPointEvent", "pgh_obj_id"),)
    # A service names the kind where a value is wrong.
    field_names = {"client": "client_number"} | dict.fromkeys(ContactPoint.Kind.values, "value")
    subject = "contact_points"

    def visible(self) -> QuerySet:
        rows, user = super().visible(), cast(User, self.request.user)
        return rows if user.may_see_identities else rows.none()

    @extend_schema(request=ContactPointInput, responses={201: ContactPointRowSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down a way to reach the client; the first of its kind becomes the primary one."""
        return self.created(services.add_contact_point(actor=request.user, **self.read(ContactPointInput)))

    @extend_schema(request=ContactPointChange, responses=ContactPointRowSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Correct it, make it the primary one of its kind, or say that it is not to be used."""
        point = self.get_editable()
        changes = self.read(ContactPointChange, partial=True)
        services.change_contact_point(actor=request.user, point=point, **changes)
        return self.answer(point)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take it off the file; another of its kind becomes the primary one."""
        services.remove_contact_point(actor=request.user, point=self.get_editable())
        return Response(status=204)
