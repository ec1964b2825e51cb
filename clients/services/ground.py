"""What every service of clients needs first: the right to change, and clean words."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from clients.models import Client
from common.text import clean_line, has_nul
from staff.models import User


def may_edit(actor: User, row: Model) -> None:
    """Raise PermissionDenied where the actor may not change a client's file, or this row of one."""
    if not type(row).objects.editable_by(actor).filter(pk=row.pk).exists():
        raise PermissionDenied


def may_plan(client: Client) -> None:
    """Hold the client's status as it is until the transaction ends, so that nothing is planned past its end.

    Raises: ValidationError where the file is closed, or was closed a moment ago.
    """
    rows = Client.objects.select_for_update(of=("self",), no_key=True).filter(pk=client.pk)
    if not rows.served().values_list("pk", flat=True):
        raise ValidationError(_("Nothing can be planned with this client: the file is closed."))


def clean(changes: dict) -> dict:
    """Texts as one clean line. Raises ValidationError by field for what cannot be stored."""
    cleaned = {}
    for field, value in changes.items():
        if isinstance(value, str):
            if has_nul(value):
                raise ValidationError({field: _("This holds a character that cannot be stored.")})
            value = clean_line(value)
        cleaned[field] = value
    return cleaned


def required(field: str, text: str, message: str, *, most: int) -> str:
    """A clean, non-empty text of at most so many characters. Raises ValidationError on the field."""
    text = clean({field: text})[field]
    if not text:
        raise ValidationError({field: message})
    if len(text) > most:
        raise ValidationError({field: _("This is too long: at most %(most)s characters.") % {"most": most}})
    return text
