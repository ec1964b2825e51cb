"""What the daily run asks every morning, found in an index; built without holding the table."""

import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("interactions", "0006_planned_once"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='action',
            index=models.Index(django.db.models.functions.comparison.Greatest('due_on', 'snoozed_until'), condition=models.Q(('state', 'planned')), name='action_open_day'),
        ),
        AddIndexConcurrently(
            model_name='action',
            index=models.Index(condition=models.Q(('origin', 'next_step'), ('state', 'planned')), fields=['due_on'], name='action_next_step'),
        ),
    ]
