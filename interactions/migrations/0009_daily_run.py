"""What the daily run asks every morning, found in an index; built without holding the table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("interactions", "0008_appointments"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='action',
            index=models.Index(condition=models.Q(('state', 'planned')), fields=['due_on'], name='action_open_due'),
        ),
        AddIndexConcurrently(
            model_name='action',
            index=models.Index(condition=models.Q(('snoozed_until__isnull', False), ('state', 'planned')), fields=['snoozed_until'], name='action_put_off'),
        ),
        AddIndexConcurrently(
            model_name='action',
            index=models.Index(condition=models.Q(('origin', 'next_step'), ('state', 'planned')), fields=['due_on'], name='action_next_step'),
        ),
    ]
