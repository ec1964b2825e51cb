"""Forms about clients; choices are narrowed to what the person may see."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _


class OpenFileForm(forms.Form):
    """One file by its exact number, with the reason that is kept."""

    number = forms.CharField(label=_("Client number"), max_length=40)
    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("Kept with your name and the time.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.add_input(Submit("open", _("Open the file"), css_class="btn-primary"))
