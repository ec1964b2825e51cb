"""The bank's texts: changed by administrators."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from common.text import clean_line, has_nul
from interactions.models import MessageTemplate
from interactions.writing import MOST_PARTS, check_gaps, sms_parts
from staff.models import Role, User


@transaction.atomic
def change_template(
    *, actor: User, template: MessageTemplate, body: str, subject: str = ""
) -> MessageTemplate:
    """Write a template anew; drafts that wait show the new text, what was approved stays as it was read.

    Raises: ValidationError by field, for a gap that cannot be filled too; PermissionDenied.
    """
    if not actor.is_active or actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied
    is_short = template.form == MessageTemplate.Form.SHORT
    subject, body = "" if is_short else clean_line(subject), body.replace("\r\n", "\n").strip()
    errors: dict[str, str | list[str]] = {}
    for field, text in (("subject", subject), ("body", body)):
        if has_nul(text):
            errors[field] = _("This holds a character that cannot be stored.")
            continue
        try:
            check_gaps(template.kind, text)
        except ValidationError as error:
            errors[field] = error.messages
    if not body:
        errors["body"] = _("Write what the client is to read.")
    if is_short and (parts := sms_parts(body)) > MOST_PARTS:
        errors["body"] = _("This takes %(parts)s text messages, and %(most)s are the most.") % {
            "parts": parts,
            "most": MOST_PARTS,
        }
    if not is_short and not subject:
        errors["subject"] = _("Write a subject.")
    if errors:
        raise ValidationError(errors)
    template = MessageTemplate.objects.select_for_update().get(pk=template.pk)
    template.subject, template.body = subject, body
    template.save(update_fields=["subject", "body"])
    return template
