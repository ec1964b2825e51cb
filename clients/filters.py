"""Filters of the client list. Each is a link that can be shared; what it names is checked against sight."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from clients.models import Assignment, Client, DatedFact, Tier
from common import saying
from staff.models import Branch, User

# ISO 639-1, the languages that clients of a bank may speak; a client's own code may add script or country.
LANGUAGES = [
    "ar",
    "bg",
    "bn",
    "ca",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "is",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "ms",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sr",
    "sv",
    "sw",
    "ta",
    "th",
    "tl",
    "tr",
    "uk",
    "ur",
    "vi",
    "zh",
]
MONTHS = range(1, 13)
Choices = Iterable[tuple[Any, str]]


@lru_cache(maxsize=8)
def _languages(active: str) -> list[tuple[str, str]]:
    return sorted(((code, saying.language(code)) for code in LANGUAGES), key=lambda choice: choice[1])


def languages() -> list[tuple[str, str]]:
    """Every language by its name in the active language."""
    return _languages(translation.get_language() or "en")


@lru_cache(maxsize=8)
def _months(active: str) -> list[tuple[str, str]]:
    return [(str(month), saying.month(month)) for month in MONTHS]


def months() -> list[tuple[str, str]]:
    return _months(translation.get_language() or "en")


@dataclass(frozen=True)
class Asked:
    """One filter as the page shows it. Plain values: widgets would cost a template for every option."""

    name: str
    label: str
    value: str
    options: (
        list[tuple[str, str, bool]] | None
    )  # value, words, whether it is the one; None: something to write
    is_day: bool
    errors: list[str]


class ClientFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="search", label=_("Name, number, phone, email"))
    tier = django_filters.ModelChoiceFilter(
        queryset=Tier.objects.all(), to_field_name="code", label=_("Tier"), empty_label=_("All tiers")
    )
    branch = django_filters.ModelChoiceFilter(
        queryset=lambda request: Branch.objects.branches_of(request.user),
        to_field_name="code",
        method="in_branch",
        label=_("Branch"),
        empty_label=_("All branches"),
    )
    manager = django_filters.ModelChoiceFilter(
        queryset=lambda request: User.objects.visible_to(request.user).filter(role="account_manager"),
        to_field_name="staff_number",
        method="in_book",
        label=_("Account manager"),
        empty_label=_("All account managers"),
    )
    status = django_filters.ChoiceFilter(
        choices=Client.Status.choices, label=_("Status"), empty_label=_("Any status")
    )
    show = django_filters.ChoiceFilter(
        choices=[
            ("late", _("past their day")),
            ("never", _("never reached")),
            ("orphan", _("without a manager")),
        ],
        method="shown",
        label=_("Show"),
        empty_label=_("Everyone"),
    )
    trend = django_filters.ChoiceFilter(
        choices=Client.Trend.choices, label=_("Relationship"), empty_label=_("Any")
    )
    risk = django_filters.ChoiceFilter(
        choices=[("expired", _("expired")), ("none", _("never assessed"))],
        method="at_risk",
        label=_("Risk profile"),
        empty_label=_("Any"),
    )
    birthday = django_filters.ChoiceFilter(
        choices=months, method="born_in", label=_("Birthday in"), empty_label=_("Any")
    )
    language = django_filters.ChoiceFilter(
        choices=languages, method="speaking", label=_("Language"), empty_label=_("Any")
    )
    place = django_filters.CharFilter(method="living_in", label=_("City or country"), max_length=100)
    reached_from = django_filters.DateFilter(method="reached_since", label=_("Last reached from"))
    reached_before = django_filters.DateFilter(method="not_reached_since", label=_("Last reached before"))
    due_from = django_filters.DateFilter(
        field_name="next_due_on", lookup_expr="gte", label=_("Next due from")
    )
    due_until = django_filters.DateFilter(
        field_name="next_due_on", lookup_expr="lte", label=_("Next due until")
    )

    # Beside the search; the others stand behind "More filters".
    FIRST = ("tier", "branch", "manager", "status", "show")
    OF_BRANCHES = ("branch", "manager")  # whoever has one book needs no choice of it

    class Meta:
        model = Client
        fields: list[str] = []

    @property
    def qs(self) -> QuerySet:
        """The clients found. A filter that cannot be read finds nobody, lest a mistake widen the list."""
        return super().qs if self.form.is_valid() else self.queryset.none()

    def first_fields(self) -> list["Asked"]:
        has_one_book = self.request.user.role == User.Role.ACCOUNT_MANAGER
        shown = [name for name in self.FIRST if not (has_one_book and name in self.OF_BRANCHES)]
        return [self._asked(name) for name in shown]

    def more_fields(self) -> list["Asked"]:
        return [self._asked(name) for name in self.base_filters if name not in self.FIRST and name != "q"]

    def _asked(self, name: str) -> "Asked":
        bound = self.form[name]
        value = bound.data or ""
        options = None
        if isinstance(bound.field, forms.ChoiceField):
            options = [
                (str(key), words, str(key) == value) for key, words in cast(Choices, bound.field.choices)
            ]
        return Asked(
            name=name,
            label=bound.label,
            value=value,
            options=options,
            is_day=isinstance(bound.field, forms.DateField),
            errors=bound.errors,
        )

    @property
    def more_in_use(self) -> int:
        """How many of the further filters are set."""
        names = set(self.base_filters) - {*self.FIRST, "q"}
        return sum(bool(self.data.get(name)) for name in names)

    def search(self, queryset, name, value) -> QuerySet:
        return queryset.matching(value)

    def in_branch(self, queryset, name, branch) -> QuerySet:
        return queryset.filter(branch__in=Branch.objects.below(branch.pk).values("pk"))

    def in_book(self, queryset, name, manager) -> QuerySet:
        return queryset.filter(
            Exists(
                Assignment.objects.filter(client=OuterRef("pk"), manager=manager, role="primary", to_on=None)
            )
        )

    def shown(self, queryset, name, value) -> QuerySet:
        if value == "late":
            return queryset.filter(next_due_on__lt=timezone.localdate())
        if value == "never":
            return queryset.filter(last_reached_at=None)
        return queryset.exclude(
            Exists(Assignment.objects.filter(client=OuterRef("pk"), role="primary", to_on=None))
        )

    def at_risk(self, queryset, name, value) -> QuerySet:
        if value == "none":
            return queryset.filter(risk_profile=None)
        return queryset.filter(risk_valid_until__lt=timezone.localdate())

    def born_in(self, queryset, name, value) -> QuerySet:
        """The client's own birthday; months of the lunar calendar are no months of ours."""
        born = DatedFact.objects.filter(
            client=OuterRef("pk"), kind="birthday", person="", calendar="gregorian", month=int(value)
        )
        return queryset.filter(Exists(born))

    def speaking(self, queryset, name, value) -> QuerySet:
        return queryset.filter(Q(language=value) | Q(language__startswith=f"{value}-"))

    def living_in(self, queryset, name, value) -> QuerySet:
        return queryset.filter(Q(city__icontains=value) | Q(country__iexact=value))

    def reached_since(self, queryset, name, value) -> QuerySet:
        return queryset.filter(last_reached_at__gte=_beginning(value))

    def not_reached_since(self, queryset, name, value) -> QuerySet:
        return queryset.filter(last_reached_at__lt=_beginning(value))


def _beginning(day: date) -> datetime:
    """The first moment of a day where the person is."""
    return datetime.combine(day, time(), timezone.get_current_timezone())
