"""A gift or gesture, and the supervisor's decision about one."""

from crispy_forms.layout import Div, Field
from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PanelForm
from interactions.models import Courtesy


class CourtesyForm(PanelForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Courtesy.Kind.choices, initial="gift")
    what = forms.CharField(
        label=_("What"), max_length=200, required=False, widget=forms.TextInput(attrs={"autofocus": True})
    )
    cost = forms.DecimalField(label=_("Cost"), min_value=0, max_digits=12, decimal_places=2, initial=0)
    currency = forms.RegexField(
        label=_("Currency"),
        regex="^[A-Za-z]{3}$",
        max_length=3,
        error_messages={"invalid": _("Write three letters, like EUR.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out(
            "kind",
            "what",
            Div(
                Field("cost", wrapper_class="col-8"),
                Field("currency", wrapper_class="col-4"),
                css_class="row",
            ),
        )

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"].upper()


class DecideForm(PanelForm):
    approve = forms.TypedChoiceField(
        label=_("Your decision"),
        choices=[("yes", _("Approve")), ("no", _("Refuse"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why"), max_length=300, required=False, help_text=_("A refusal needs a reason.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out(Field("approve", template="clients/known/fields/seg.html"), "reason")
