"""Forms about who may look: emergencies, reviews, restricted files."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.lists import OpenFileForm
from clients.models import Client
from common.forms import PanelForm
from staff.models import Role, User

READERS = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE)


class EmergencyForm(OpenFileForm):
    """The same form, for those who may look only in an emergency."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.inputs[0].value = _("Open in an emergency")
        self.fields["reason"].help_text = _("Told to those who look after the client, and reviewed.")


class ReviewForm(PanelForm):
    review = forms.CharField(label=_("What you found"), max_length=500)


class RestrictForm(PanelForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("Kept with your name and the time.")
    )


class ReaderForm(PanelForm):
    """One more person who may see a restricted file."""

    user = forms.ModelChoiceField(label=_("Who may see it"), queryset=User.objects.none())
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, user: User, client: Client, **kwargs):
        super().__init__(*args, prefix="reader", **kwargs)
        named = client.sight_grants.filter(kind="named", until_at=None).values("user")
        people = User.objects.visible_to(user).active().filter(role__in=READERS)
        self.fields["user"].queryset = people.exclude(pk__in=named).order_by("name")
