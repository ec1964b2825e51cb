"""Forms about many clients at once; choices are narrowed to what the person may name."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common import saying
from common.forms import PanelForm
from interactions.forms.actions import PlanForm
from interactions.services.bulk import BY_NAME, BY_TIER
from staff.models import User


def account_managers(user: User):
    """Those to whom a supervisor may give clients."""
    return User.objects.visible_to(user).active().filter(role=User.Role.ACCOUNT_MANAGER).order_by("name")


class BulkPlanForm(PlanForm):
    """The same action for each of many clients, on one day."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["due_at"]
        when, how = self.helper.layout[1], self.helper.layout[2]
        when.fields, how.fields = [when.fields[0], how.fields[0]], [how.fields[1]]


class HandOverClientsForm(PanelForm):
    """Chosen clients to one account manager."""

    to = forms.ModelChoiceField(
        label=_("To"), queryset=User.objects.none(), empty_label=_("Choose an account manager")
    )
    reason = forms.CharField(label=_("Why they change hands"), max_length=300)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = account_managers(user)


class _Takers(forms.ModelMultipleChoiceField):
    """Account managers, each with how many clients they have today."""

    clients: dict[int, int] = {}

    def label_from_instance(self, person: User) -> str:
        count = self.clients.get(person.pk, 0)
        said = ngettext("%(name)s, %(count)s client", "%(name)s, %(count)s clients", count)
        return said % {"name": person.name, "count": saying.number(count)}


class HandOverBookForm(PanelForm):
    """A whole book to one account manager, or to several in equal parts."""

    to = _Takers(
        label=_("To"), queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple, required=False
    )
    by = forms.ChoiceField(
        label=_("If there are several, in equal parts"),
        choices=[
            (BY_NAME, _("by name: each takes a stretch of the alphabet")),
            (BY_TIER, _("by tier: each takes as many of every tier")),
        ],
        initial=BY_NAME,
        widget=forms.RadioSelect,
    )
    actions_to = forms.ModelChoiceField(
        label=_("Actions that are theirs by name go to"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("whoever holds the client’s book"),
    )
    reason = forms.CharField(label=_("Why the book changes hands"), max_length=300)

    def __init__(self, *args, user: User, owner: User, clients: dict[int, int], named: int, **kwargs):
        super().__init__(*args, **kwargs)
        people = account_managers(user).exclude(pk=owner.pk)
        self.fields["to"].clients = clients
        self.fields["to"].queryset = people
        self.fields["actions_to"].queryset = people
        if not named:
            del self.fields["actions_to"]
