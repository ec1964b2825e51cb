"""Filters that lists of several rooms offer."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

F = TypeVar("F", bound=type[filters.FilterSet])


def within_days(field: str) -> Callable[[F], F]:
    """Class decorator: `from` and `to`, both included, over a column of days.

    `from` is a word of the language, so the two cannot stand in the class itself.
    """

    def _give(filterset: F) -> F:
        filterset.base_filters["from"] = filters.DateFilter(field, "gte", label="First day.")
        filterset.base_filters["to"] = filters.DateFilter(field, "lte", label="Last day, included.")
        return filterset

    return _give


def within_local_days(field: str) -> Callable[[F], F]:
    """As `within_days`, over a column of moments: days are those of the asker's time zone."""

    def _since(queryset: QuerySet, name: str, day: date) -> QuerySet:
        return queryset.filter(**{f"{field}__gte": timezone.make_aware(datetime.combine(day, time.min))})

    def _until(queryset: QuerySet, name: str, day: date) -> QuerySet:
        return queryset.filter(**{f"{field}__lte": timezone.make_aware(datetime.combine(day, time.max))})

    def _give(filterset: F) -> F:
        filterset.base_filters["from"] = filters.DateFilter(
            method=_since, label="First day, in your time zone."
        )
        filterset.base_filters["to"] = filters.DateFilter(method=_until, label="Last day, included.")
        return filterset

    return _give
