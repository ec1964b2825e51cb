"""Forms about what the client allows and what was agreed."""

from crispy_forms.bootstrap import InlineCheckboxes
from crispy_forms.layout import Div, Field
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clients import words
from clients.models import Channel, Consent, ContactAgreement, Purpose, Theme
from common.forms import PanelForm, day_input

SAID = [Consent.Source.SPOKEN, Consent.Source.FORM]  # the others write themselves


class ConsentForm(PanelForm):
    """One select for each channel and purpose, and how and when the client said so."""

    source = forms.ChoiceField(label=_("How"), choices=[(one.value, one.label) for one in SAID])
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    error_names = {"granted": "source"}

    def __init__(self, *args, known: dict[tuple[str, str], Consent], **kwargs):
        super().__init__(*args, **kwargs)
        for channel, channel_name in Channel.choices:
            for purpose, purpose_name in Purpose.choices:
                last = known.get((channel, purpose))
                now = "–" if last is None else _("allowed") if last.granted else _("withdrawn")
                field = forms.ChoiceField(
                    label=f"{channel_name}, {purpose_name}",
                    required=False,
                    choices=[("", now), ("yes", _("→ allows")), ("no", _("→ withdraws"))],
                )
                field.widget.attrs["aria-label"] = field.label
                field.purpose = purpose_name  # said beside it where the table has no room for columns
                self.fields[f"{channel}-{purpose}"] = field
        self.lay_out(
            Div(Field("source", wrapper_class="col"), Field("at", wrapper_class="col"), css_class="row"),
            "note",
        )

    def rows(self) -> list[tuple[str, list]]:
        """The channels with their cells, as the table draws them."""
        return [
            (name, [self[f"{channel}-{purpose}"] for purpose in Purpose.values])
            for channel, name in Channel.choices
        ]

    def answers(self) -> dict[tuple[str, str], bool]:
        found = {}
        for channel in Channel.values:
            for purpose in Purpose.values:
                said = self.cleaned_data.get(f"{channel}-{purpose}")
                if said:
                    found[channel, purpose] = said == "yes"
        return found


class AgreementForm(PanelForm):
    """How the client wants to be contacted. What is left empty was not agreed."""

    interval_days = forms.IntegerField(label=_("Every … days"), required=False, min_value=1, max_value=1100)
    minutes = forms.IntegerField(label=_("At most … minutes"), required=False, min_value=1, max_value=600)
    channels = forms.MultipleChoiceField(
        label=_("By these channels only"),
        required=False,
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days only"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    from_time = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    to_time = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    themes = forms.MultipleChoiceField(
        label=_("About these themes only"), required=False, widget=forms.CheckboxSelectMultiple
    )
    approved_on = forms.DateField(label=_("Approved on"), widget=day_input())
    how = forms.CharField(
        label=_("How it was agreed"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": _("by phone, by letter, at the desk …")}),
    )

    def __init__(self, *args, last: ContactAgreement | None, today, **kwargs):
        initial = {"approved_on": today}
        if last is not None:
            kept = ("interval_days", "minutes", "channels", "weekdays", "from_time", "to_time", "themes")
            initial |= {name: getattr(last, name) for name in kept}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["weekdays"].choices = [(day, words.weekdays([day])) for day in range(7)]
        self.fields["themes"].choices = [(theme.code, str(theme)) for theme in Theme.objects.all()]
        self.lay_out(
            Div(
                Field("interval_days", wrapper_class="col"),
                Field("minutes", wrapper_class="col"),
                css_class="row",
            ),
            InlineCheckboxes("channels"),
            InlineCheckboxes("weekdays"),
            Div(
                Field("from_time", wrapper_class="col"),
                Field("to_time", wrapper_class="col"),
                css_class="row",
            ),
            InlineCheckboxes("themes"),
            Div(
                Field("approved_on", wrapper_class="col"), Field("how", wrapper_class="col"), css_class="row"
            ),
        )

    def clean(self):
        cleaned = super().clean()
        agreed = ("interval_days", "minutes", "channels", "weekdays", "from_time", "to_time", "themes")
        if not self.errors and not any(cleaned.get(name) for name in agreed):
            raise ValidationError(_("Write down at least one thing that was agreed, or end the agreement."))
        return cleaned
