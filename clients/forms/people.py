"""Forms about people who belong together: somebody by client number, by a search within sight, or by name."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Client, HouseholdMember, RelationKind
from clients.sight import shown_name
from common.forms import PanelForm, day_input

NOBODY = "-"  # the answer "none of these": the words typed are a name
MOST_FOUND = 8

# As core banking numbers its clients: nobody is called so.
LIKE_A_NUMBER = re.compile(r"[A-Za-z._-]{0,8}\d[\dA-Za-z._-]{2,}")


class WhoForm(PanelForm):
    """Who is meant. An exact client number within sight is that client; words that find clients are asked about.

    `client()` and `person()` say what was chosen. A number that names nobody within sight is refused, whether
    there is such a client or not: it is nobody's name.
    """

    who = forms.CharField(
        label=_("Who"),
        max_length=120,
        help_text=_("A client number, or a name."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    pick = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    error_names = {"other": "who", "person": "who", "member": "who", "relation": "who", "by": "who"}
    takes_names = True  # else a client is meant, and "none of these" is no answer

    def __init__(self, *args, user, of: Client, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.of = user, of
        self.found: list[Client] = []
        self.chosen: Client | None = None

    def clean(self):
        cleaned = super().clean()
        who, pick = cleaned.get("who", "").strip(), cleaned.get("pick", "")
        if not who:
            return cleaned
        others = Client.objects.editable_by(self.user).exclude(pk=self.of.pk)
        others = others.select_related("tier").defer("search", "document_number")
        if pick and pick != NOBODY:
            self.chosen = others.filter(number=pick).first()
        else:
            self.chosen = others.filter(number=who).first()
        if self.chosen is None and (who == self.of.number or LIKE_A_NUMBER.fullmatch(who)):
            self.add_error(
                "who", _("Nobody you may name has this number. Write a name, or choose a client of yours.")
            )
        elif self.chosen is None and (pick != NOBODY or not self.takes_names):
            self.found = list(others.matching(who).by_name()[:MOST_FOUND])
            if self.found:
                self.add_error("who", _("Choose one of those above."))
            elif not self.takes_names:
                self.add_error("who", _("No client of yours is found by this. Write the client number."))
        return cleaned

    def choices(self) -> list[tuple[str, str, str]]:
        """Number, name and tier of the clients found."""
        return [
            (row.number, shown_name(self.user, row), row.tier.name if row.tier else "") for row in self.found
        ]

    def client(self) -> Client | None:
        return self.chosen

    def person(self) -> str:
        return "" if self.chosen else self.cleaned_data["who"]


class RelationForm(WhoForm):
    kind = forms.ChoiceField(label=_("Is the client's"), choices=RelationKind.choices)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out("who", "kind")


class HouseholdForm(WhoForm):
    role = forms.ChoiceField(label=_("Role in the household"), choices=HouseholdMember.Role.choices)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("role", HouseholdMember.Role.OTHER)
        self.lay_out("who", "role")


class IntroducerForm(WhoForm):
    """Which client brought this one; somebody by name only is a relation, not an introducer."""

    error_names = WhoForm.error_names | {"on": "introduced_on"}
    takes_names = False

    introduced_on = forms.DateField(label=_("When"), widget=day_input())
    note = forms.CharField(
        label=_("How it came about"), required=False, max_length=200, help_text=_("One line, if you like.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["who"].label = _("Who brought the client")
        self.fields["who"].help_text = _("A client number, or the name of a client of yours.")
        self.initial.setdefault("introduced_on", self.of.branch.today())
        self.lay_out("who", "introduced_on", "note")


class HouseholdNameForm(PanelForm):
    name = forms.CharField(
        label=_("Name of the household"), max_length=120, widget=forms.TextInput(attrs={"autofocus": True})
    )
