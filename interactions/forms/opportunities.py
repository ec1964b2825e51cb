"""Raise, change and move an opportunity."""

from datetime import timedelta

from crispy_forms.layout import Div, Field
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common import saying
from common.forms import PanelForm, day_input
from interactions.models import Opportunity, Stage
from interactions.models.opportunity import OPEN_STAGES
from interactions.services.opportunities import purchases_for
from portfolio.models import Product
from portfolio.offer import NOT_SOLD, on_sale
from portfolio.suitability import suitability


class ProductField(forms.ModelChoiceField):
    """Products on sale; what does not suit the client says so in its name."""

    client: Client | None = None
    today = None

    def label_from_instance(self, product: Product) -> str:
        if self.client is None or suitability(self.client, product, today=self.today).fits:
            return product.name
        return str(_("%(product)s (not suitable: risk %(level)s)")) % {
            "product": product.name,
            "level": product.risk_level,
        }


class OpportunityForm(PanelForm):
    product = ProductField(label=_("Product"), queryset=None, required=False)
    kind = forms.ChoiceField(label=_("or kind of product"), required=False)
    amount = forms.DecimalField(
        label=_("Amount"), required=False, min_value=0, max_digits=16, decimal_places=2
    )
    currency = forms.RegexField(
        label=_("Currency"),
        regex="^[A-Za-z]{3}$",
        required=False,
        max_length=3,
        error_messages={"invalid": _("Write three letters, like EUR.")},
    )
    stage = forms.ChoiceField(
        label=_("Stage"), choices=[(stage, Stage(stage).label) for stage in OPEN_STAGES], required=False
    )
    note = forms.CharField(label=_("In the client's words"), required=False, max_length=300)
    next_step = forms.CharField(label=_("Next step"), required=False, max_length=300)
    next_on = forms.DateField(label=_("Next step on"), widget=day_input())
    suitability_reason = forms.CharField(label=_("Why it suits all the same"), required=False, max_length=300)

    def __init__(self, *args, client: Client, opportunity: Opportunity | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        today = client.branch.today()
        product = self.fields["product"]
        product.queryset = on_sale(today)
        product.client, product.today = client, today
        if opportunity is not None and opportunity.product_id:
            product.queryset = product.queryset | Product.objects.filter(pk=opportunity.product_id)
        self.fields["kind"].choices = [("", "–")] + [
            (value, label) for value, label in Product.Kind.choices if value not in NOT_SOLD
        ]
        if opportunity is None:
            self.initial.setdefault("next_on", today + timedelta(days=settings.FOLLOW_UP_DAYS))
        else:
            del self.fields["stage"]
        self.lay_out(
            "product",
            "kind",
            Div(
                Field("amount", wrapper_class="col-8"),
                Field("currency", wrapper_class="col-4"),
                css_class="row",
            ),
            *(["stage"] if opportunity is None else []),
            "note",
            "next_step",
            "next_on",
            "suitability_reason",
        )

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"].upper()

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("product") and not cleaned.get("kind") and "product" not in self.errors:
            self.add_error("kind", _("Choose a product or a kind of product."))
        return cleaned


class MoveForm(PanelForm):
    """Enter a stage: the fields that this stage asks for."""

    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices, widget=forms.HiddenInput)
    next_step = forms.CharField(label=_("Next step"), required=False, max_length=300)
    next_on = forms.DateField(label=_("Next step on"), required=False, widget=day_input())
    suitability_reason = forms.CharField(label=_("Why it suits all the same"), required=False, max_length=300)
    lost_reason = forms.CharField(label=_("Why it was lost"), required=False, max_length=300)
    purchase = forms.ModelChoiceField(
        label=_("Won by this purchase"),
        queryset=None,
        required=False,
        empty_label=None,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args, opportunity: Opportunity, stage: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["stage"] = stage
        wanted = {
            Stage.LOST: ["stage", "lost_reason"],
            Stage.WON: ["stage", "purchase"],
            Stage.PROPOSAL: ["stage", "next_step", "next_on", "suitability_reason"],
        }.get(Stage(stage), ["stage", "next_step", "next_on"])
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
        if "next_on" in self.fields:
            today = opportunity.client.branch.today()
            coming = max(opportunity.next_on or today, today + timedelta(days=1))
            self.initial |= {"next_on": coming, "next_step": opportunity.next_step}
        if "purchase" in self.fields:
            purchases = self.fields["purchase"]
            purchases.queryset = purchases_for(opportunity)
            if not purchases.queryset.exists():
                purchases.widget = forms.HiddenInput()
            purchases.label_from_instance = lambda row: (
                _("%(product)s, %(currency)s %(amount)s, %(date)s")
                % {
                    "product": row.product.name,
                    "currency": row.currency,
                    "amount": saying.amount(row.amount),
                    "date": saying.day(row.bought_on),
                }
            )
        if "suitability_reason" in self.fields:
            product = opportunity.product
            today = opportunity.client.branch.today()
            if product is None or suitability(opportunity.client, product, today=today).fits:
                del self.fields["suitability_reason"]
