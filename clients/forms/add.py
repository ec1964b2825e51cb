"""Adding a client in half a minute."""

from crispy_forms.layout import Div, Field
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Tier
from common.forms import PanelForm, day_input
from staff.models import Branch, Role, User


class ClientAddForm(PanelForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    native_name = forms.CharField(label=_("Name in its own script"), required=False, max_length=100)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Client.Kind.choices,
        initial=Client.Kind.PERSON,
        widget=forms.RadioSelect,
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("Email"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    born_on = forms.DateField(label=_("Born or founded on"), required=False, widget=day_input())
    tier = forms.ModelChoiceField(
        label=_("Tier"),
        queryset=Tier.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("none yet"),
    )
    branch = forms.ModelChoiceField(label=_("Branch"), queryset=Branch.objects.none(), to_field_name="code")
    number = forms.RegexField(
        r"^[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*$",
        label=_("Client number"),
        required=False,
        max_length=40,
        error_messages={"invalid": _("Only letters, digits, dot, dash and underscore.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, user: User, proposed: str, **kwargs):
        super().__init__(*args, **kwargs)
        if user.role == Role.SUPERVISOR:
            branches = Branch.objects.branches_of(user)
        else:
            branches = Branch.objects.filter(pk=user.branch_id)
        self.fields["branch"].queryset = branches
        self.only_branch = branches.get() if branches.count() == 1 else None
        if self.only_branch is not None:
            del self.fields["branch"]
        elif user.branch is not None:
            self.initial.setdefault("branch", user.branch.code)
        self.fields["number"].widget.attrs["placeholder"] = proposed
        self.fields["number"].help_text = _(
            "Empty: the next free one, %(number)s. Or the number that core banking gave."
        ) % {"number": proposed}
        self.lay_out(
            "name",
            Div(
                Field("native_name", wrapper_class="col"),
                Field("born_on", wrapper_class="col"),
                css_class="row",
            ),
            Field("kind", template="clients/known/fields/seg.html"),
            Div(Field("phone", wrapper_class="col"), Field("email", wrapper_class="col"), css_class="row"),
            Div(
                *([] if self.only_branch else [Field("branch", wrapper_class="col")]),
                Field("tier", wrapper_class="col"),
                css_class="row",
            ),
            "number",
        )

    def add_service_errors(self, error: ValidationError) -> None:
        """A number that is taken is not said to be somebody's: that client may be hidden."""
        if "number" in getattr(error, "error_dict", {}):
            self.add_error(
                "number", _("This number cannot be given. Leave it empty to get the next free one.")
            )
            return
        super().add_service_errors(error)

    def client_fields(self) -> dict:
        """What the services take; the day of birth apart."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "born_on"}
        return {"branch": self.only_branch} | data
