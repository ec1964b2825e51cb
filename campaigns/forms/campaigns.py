"""A campaign's plan, its costs, its call list."""

from datetime import date, timedelta
from decimal import Decimal

from crispy_forms.layout import Div, Field
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CostLine, Segment, Target
from clients.models import Channel, Theme, Tier
from common.forms import PanelForm, day_input
from interactions.forms import ContactForm
from portfolio.models import Product
from portfolio.offer import NOT_SOLD
from staff.models import Branch, User

# In the order in which each client's channel is chosen.
WAYS = [(one.value, one.label) for one in (
    Channel.CALL, Channel.VISIT, Channel.VIDEO, Channel.EMAIL, Channel.SMS, Channel.MESSENGER, Channel.LETTER
)]  # fmt: skip


class _ProductsField(forms.ModelMultipleChoiceField):
    """Products of the same name differ by their currency."""

    def label_from_instance(self, product: Product) -> str:
        return f"{product.name}, {product.currency}"


class CampaignForm(PanelForm):
    """Theme, whom, how, when, and who answers for it."""

    name = forms.CharField(
        label=_("Name of the campaign"), max_length=120, widget=forms.TextInput(attrs={"autofocus": True})
    )
    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("Stands in files and in each purchase that it brings.")
    )
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.all(), empty_label=_("Choose"))
    objective = forms.ChoiceField(label=_("Objective"), choices=Campaign.Objective.choices)
    segment = forms.ModelChoiceField(
        label=_("Whom: a segment"), queryset=Segment.objects.none(), required=False, empty_label=_("Choose")
    )
    branch = forms.ModelChoiceField(
        label=_("Of which branch"), queryset=Branch.objects.none(), required=False
    )
    products = _ProductsField(label=_("Products"), queryset=Product.objects.none(), required=False)
    method = forms.ChoiceField(label=_("How"), choices=Campaign.Method.choices)
    channels = forms.MultipleChoiceField(
        label=_("By which channels"),
        choices=WAYS,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each client by the first one that is allowed."),
    )
    frequency = forms.ChoiceField(label=_("How often"), choices=Campaign.Frequency.choices)
    starts_on = forms.DateField(label=_("From"), widget=day_input())
    ends_on = forms.DateField(label=_("Until"), widget=day_input())
    control_percent = forms.DecimalField(
        label=_("Left alone, percent"),
        min_value=0,
        max_value=50,
        decimal_places=1,
        help_text=_("By seeded draw, so that the effect can be told. Without any, none can be claimed."),
    )
    budget = forms.DecimalField(label=_("Budget"), min_value=0, max_digits=14, decimal_places=2)
    currency = forms.RegexField(
        label=_("Currency"),
        regex="^[A-Za-z]{3}$",
        max_length=3,
        error_messages={"invalid": _("Write three letters, like EUR.")},
    )
    responsible = forms.ModelMultipleChoiceField(
        label=_("Responsible"), queryset=User.objects.none(), required=False
    )
    script = forms.CharField(
        label=_("What to say"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 6})
    )
    error_names = {"control_share": "control_percent"}

    def __init__(self, *args, user: User, campaign: Campaign | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        today = user.today()
        of_all = user.role == "head_office"
        branches = Branch.objects.branches_of(user).order_by("name")
        self.fields["segment"].queryset = Segment.objects.visible_to(user).order_by("name")
        self.fields["branch"].queryset = branches
        self.fields["branch"].empty_label = _("The whole bank") if of_all else None
        self.fields["branch"].required = not of_all
        self.fields["products"].queryset = Product.objects.exclude(kind__in=NOT_SOLD).order_by("name", "code")
        self.fields["products"].widget.attrs["size"] = 7
        people = User.objects.active().filter(role__in=("account_manager", "supervisor", "head_office"))
        self.fields["responsible"].queryset = people if of_all else people.filter(branch__in=branches)
        self.fields["responsible"].widget.attrs["size"] = 5
        if campaign is not None:
            version = campaign.segment_version
            self.initial |= {
                name: getattr(campaign, name)
                for name in (
                    "name", "code", "theme", "objective", "branch", "method", "channels", "frequency",
                    "starts_on", "ends_on", "budget", "currency", "script",
                )
            }  # fmt: skip
            self.initial |= {
                "segment": version.segment_id if version else None,
                "products": campaign.products.all(),
                "responsible": campaign.responsible.all(),
                "control_percent": (campaign.control_share * 100).normalize(),
            }
        else:
            self.initial |= {
                "starts_on": today + timedelta(days=7),
                "ends_on": today + timedelta(days=37),
                "control_percent": 10,
                "budget": 0,
                "currency": settings.REPORTING_CURRENCY,
                "channels": ["call"],
                "branch": user.branch_id if not of_all else None,
                "objective": Campaign.Objective.PRODUCT,
            } | self.initial
        row = "row"
        self.lay_out(
            Div(
                Field("name", wrapper_class="col-sm-8"),
                Field("code", wrapper_class="col-sm-4"),
                css_class=row,
            ),
            Div(
                Field("theme", wrapper_class="col-sm-6"),
                Field("objective", wrapper_class="col-sm-6"),
                css_class=row,
            ),
            Div(
                Field("segment", wrapper_class="col-sm-6"),
                Field("branch", wrapper_class="col-sm-6"),
                css_class=row,
            ),
            "products",
            Div(
                Field("method", wrapper_class="col-sm-6"),
                Field("frequency", wrapper_class="col-sm-6"),
                css_class=row,
            ),
            "channels",
            Div(
                Field("starts_on", wrapper_class="col-6"),
                Field("ends_on", wrapper_class="col-6"),
                css_class=row,
            ),
            Div(
                Field("control_percent", wrapper_class="col-sm-6"),
                Field("budget", wrapper_class="col-7 col-sm-4"),
                Field("currency", wrapper_class="col-5 col-sm-2"),
                css_class=row,
            ),
            "responsible",
            "script",
        )

    def planned(self) -> dict:
        """What the service takes."""
        data = dict(self.cleaned_data)
        data["control_share"] = data.pop("control_percent") / 100
        return data


class ReasonForm(PanelForm):
    """Why: asked for where somebody else has to understand it."""

    reason = forms.CharField(
        label=_("Why"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )

    def __init__(self, *args, required: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = required
        self.lay_out("reason")


class ExtendForm(PanelForm):
    ends_on = forms.DateField(label=_("New last day"), widget=day_input(autofocus=True))

    def __init__(self, *args, ends_on: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("ends_on", ends_on + timedelta(days=14))
        self.lay_out("ends_on")


class GroupsForm(PanelForm):
    """What one client of each tier costs."""

    def __init__(self, *args, campaign: Campaign, **kwargs):
        super().__init__(*args, **kwargs)
        self.tiers = {f"tier_{tier.pk}": tier for tier in Tier.objects.all()}
        known = {group.tier_id: group.unit_cost for group in campaign.groups.all()}
        for name, tier in self.tiers.items():
            self._add(name, tier.name, known.get(tier.pk))
        self._add("others", _("Without a tier"), known.get(None))
        self.lay_out(*self.fields)

    def _add(self, name: str, label, initial: Decimal | None) -> None:
        self.fields[name] = forms.DecimalField(
            label=label, required=False, min_value=0, max_digits=12, decimal_places=2, initial=initial
        )

    def costs(self) -> dict[Tier | None, Decimal]:
        data = self.cleaned_data
        found: dict[Tier | None, Decimal] = {
            tier: data[name] for name, tier in self.tiers.items() if data[name] is not None
        }
        if data["others"] is not None:
            found[None] = data["others"]
        return found


class CostForm(PanelForm):
    what = forms.CharField(
        label=_("What for"), max_length=150, widget=forms.TextInput(attrs={"autofocus": True})
    )
    planned_amount = forms.DecimalField(
        label=_("Planned"), min_value=0, max_digits=14, decimal_places=2, initial=0
    )
    actual_amount = forms.DecimalField(
        label=_("Actual"), required=False, min_value=0, max_digits=14, decimal_places=2
    )
    tier = forms.ModelChoiceField(
        label=_("For clients of"), queryset=Tier.objects.all(), required=False, empty_label=_("all tiers")
    )

    def __init__(self, *args, line: CostLine | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if line is not None:
            names = ("what", "planned_amount", "actual_amount", "tier")
            self.initial |= {name: getattr(line, name) for name in names}
        self.lay_out(
            "what",
            Div(
                Field("planned_amount", wrapper_class="col-6"),
                Field("actual_amount", wrapper_class="col-6"),
                css_class="row",
            ),
            "tier",
        )


class MaterialForm(PanelForm):
    title = forms.CharField(
        label=_("Title"), max_length=150, widget=forms.TextInput(attrs={"autofocus": True})
    )
    text = forms.CharField(label=_("Text"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out("title", "text")


class CallForm(ContactForm):
    """The form of any contact, with what came of it for the campaign."""

    outcome = forms.ChoiceField(
        label=_("What came of it"), required=False, choices=[("", _("Not said yet")), *Target.Outcome.choices]
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout.insert(3, Field("outcome"))


class OutcomeForm(PanelForm):
    outcome = forms.ChoiceField(
        label=_("What came of it"), required=False, choices=[("", _("Not said yet")), *Target.Outcome.choices]
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out("outcome")


class ReassignForm(PanelForm):
    """Ticked clients to a colleague."""

    to = forms.ModelChoiceField(label=_("To"), queryset=User.objects.none())
    reason = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people
        self.lay_out("to", "reason")
