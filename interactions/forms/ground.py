"""What several forms share."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def day_input(**attrs) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


class NoNulMixin:
    """PostgreSQL stores no NUL; Django's fields refuse it where they are text, and this says so for all."""

    def clean(self):
        cleaned = super().clean()
        for name, value in cleaned.items():
            if isinstance(value, str) and "\x00" in value:
                self.add_error(name, _("This holds a character that cannot be stored."))
        return cleaned


def helper_of(*fields) -> FormHelper:
    """The helper of a form whose tag and token stand in the template."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    if fields:
        helper.layout = Layout(*fields)
    return helper


def add_service_errors(form: forms.Form, error: ValidationError, **names: str) -> None:
    """Errors of a service beside the field they name; `names` says what the form calls a service's field."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, errors in error.error_dict.items():
        name = names.get(field, field)
        form.add_error(name if name in form.fields else None, errors)
