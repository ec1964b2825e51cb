"""Forms about people."""

from zoneinfo import available_timezones

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.forms import PanelForm
from staff.models import Cover, User


class PreferencesForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = User
        fields = ["language", "time_zone"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("As the browser says")), *settings.LANGUAGES]
        self.fields["time_zone"].choices = [("", _("As the branch"))] + [
            (zone, zone)
            for zone in sorted(available_timezones())
            if "/" in zone and not zone.startswith("Etc")
        ]
        self.helper = FormHelper()
        self.helper.add_input(Submit("save", _("Save"), css_class="btn-primary"))


class CoverForm(forms.ModelForm):
    """Who is away, who stands in, from when to when. People are those the supervisor may name."""

    class Meta:
        model = Cover
        fields = ["covered", "stand_in", "from_on", "to_on"]
        labels = {"covered": _("Who is away"), "stand_in": _("Who stands in")}
        widgets = {
            "from_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "to_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        people = User.objects.visible_to(user).active().filter(role="account_manager").order_by("name")
        for name in ("covered", "stand_in"):
            self.fields[name].queryset = people
            self.fields[name].empty_label = _("Choose an account manager")
        self.helper = FormHelper()
        self.helper.add_input(Submit("save", _("Arrange cover"), css_class="btn-primary"))

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("covered") and cleaned.get("covered") == cleaned.get("stand_in"):
            self.add_error("stand_in", _("Choose somebody else: nobody stands in for themselves."))
        if cleaned.get("from_on") and cleaned.get("to_on") and cleaned["to_on"] < cleaned["from_on"]:
            self.add_error("to_on", _("Choose a day on or after the first."))
        return cleaned

    def validate_constraints(self):
        """Said above in words, beside the field."""


class ViewForm(PanelForm):
    """What a saved view is called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        error_messages={"required": _("Write a name for the view.")},
    )
