"""What became of a maturity, why money moved, and news of the market."""

from datetime import timedelta
from decimal import Decimal

from crispy_forms.layout import Div, Field
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.forms import PanelForm, day_input
from interactions.forms.opportunities import ProductField
from portfolio.maturing import Part
from portfolio.models import MaturityCase, MaturityPart, MovementReason, Product
from portfolio.offer import NOT_SOLD, on_sale

Outcome = MaturityPart.Outcome


def _amount(label: str) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=18, decimal_places=2)


class MaturityForm(PanelForm):
    """The parts of the principal; what is left empty is nothing."""

    error_names = {"parts": "renewed", "product": "moved_into"}

    renewed = _amount(_("Renewed"))
    moved = _amount(_("Moved"))
    moved_into = ProductField(label=_("into which product"), queryset=None, required=False)
    suitability_reason = forms.CharField(label=_("Why it suits all the same"), required=False, max_length=300)
    withdrawn = _amount(_("Withdrawn"))
    lost = _amount(_("Lost to another bank"))
    brought_amount = _amount(_("Brought from elsewhere"))
    brought_from = forms.CharField(label=_("from which bank"), required=False, max_length=120)
    note = forms.CharField(label=_("Note"), required=False, max_length=300)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args, case: MaturityCase, **kwargs):
        super().__init__(*args, **kwargs)
        self.case = case
        today = case.client.branch.today()
        product = self.fields["moved_into"]
        # What was sold on the day of the money, whenever it is written down, and what stands written down.
        then, known = case.broken_on or case.effective_on, case.parts.values("product")
        sold = on_sale(today) | on_sale(then) | Product.objects.filter(pk__in=known)
        product.queryset, product.client, product.today = sold, case.client, today
        self.fields["renewed"].widget.attrs["autofocus"] = True
        if not (self.data if self.is_bound else self.initial).get("suitability_reason"):
            self.fields["suitability_reason"].widget = forms.HiddenInput()  # asked for where one is needed
        self.lay_out(
            "renewed",
            Div(
                Field("moved", wrapper_class="col-5"),
                Field("moved_into", wrapper_class="col-7"),
                css_class="row",
            ),
            "suitability_reason",
            Div(
                Field("withdrawn", wrapper_class="col-6"),
                Field("lost", wrapper_class="col-6"),
                css_class="row",
            ),
            Div(
                Field("brought_amount", wrapper_class="col-6"),
                Field("brought_from", wrapper_class="col-6"),
                css_class="row",
            ),
            "note",
            "seen",
        )

    def add_service_errors(self, error: ValidationError) -> None:
        super().add_service_errors(error)
        if "suitability_reason" in self.errors:
            self.fields["suitability_reason"].widget = forms.TextInput(attrs={"maxlength": 300})

    @staticmethod
    def initial_of(case: MaturityCase) -> dict:
        """What was written down; of a case nobody settled, that all of it was renewed."""
        found: dict = {"note": case.note, "brought_from": case.brought_from, "seen": case.mark}
        if case.brought_amount:
            found["brought_amount"] = case.brought_amount
        if case.settled_at is None:
            return found | ({} if case.broken_on else {"renewed": case.principal})
        for part in case.parts.all():
            found[part.outcome] = found.get(part.outcome, Decimal(0)) + part.amount
            if part.outcome == Outcome.MOVED:
                found |= {"moved_into": part.product_id, "suitability_reason": part.suitability_reason}
        return found

    def clean_brought_amount(self) -> Decimal:
        return self.cleaned_data["brought_amount"] or Decimal(0)

    @property
    def parts(self) -> list[Part]:
        """The parts as the service takes them."""
        data = self.cleaned_data
        return [
            Part(
                outcome,
                data[outcome],
                data["moved_into"] if outcome == Outcome.MOVED else None,
                data["suitability_reason"] if outcome == Outcome.MOVED else "",
            )
            for outcome in Outcome.values
            if data.get(outcome)
        ]


class MovementReasonForm(PanelForm):
    reason = forms.ChoiceField(label=_("Why"), choices=MovementReason.Reason.choices)
    competitor = forms.CharField(label=_("Other bank"), required=False, max_length=120)
    note = forms.CharField(label=_("Note"), required=False, max_length=300)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget.attrs["autofocus"] = True
        self.lay_out("reason", "competitor", "note")


def markable() -> QuerySet[Product]:
    """Products that somebody holds or bought, but for accounts, cards and loans."""
    return (
        Product.objects.exclude(kind__in=NOT_SOLD)
        .filter(Q(holdings__status="open") | Q(purchases__isnull=False))
        .distinct()
    )


class MarketEventForm(PanelForm):
    title = forms.CharField(
        label=_("The event"), max_length=150, widget=forms.TextInput(attrs={"autofocus": True})
    )
    why = forms.CharField(
        label=_("What to tell the clients"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )
    products = forms.ModelMultipleChoiceField(label=_("Products"), queryset=Product.objects.none())
    until = forms.DateField(label=_("Call until"), widget=day_input())

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["products"].queryset = markable()
        self.fields["products"].widget.attrs["size"] = 10
        self.initial.setdefault("until", today + timedelta(days=7))
        self.lay_out("title", "why", "products", "until")
