"""Who brought whom to the bank."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import common.history


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0007_daily_run'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Introduction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('introduced_on', models.DateField(verbose_name='introduced on')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='introduction', to='clients.client')),
                ('introducer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='introductions_made', to='clients.client')),
            ],
        ),
        migrations.CreateModel(
            name='IntroductionEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('session_user', models.CharField(db_default=common.history.SessionUser(), editable=False, max_length=63)),
                ('id', models.BigIntegerField()),
                ('introduced_on', models.DateField(verbose_name='introduced on')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('client', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clients.client')),
                ('introducer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='clients.client')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='clients.introduction')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='introduction',
            constraint=models.CheckConstraint(condition=models.Q(('client', models.F('introducer')), _negated=True), name='introduction_not_of_oneself'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='introduction',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "clients_introductionevent" ("client_id", "id", "introduced_on", "introducer_id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."client_id", new_values."id", new_values."introduced_on", new_values."introducer_id", new_values."note", _pgh_attached_context.value, NOW(), \'insert\', new_values."id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='c7862c4a8e250932272c08f1c5a13bda950e8f95', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_9f758', referencing='REFERENCING NEW TABLE AS new_values ', table='clients_introduction', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='introduction',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "clients_introductionevent" ("client_id", "id", "introduced_on", "introducer_id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."client_id", new_values."id", new_values."introduced_on", new_values."introducer_id", new_values."note", _pgh_attached_context.value, NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='c713e8b67b75ad9a546cb3f49a1a1edc0f29a16a', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_e0c54', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='clients_introduction', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='introduction',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "clients_introductionevent" ("client_id", "id", "introduced_on", "introducer_id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."client_id", old_values."id", old_values."introduced_on", old_values."introducer_id", old_values."note", _pgh_attached_context.value, NOW(), \'delete\', old_values."id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='bb0ffdae1741e1bcf9112ab5ad8d43445ef019db', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_6e1a1', referencing='REFERENCING OLD TABLE AS old_values ', table='clients_introduction', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='introductionevent',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['pgh_created_at'], name='clients_int_pgh_cre_00f4c3_brin'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='introductionevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2b0382ad420656749d2b8c3fecaa581c142cf401', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_b8c24', table='clients_introductionevent', when='BEFORE')),
        ),
    ]
