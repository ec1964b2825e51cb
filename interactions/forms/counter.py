"""Forms of the counter: one exact number, one line that was overheard, and why a line is taken back."""

import uuid
from datetime import date

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Theme
from common import saying
from common.forms import PanelForm, day_input
from common.text import sort_key
from interactions.services.counter import NEED, PROMISE, UNMET, Days


def countries() -> list[tuple[str, str]]:
    """Countries by their names in the reader's language."""
    names = saying.locale().territories
    known = [(code, names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS]
    return [("", _("not known")), *sorted(known, key=lambda country: sort_key(country[1]))]


class LookUpForm(PanelForm):
    """The whole number, in any notation."""

    typed = forms.CharField(
        label=_("Client number, phone or document number"),
        max_length=60,
        error_messages={"required": _("Type the whole number.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "data-key": "/",
            }
        ),
    )
    country = forms.ChoiceField(label=_("Country of the document"), required=False, choices=countries)


class CounterNoteForm(PanelForm):
    """One line: a need, a need that cannot be met today, or a promise with the days to keep it."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (NEED, _("A need")),
            (UNMET, _("A need we cannot meet today")),
            (PROMISE, _("A promise")),
        ],
        initial=NEED,
    )
    text = forms.CharField(
        label=_("What was said"),
        max_length=300,
        error_messages={"required": _("Write what was said.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-key": "n"}),
    )
    opens_on = forms.DateField(label=_("From"), required=False, widget=day_input())
    due_on = forms.DateField(label=_("By"), required=False, widget=day_input())
    due_at = forms.TimeField(label=_("At"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    theme = forms.ModelChoiceField(
        label=_("Theme, if you talked about it"),
        queryset=Theme.objects.all(),
        required=False,
        empty_label=_("none, it was said in passing"),
    )
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("submission", uuid.uuid4())

    def window(self, today: date) -> Days | None:
        """The days that were chosen; by a day alone means from now on."""
        data = self.cleaned_data
        if data["kind"] != PROMISE or not data["due_on"]:
            return None
        return Days(data["opens_on"] or min(today, data["due_on"]), data["due_on"], data["due_at"])


class TakeBackForm(PanelForm):
    reason = forms.CharField(
        label=_("Why it is taken back"),
        max_length=300,
        error_messages={"required": _("Write why it is taken back.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
