"""History in bulk: every changed row is kept, and keeping it stays linear."""

import pytest
from django.db import connection

from common.history import UPDATE_FUNCTIONS, steady_plans
from common.models import Holiday

pytestmark = pytest.mark.django_db


def test_every_function_that_compares_old_with_new_rows_plans_steadily():
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_FUNCTIONS)
        functions = cursor.fetchall()
    assert len(functions) > 15
    assert [name for name, settings in functions if "enable_nestloop=off" not in (settings or [])] == []
    assert steady_plans() == len(functions)


def test_update_of_many_rows_after_one_of_none_keeps_each_once():
    Holiday.objects.bulk_create([Holiday(on=f"20{n:02}-01-01", name="New year") for n in range(60)])
    Holiday.objects.filter(pk=0).update(name="nobody")  # makes the plan while nothing changes
    Holiday.objects.update(name="New Year's Day")
    kept = Holiday.pgh_event_model.objects.filter(pgh_label="update")
    assert kept.count() == 60
    assert set(kept.values_list("name", flat=True)) == {"New Year's Day"}
