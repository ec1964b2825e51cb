"""Promises, service cases and referrals."""

import uuid
from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PanelForm, day_input
from common.vague import read
from interactions.models import CaseStep, Referral, ServiceCase
from interactions.services import cases
from interactions.services.promises import LENGTH, Noted
from interactions.services.referrals import specialists_for


class PromiseForm(PanelForm):
    """One line with a date in it; what is not understood asks for a day."""

    text = forms.CharField(
        label=_("Promise"),
        max_length=LENGTH,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    due_on = forms.DateField(
        label=_("By"), required=False, widget=day_input(), help_text=_("Only where the line names no day.")
    )
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        if not self.is_bound:
            self.initial.setdefault("submission", uuid.uuid4())

    def clean(self):
        cleaned = super().clean()
        if "text" in self.errors or "due_on" in self.errors:
            return cleaned
        cleaned["noted"] = noted_from(cleaned["text"], cleaned["due_on"], self.today)
        if cleaned["noted"] is None:
            self.add_error(
                "due_on",
                _("No day is named that we know. Choose one, or write “in September” or “by Friday”."),
            )
        return cleaned


def noted_from(text: str, due_on, today) -> Noted | None:
    """The window of a line: the chosen day if there is one, else what the line says."""
    if due_on:
        return Noted(text, min(today, due_on), due_on)
    window = read(text, today=today)
    return Noted(text, window.opens_on, window.due_on, window.due_at) if window else None


class WithdrawForm(PanelForm):
    reason = forms.CharField(label=_("Why it is not to be kept"), max_length=300)


class CaseForm(PanelForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=ServiceCase.Kind.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("What it is about"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("kind", ServiceCase.Kind.COMPLAINT)


class StepForm(PanelForm):
    step = forms.ChoiceField(label=_("Step"))
    note = forms.CharField(
        label=_("What was said or done"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args, case: ServiceCase, **kwargs):
        super().__init__(*args, **kwargs)
        step = cases.next_step(case)
        left = cases.ORDER[cases.ORDER.index(CaseStep.Step(step)) :]
        self.fields["step"].choices = [(one.value, one.label) for one in left]
        self.initial.setdefault("step", step)


class CloseCaseForm(PanelForm):
    outcome = forms.ChoiceField(
        label=_("What became of the client"), choices=ServiceCase.Outcome.choices, widget=forms.RadioSelect
    )
    is_satisfied = forms.TypedChoiceField(
        label=_("Is the client satisfied"),
        choices=[("", _("not asked")), ("yes", _("yes")), ("no", _("no"))],
        required=False,
        coerce=lambda value: {"yes": True, "no": False}.get(value),
        empty_value=None,
    )
    note = forms.CharField(label=_("What the client said"), max_length=1000, required=False)


class ReferralForm(PanelForm):
    to = forms.ModelChoiceField(label=_("To"), queryset=None)
    reason = forms.CharField(label=_("What for"), max_length=300)
    until_on = forms.DateField(label=_("Sees the client until"), widget=day_input())

    def __init__(self, *args, client, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = specialists_for(client, user)
        self.initial.setdefault("until_on", client.branch.today() + timedelta(days=90))


class ReferralEndForm(PanelForm):
    """Decline with a reason, or finish with what came of it."""

    error_names = {"reason": "words", "outcome": "words"}

    words = forms.CharField(max_length=300)

    def __init__(self, *args, referral: Referral, declines: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("Why you decline") if declines else _("What came of it")
