"""Put off, skip, hand over, plan."""

from datetime import timedelta

from crispy_forms.layout import Div, Field
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Theme
from common.forms import PanelForm, day_input
from interactions.models import Action
from interactions.services.actions import people_who_may_take


class SnoozeForm(PanelForm):
    until = forms.DateField(label=_("Put off until"), widget=day_input(autofocus=True))

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)
        today = user.today()
        self.quick = [
            (_("Tomorrow"), today + timedelta(days=1)),
            (_("In 3 days"), today + timedelta(days=3)),
            (_("Next Monday"), today + timedelta(days=7 - today.weekday())),
        ]
        self.fields["until"].widget.attrs |= {"min": str(today + timedelta(days=1))}


class SkipForm(PanelForm):
    reason = forms.CharField(
        label=_("Why it is skipped"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)  # built as the other two are, and needs neither


class HandOverForm(PanelForm):
    to = forms.ModelChoiceField(label=_("To"), queryset=None, widget=forms.Select(attrs={"autofocus": True}))
    reason = forms.CharField(label=_("Why it is handed over"), max_length=300)

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people_who_may_take(action.client).exclude(pk=user.pk).order_by("name")


class PlanForm(PanelForm):
    """Plan an action by hand."""

    about = forms.CharField(
        label=_("What for"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )
    due_on = forms.DateField(label=_("By"), widget=day_input())
    due_at = forms.TimeField(label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, initial="call")
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.none(), empty_label=None)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["theme"].queryset = Theme.objects.all()
        if not self.is_bound:
            self.initial.setdefault("theme", Theme.objects.filter(code="keeping_in_touch").first())
            self.initial.setdefault("due_on", timezone.localdate() + timedelta(days=1))
        self.lay_out(
            "about",
            Div(Field("due_on", wrapper_class="col"), Field("due_at", wrapper_class="col"), css_class="row"),
            Div(Field("channel", wrapper_class="col"), Field("theme", wrapper_class="col"), css_class="row"),
        )
