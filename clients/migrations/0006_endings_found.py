"""Found quickly, built without holding the table: readers and writers go on meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("clients", "0005_endings"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='client',
            index=models.Index(condition=models.Q(('risk_valid_until__isnull', False), ('status', 'active')), fields=['branch', 'risk_valid_until'], name='client_risk_ends'),
        ),
        AddIndexConcurrently(
            model_name='client',
            index=models.Index(condition=models.Q(('document_valid_until__isnull', False), ('status', 'active')), fields=['branch', 'document_valid_until'], name='client_document_ends'),
        ),
        AddIndexConcurrently(
            model_name='client',
            index=models.Index(condition=models.Q(('status', 'active'), ('weakening_since__isnull', False)), fields=['branch', 'weakening_since'], name='client_weakening'),
        ),
    ]
