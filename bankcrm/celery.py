"""The Celery application and its schedule (the schedule itself stands in settings)."""

import os

from celery import Celery
from celery.signals import task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bankcrm.settings")

app = Celery("bankcrm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def keep_a_good_connection(sender, **kwargs) -> None:
    """A task finds the last one's database connection, unless that is broken or old (see CELERY_DB_REUSE_MAX)."""
    from django.db import close_old_connections

    if not sender.request.is_eager:
        close_old_connections()
