"""Forms about what is known: facts, contact points, dates."""

from crispy_forms.layout import Div, Field
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clients.models import ContactPoint, DatedFact, Fact, FactType
from clients.services import Learnt
from clients.services.known import FACT_LENGTH
from common.forms import PanelForm


class FactForm(PanelForm):
    """One thing learnt; an estimate in money where it has one."""

    type = forms.ModelChoiceField(
        label=_("What it is about"),
        queryset=FactType.objects.none(),
        to_field_name="code",
        empty_label=_("Choose"),
    )
    value = forms.CharField(
        label=_("What you learnt"),
        max_length=FACT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    amount = forms.DecimalField(
        label=_("Estimated amount"),
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        help_text=_("Where there is one."),
    )
    currency = forms.CharField(
        label=_("Currency"),
        required=False,
        max_length=3,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )

    def __init__(self, *args, fact: Fact | None = None, **kwargs):
        if fact is not None:
            kwargs["initial"] = {
                "value": fact.value,
                "amount": fact.amount,
                "currency": fact.currency or settings.REPORTING_CURRENCY,
            }
        super().__init__(*args, **kwargs)
        self.initial.setdefault("currency", settings.REPORTING_CURRENCY)
        if fact is None:
            self.fields["type"].queryset = FactType.objects.filter(lives_in=FactType.Lives.FACT)
        else:
            del self.fields["type"]
        first = "type" if fact is None and not self.initial.get("type") else "value"
        self.fields[first].widget.attrs["autofocus"] = True
        money = Div(
            Field("amount", wrapper_class="col-8"), Field("currency", wrapper_class="col-4"), css_class="row"
        )
        self.lay_out(*(["type"] if fact is None else []), "value", money)

    def learnt(self) -> Learnt:
        data = self.cleaned_data
        return Learnt(data["type"], data["value"], data["amount"], data["currency"])


class PointForm(PanelForm):
    """One more way to reach the client."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=ContactPoint.Kind.choices, initial="phone", widget=forms.RadioSelect
    )
    value = forms.CharField(
        label=_("Number or address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_("Phones with their country code, like +34 600 123 456."),
    )

    error_names = dict.fromkeys(ContactPoint.Kind.values, "value")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out(Field("kind", template="clients/known/fields/seg.html"), "value")


class PointChangeForm(PanelForm):
    """The number itself is masked, so that looking at it stays a recorded look: empty keeps it."""

    value = forms.CharField(
        label=_("New number or address"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_primary = forms.BooleanField(label=_("The first to use"), required=False)
    is_verified = forms.BooleanField(
        label=_("Verified"), required=False, help_text=_("The client confirmed it, or was reached there.")
    )
    do_not_use = forms.BooleanField(
        label=_("Do not use"), required=False, help_text=_("It bounced, or the client asked.")
    )

    error_names = dict.fromkeys(ContactPoint.Kind.values, "value")

    def __init__(self, *args, point: ContactPoint, **kwargs):
        kwargs["initial"] = {
            "is_primary": point.is_primary,
            "is_verified": point.is_verified,
            "do_not_use": point.do_not_use,
        }
        super().__init__(*args, **kwargs)
        self.fields["value"].help_text = _("Leave it empty to keep %(value)s.") % {"value": point.masked}
        if point.is_primary:
            del self.fields[
                "is_primary"
            ]  # another one of its kind takes the place, this one does not leave it

    def changes(self) -> dict:
        """What `change_contact_point` takes; a new value is not verified unless that is said anew."""
        changes = {name: self.cleaned_data[name] for name in self.changed_data if name != "value"}
        if self.cleaned_data["value"].strip():
            changes["value"] = self.cleaned_data["value"]
        return changes


class DateForm(PanelForm):
    """A date that comes back: of the client, or of somebody close."""

    kind = forms.ChoiceField(label=_("What comes back"), choices=DatedFact.Kind.choices)
    person = forms.CharField(
        label=_("Whose"),
        required=False,
        max_length=120,
        help_text=_("Leave it empty for the client's own."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    calendar = forms.ChoiceField(
        label=_("Calendar"),
        choices=DatedFact.Calendar.choices,
        initial=DatedFact.Calendar.GREGORIAN,
        widget=forms.RadioSelect,
    )
    day = forms.IntegerField(label=_("Day"), required=False, min_value=1, max_value=31)
    month = forms.IntegerField(label=_("Month"), required=False, min_value=1, max_value=12)
    year = forms.IntegerField(
        label=_("Year"), required=False, min_value=1, max_value=9999, help_text=_("Empty if not known.")
    )
    is_leap_month = forms.BooleanField(
        label=_("In the leap month"), required=False, help_text=_("Only in the lunar calendar.")
    )
    lead_days = forms.IntegerField(
        label=_("Remind so many days before"),
        required=False,
        min_value=0,
        max_value=90,
        help_text=_("Empty: as the bank does for all."),
    )

    def __init__(self, *args, dated: DatedFact | None = None, **kwargs):
        if dated is not None:
            parts = ("calendar", "day", "month", "year", "is_leap_month", "lead_days")
            kwargs["initial"] = {part: getattr(dated, part) for part in parts}
        super().__init__(*args, **kwargs)
        self.fields["day"].widget.attrs["autofocus"] = True
        rows = [
            Field("calendar", template="clients/known/fields/seg.html"),
            Div(
                Field("day", wrapper_class="col"),
                Field("month", wrapper_class="col"),
                Field("year", wrapper_class="col"),
                css_class="row",
            ),
            "is_leap_month",
            "lead_days",
        ]
        if dated is None:
            rows = ["kind", "person", *rows]
        else:
            del self.fields["kind"], self.fields["person"]
        self.lay_out(*rows)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("is_leap_month") and cleaned.get("calendar") == DatedFact.Calendar.GREGORIAN:
            self.add_error("is_leap_month", ValidationError(_("Only the lunar calendar has leap months.")))
        return cleaned
