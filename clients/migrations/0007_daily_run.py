"""What the daily run asks every morning, found in an index; built without holding the table."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("clients", "0006_endings_found"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='client',
            index=models.Index(condition=models.Q(('next_due_on__isnull', False), ('status', 'active')), fields=['branch', 'next_due_on'], include=['id'], name='client_branch_due_id'),
        ),
        RemoveIndexConcurrently(
            model_name='client',
            name='client_branch_due',
        ),
        AddIndexConcurrently(
            model_name='client',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['country'], name='client_country'),
        ),
        AddIndexConcurrently(
            model_name='datedfact',
            index=models.Index(condition=models.Q(('lead_days__isnull', False)), fields=['kind'], name='dated_fact_own_lead'),
        ),
    ]
