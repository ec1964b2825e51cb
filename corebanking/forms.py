"""The form of an upload."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from corebanking.kinds import KINDS
from corebanking.mapping import shipped_names


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the file holds"))
    file = forms.FileField(label=_("File"), help_text=_("CSV, XLSX, gzip, or a zip of one file."))
    mapping = forms.ChoiceField(label=_("Mapping"), required=False)
    source_date = forms.DateField(
        label=_("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_(
            "The day the export describes; empty is today. An older one never overwrites newer data."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, kind.label) for code, kind in KINDS.items()]
        self.fields["mapping"].choices = [("", _("None: the columns have our names"))] + [
            (name, name) for name in shipped_names()
        ]
        self.helper = FormHelper()
        self.helper.add_input(Submit("send", _("Check the file"), css_class="btn-primary"))
