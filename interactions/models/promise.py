"""Something noted in passing, to be kept inside a date window."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from interactions.models.action import Action
from interactions.models.contact import Contact
from interactions.querysets import PromiseQuerySet


@tracked()
class Promise(models.Model):
    """One line with the window that was understood from it. It owns the action that keeps it.

    Kept is no column: a promise is kept if a reached contact falls inside its window (`with_state`).
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="promises")
    text = models.CharField(_("what was said"), max_length=300)
    opens_on = models.DateField(_("from"))
    due_on = models.DateField(_("by"))
    due_at = models.TimeField(_("at"), null=True, blank=True)
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="promises")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="promises")  # heard in it
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now)
    submission = models.UUIDField(null=True, blank=True, unique=True)  # one form sent twice is one promise
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="promise_has_words"),
            models.CheckConstraint(condition=Q(due_on__gte=F("opens_on")), name="promise_window_in_order"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="promise_withdrawn_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "due_on"], name="promise_client"),
            models.Index(fields=["action"], condition=Q(action__isnull=False), name="promise_action"),
        ]

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
