"""What the forms of every room share."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError


def day_input(**attrs) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


class PanelForm(forms.Form):
    """A form whose tag, token and button are drawn by the template, in a panel or on a page."""

    error_names: dict[str, str] = {}  # a service's name of a field → this form's

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def lay_out(self, *rows) -> None:
        self.helper.layout = Layout(*rows)

    def add_service_errors(self, error: ValidationError) -> None:
        """Errors of a service, beside the field they name; what names no field here stands above all."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, errors in error.error_dict.items():
            name = self.error_names.get(field, field)
            self.add_error(name if name in self.fields else None, errors)
