"""Forms about contacts and actions; choices are narrowed to what the person may see."""

import uuid
from datetime import timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Theme
from interactions.models import Action, Contact
from interactions.services import NextStep
from interactions.services.actions import people_who_may_take

FIRST_CHANNELS = ["call", "visit", "branch", "messenger"]
FIRST_RESULTS = ["reached", "no_answer", "message_left", "busy", "declined"]


def _day(**attrs) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


class NoNulMixin:
    """PostgreSQL stores no NUL; Django's fields refuse it where they are text, and this says so for all."""

    def clean(self):
        cleaned = super().clean()
        for name, value in cleaned.items():
            if isinstance(value, str) and "\x00" in value:
                self.add_error(name, _("This holds a character that cannot be stored."))
        return cleaned


class ContactForm(NoNulMixin, forms.Form):
    """Log a contact: contact, note and next action in one go, in the order of speaking."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    result = forms.ChoiceField(label=_("Result"), choices=Contact.Result.choices, initial="reached")
    note = forms.CharField(
        label=_("What was said"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
    next_about = forms.CharField(
        label=_("Next"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": _("What to do next"), "autocomplete": "off"}),
    )
    next_on = forms.DateField(label=_("Next, on"), required=False, widget=_day())
    next_at = forms.TimeField(
        label=_("Next, at"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    next_channel = forms.ChoiceField(label=_("Next, by"), required=False, choices=Channel.choices)
    effect = forms.ChoiceField(
        label=_("The relationship is now"),
        required=False,
        choices=Contact.Effect.choices,
        initial="unchanged",
    )
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.none(), required=False)
    direction = forms.ChoiceField(label=_("Direction"), choices=Contact.Direction.choices, initial="out")
    occurred_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=0, max_value=1440)
    participants = forms.CharField(label=_("With"), required=False, max_length=200)
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["theme"].queryset = Theme.objects.all()
        if not self.is_bound:
            self.initial.setdefault("submission", uuid.uuid4())
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Field("channel", template="interactions/fields/channel.html"),
            Field("result", template="interactions/fields/result.html"),
            Field("note", template="interactions/fields/note.html"),
            HTML("{% include 'interactions/fields/next.html' %}"),
            Field("effect", template="interactions/fields/effect.html"),
            HTML("{% include 'interactions/fields/rest.html' %}"),
            "submission",
        )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("next_about") and not cleaned.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("Choose the day of the next step."))
        if cleaned.get("next_at") and not cleaned.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("Choose the day of the next step."))
        return cleaned

    def contact_fields(self) -> dict:
        """What the contact itself takes, as the services name it."""
        data = self.cleaned_data
        return {
            "channel": data["channel"],
            "result": data["result"],
            "direction": data["direction"],
            "theme": data["theme"],
            "effect": data["effect"],
            "participants": data["participants"],
            "duration_seconds": None if data["minutes"] is None else data["minutes"] * 60,
        }

    def next_step(self) -> NextStep | None:
        data = self.cleaned_data
        if not data["next_on"]:
            return None
        return NextStep(
            channel=data["next_channel"] or "call",
            due_on=data["next_on"],
            due_at=data["next_at"],
            about=data["next_about"],
        )

    def add_service_errors(self, error: ValidationError) -> None:
        """Errors of a service, beside the field they name."""
        names = {
            "due_on": "next_on",
            "due_at": "next_at",
            "about": "next_about",
            "duration_seconds": "minutes",
        }
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, errors in error.error_dict.items():
            name = names.get(field, field)
            self.add_error(name if name in self.fields else None, errors)


class ContactChangeForm(ContactForm):
    """Correct a contact; after 24 hours a reason is needed."""

    reason = forms.CharField(label=_("Why it is changed"), required=False, max_length=300)

    def __init__(self, *args, contact: Contact, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("next_about", "next_on", "next_at", "next_channel", "submission"):
            del self.fields[name]
        self.fields["reason"].required = not contact.changes_freely()
        layout = [
            Field("channel", template="interactions/fields/channel.html"),
            Field("result", template="interactions/fields/result.html"),
            Field("note", template="interactions/fields/note.html"),
            Field("effect", template="interactions/fields/effect.html"),
            HTML("{% include 'interactions/fields/rest.html' %}"),
        ]
        if self.fields["reason"].required:
            layout.insert(3, Field("reason"))
        self.helper.layout = Layout(*layout)

    def clean(self):
        return NoNulMixin.clean(self)


class VoidForm(NoNulMixin, forms.Form):
    reason = forms.CharField(label=_("Why it does not count"), max_length=300)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False


class SnoozeForm(forms.Form):
    until = forms.DateField(label=_("Put off until"), widget=_day())

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)
        today = user.today()
        self.quick = [
            (_("Tomorrow"), today + timedelta(days=1)),
            (_("In 3 days"), today + timedelta(days=3)),
            (_("Next Monday"), today + timedelta(days=7 - today.weekday())),
        ]
        self.fields["until"].widget.attrs |= {"min": str(today + timedelta(days=1))}
        self.helper = FormHelper()
        self.helper.form_tag = False


class SkipForm(NoNulMixin, forms.Form):
    reason = forms.CharField(
        label=_("Why it is skipped"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False


class HandOverForm(NoNulMixin, forms.Form):
    to = forms.ModelChoiceField(label=_("To"), queryset=None)
    reason = forms.CharField(label=_("Why it is handed over"), max_length=300)

    def __init__(self, *args, action: Action, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people_who_may_take(action.client).exclude(pk=user.pk).order_by("name")
        self.helper = FormHelper()
        self.helper.form_tag = False


class PlanForm(NoNulMixin, forms.Form):
    """Plan an action by hand."""

    about = forms.CharField(
        label=_("What for"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )
    due_on = forms.DateField(label=_("By"), widget=_day())
    due_at = forms.TimeField(label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, initial="call")
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.none(), empty_label=None)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["theme"].queryset = Theme.objects.all()
        if not self.is_bound:
            self.initial.setdefault("theme", Theme.objects.filter(code="keeping_in_touch").first())
            self.initial.setdefault("due_on", timezone.localdate() + timedelta(days=1))
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            "about",
            Div(Field("due_on", wrapper_class="col"), Field("due_at", wrapper_class="col"), css_class="row"),
            Div(Field("channel", wrapper_class="col"), Field("theme", wrapper_class="col"), css_class="row"),
        )
