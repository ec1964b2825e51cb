"""The form of a reminder rule."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Tier
from common.forms import PanelForm
from interactions.models import Severity
from interactions.services.rules import LONGEST_LEAD


class RuleForm(PanelForm):
    tier = forms.ModelChoiceField(
        label=_("Tier"),
        queryset=Tier.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("every tier without a rule of its own"),
    )
    is_on = forms.BooleanField(label=_("Reminds"), required=False)
    lead_days = forms.IntegerField(label=_("Days ahead"), min_value=0, max_value=LONGEST_LEAD)
    severity = forms.TypedChoiceField(label=_("Severity"), choices=Severity.choices, coerce=int)
    escalate_after_days = forms.IntegerField(
        label=_("Days until the supervisor is told"),
        min_value=0,
        max_value=LONGEST_LEAD,
        required=False,
        help_text=_("Counted from the due day; empty: never."),
    )
