"""When and where; and the clashes that somebody may accept knowingly."""

from datetime import datetime

from crispy_forms.layout import Div, Field
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, Theme
from common.forms import PanelForm, day_input
from interactions.models import Action, Appointment

CLASH = "clash-"


class KnownField(forms.MultipleChoiceField):
    """Ids of the clashes that were said and are accepted. Which ones there are the service says."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs):
        super().__init__(required=False, label=_("Keep it all the same"), **kwargs)

    def valid_value(self, value) -> bool:
        return str(value).isdecimal() and len(str(value)) < 19

    def clean(self, value) -> list[int]:
        return [int(one) for one in super().clean(value)]


class ClashForm(PanelForm):
    """A form that asks about clashes only once there are some."""

    def add_service_errors(self, error: ValidationError) -> None:
        found = getattr(error, "error_dict", {}).pop("known", [])
        if found:
            self.fields["known"].choices = [
                (one.code.removeprefix(CLASH), one.message) for one in found if one.code
            ]
            self.helper.layout.append(Field("known"))
            self.add_error("known", _("Tick what you know of, and save again."))
        if not found or error.error_dict:
            super().add_service_errors(error)


class MoveActionForm(ClashForm):
    """The day on which an action is to stand."""

    to = forms.DateField(label=_("On"), widget=day_input(autofocus=True))
    known = KnownField()

    def __init__(self, *args, action: Action, **kwargs):
        super().__init__(*args, **kwargs)
        today = action.client.branch.today()
        self.initial.setdefault("to", max(action.due_on, today))
        self.fields["to"].widget.attrs["min"] = str(today)
        self.lay_out("to")


class AppointmentForm(ClashForm):
    """Time and place in the client's branch, and what the client answered."""

    error_names = {"starts_at": "on", "due_on": "on"}

    on = forms.DateField(label=_("On"), widget=day_input(autofocus=True))
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=720, initial=60)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    answer = forms.ChoiceField(label=_("The client"), choices=Appointment.Answer.choices, initial="asked")
    known = KnownField()

    def __init__(self, *args, client: Client, action: Action | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = client.branch.zone
        today = client.branch.today()
        self.fields["on"].widget.attrs["min"] = str(today)
        if action is not None:
            self.initial |= {"channel": action.channel, "on": max(action.due_on, today), "at": action.due_at}
            appointment = action.standing_appointment
            if appointment is not None:
                local = timezone.localtime(appointment.starts_at, self.zone)
                self.initial |= {
                    "on": local.date(),
                    "at": local.time(),
                    "minutes": appointment.minutes,
                    "place": appointment.place,
                    "answer": appointment.answer,
                }
        self.lay_out(*self.rows())

    def rows(self) -> tuple:
        return (
            Div(
                Field("on", wrapper_class="col-12 col-md-5"),
                Field("at", wrapper_class="col-6 col-md-4"),
                Field("minutes", wrapper_class="col-6 col-md-3"),
                css_class="row",
            ),
            Div(
                Field("channel", wrapper_class="col-12 col-md-6"),
                Field("answer", wrapper_class="col-12 col-md-6"),
                css_class="row",
            ),
            "place",
        )

    def clean(self):
        cleaned = super().clean()
        on, at = cleaned.pop("on", None), cleaned.pop("at", None)
        if on and at:
            cleaned["starts_at"] = datetime.combine(on, at, self.zone)
        return cleaned


class PlanAppointmentForm(AppointmentForm):
    """An appointment for which nothing is planned yet."""

    about = forms.CharField(
        label=_("What for"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.all(), empty_label=None)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["on"].widget.attrs.pop("autofocus")
        self.initial.setdefault("channel", "visit")
        if not self.is_bound:
            self.initial.setdefault("theme", Theme.objects.filter(code="keeping_in_touch").first())

    def rows(self) -> tuple:
        return ("about", "theme", *super().rows())
