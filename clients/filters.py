"""Filters of the client list. Each is a link that can be shared; what it names is checked against sight."""

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Assignment, Client, Tier
from staff.models import Branch, User


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

    class Meta:
        model = Client
        fields: list[str] = []

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
