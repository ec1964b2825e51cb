"""What is asked at the door of an event."""

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Event, Invitation
from campaigns.services.door import MOST_COMPANIONS
from common.forms import PanelForm


class Companions(forms.IntegerField):
    """How many came along; nothing written is nobody."""

    def clean(self, value):
        return super().clean(value) or 0


def _companions() -> Companions:
    return Companions(label=_("Companions"), min_value=0, max_value=MOST_COMPANIONS, required=False)


class CheckInForm(PanelForm):
    companions_came = _companions()

    def __init__(self, *args, invitation: Invitation, **kwargs):
        super().__init__(*args, initial={"companions_came": invitation.companions}, **kwargs)


class WalkInForm(PanelForm):
    client = forms.CharField(label=_("Client number"), max_length=60)
    companions_came = _companions()

    def __init__(self, *args, event: Event, **kwargs):
        super().__init__(*args, initial={"companions_came": 0}, **kwargs)
        if not event.companions_most:
            self.fields["companions_came"].widget = forms.HiddenInput()


class GuestForm(PanelForm):
    name = forms.CharField(label=_("Name"), max_length=150)
    phone = forms.CharField(label=_("Phone, if they wish"), max_length=40, required=False)
    brought_by = forms.IntegerField(
        label=_("Came with number"), min_value=1, max_value=2**31 - 1, required=False
    )
