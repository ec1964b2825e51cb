"""Log a contact, correct it, take it out of the counts."""

import uuid
from datetime import timedelta

from babel.numbers import get_territory_currencies
from crispy_forms.layout import HTML, Field
from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, FactType, Theme
from clients.services import Learnt
from common.forms import PanelForm, day_input
from interactions.forms.following import noted_from
from interactions.limits import crossed_limit
from interactions.models import Action, Advice, Contact
from interactions.services import Advised, Interest, NextStep, Noted
from interactions.services.promises import LENGTH
from portfolio.models import Product
from portfolio.offer import NOT_SOLD, on_sale
from portfolio.suitability import suitability

LEARNT_LINES = 3


def currency_of(client: Client) -> str:
    """The currency of the client's branch's country, to begin with."""
    found = get_territory_currencies(client.branch.country) if client.branch.country else []
    return found[-1] if found else settings.REPORTING_CURRENCY


class ContactForm(PanelForm):
    """Log a contact: contact, note and next action in one go, in the order of speaking."""

    error_names = {
        "due_on": "next_on",
        "due_at": "next_at",
        "about": "next_about",
        "duration_seconds": "minutes",
        "text": "promise",
        "value": "learnt_0",
        "amount": "interest_amount",
        "currency": "interest_currency",
        "kind": "interest",
    }

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    result = forms.ChoiceField(label=_("Result"), choices=Contact.Result.choices, initial="reached")
    note = forms.CharField(
        label=_("What was said"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
    repeat_reason = forms.CharField(label=_("Why it is said again"), required=False, max_length=300)
    interest = forms.ChoiceField(label=_("Interest"), required=False)
    interest_amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        min_value=0,
        max_digits=16,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"placeholder": _("Amount")}),
    )
    interest_currency = forms.RegexField(
        label=_("Currency"),
        regex="^[A-Za-z]{3}$",
        required=False,
        max_length=3,
        error_messages={"invalid": _("Write three letters, like EUR.")},
    )
    promise = forms.CharField(
        label=_("Promise"),
        required=False,
        max_length=LENGTH,
        widget=forms.TextInput(
            attrs={
                "placeholder": _("“Deposit falls due end of August”"),
                "autocomplete": "off",
                "hx-get": reverse_lazy("promise-read"),
                "hx-trigger": "input changed delay:350ms",
                "hx-target": "#promise-read",
                "hx-swap": "outerHTML",
            }
        ),
    )
    promise_on = forms.DateField(label=_("Promise, by"), required=False, widget=day_input())
    next_about = forms.CharField(
        label=_("Next"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": _("What to do next"), "autocomplete": "off"}),
    )
    next_on = forms.DateField(label=_("Next, on"), required=False, widget=day_input())
    next_at = forms.TimeField(
        label=_("Next, at"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    next_channel = forms.ChoiceField(label=_("Next, by"), required=False, choices=Channel.choices)
    effect = forms.ChoiceField(
        label=_("The relationship is now"),
        required=False,
        choices=Contact.Effect.choices,
        initial="unchanged",
    )
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.none(), required=False)
    direction = forms.ChoiceField(label=_("Direction"), choices=Contact.Direction.choices, initial="out")
    occurred_at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=0, max_value=1440)
    participants = forms.CharField(label=_("With"), required=False, max_length=200)
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    advice = forms.ChoiceField(
        label=_("Advice"), required=False, choices=[("", _("None yet")), *Advice.Advised.choices]
    )
    decision = forms.ChoiceField(
        label=_("Decision"),
        required=False,
        choices=[("", _("None yet")), *Advice.Decision.choices],
    )

    def __init__(self, *args, client: Client, action: Action | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.client = client
        self.today = client.branch.today()
        self.crossed = crossed_limit(action, self.today) if action else None
        if self.crossed is None:
            del self.fields["advice"], self.fields["decision"]
        self.fields["theme"].queryset = Theme.objects.all()
        self._add_learnt()
        self._add_interest()
        if not self.is_bound:
            self.initial.setdefault("submission", uuid.uuid4())
        self.lay_out(
            Field("channel", template="interactions/fields/channel.html"),
            Field("result", template="interactions/fields/result.html"),
            Field("note", template="interactions/fields/note.html"),
            HTML("{% include 'interactions/fields/advice.html' %}"),
            HTML("{% include 'interactions/fields/heard.html' %}"),
            Field("effect", template="interactions/fields/effect.html"),
            HTML("{% include 'interactions/fields/rest.html' %}"),
            "submission",
        )

    def clean(self):
        cleaned = super().clean()
        for line in range(LEARNT_LINES):
            wanted = cleaned.get(f"learnt_type_{line}") or "need"
            if cleaned.get(f"learnt_{line}") and wanted not in self.fact_types:
                self.add_error(f"learnt_type_{line}", _("Choose from the list what it adds to."))
        if cleaned.get("promise") and "promise_on" not in self.errors and self.promised() is None:
            self.add_error(
                "promise_on",
                _("No day is named that we know. Choose one, or write “in September” or “by Friday”."),
            )
        if cleaned.get("advice") and not cleaned.get("decision"):
            self.add_error(
                "decision", _("Choose what the client decided; “thinks it over” is an answer too.")
            )
        if cleaned.get("decision") and not cleaned.get("advice"):
            self.add_error("advice", _("Choose what you advised."))
        if cleaned.get("interest_amount") is not None and not cleaned.get("interest"):
            self.add_error("interest", _("Choose what the amount is for."))
        if (
            cleaned.get("interest")
            and "interest_amount" not in self.errors
            and cleaned["interest_amount"] == 0
        ):
            self.add_error("interest_amount", _("Write an amount above zero, or none."))
        if cleaned.get("next_about") and not cleaned.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("Choose the day of the next step."))
        if cleaned.get("next_at") and not cleaned.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("Choose the day of the next step."))
        return cleaned

    # -- what was heard: facts, an interest, a promise ---------------------------------------------

    def _add_learnt(self) -> None:
        """Lines for facts, each with the type it adds to. The catalogue is read only where it is needed."""
        for line in range(LEARNT_LINES):
            self.fields[f"learnt_{line}"] = forms.CharField(
                label=_("Learnt"),
                required=False,
                max_length=500,
                widget=forms.TextInput(
                    attrs={"placeholder": _("What you now know of the client"), "autocomplete": "off"}
                ),
            )
            self.fields[f"learnt_type_{line}"] = forms.CharField(
                label=_("Adds to"),
                required=False,
                initial="need",
                widget=forms.Select(choices=self._fact_choices),
            )

    @cached_property
    def fact_types(self) -> dict[str, FactType]:
        return {kind.code: kind for kind in FactType.objects.all() if kind.lives_in == FactType.Lives.FACT}

    def _fact_choices(self) -> list[tuple[str, str]]:
        return [(code, str(kind)) for code, kind in self.fact_types.items()]

    @property
    def learnt_lines(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"learnt_{line}"], self[f"learnt_type_{line}"]) for line in range(LEARNT_LINES)]

    def _add_interest(self) -> None:
        self.fields["interest"].choices = self._interest_choices
        self.initial.setdefault("interest_currency", currency_of(self.client))

    @cached_property
    def products(self) -> dict[str, Product]:
        return {product.code: product for product in on_sale(self.today)}

    def _interest_choices(self) -> list:
        """Products on sale and, for who is not that far, kinds of products."""
        kinds = [(f"kind/{code}", label) for code, label in Product.Kind.choices if code not in NOT_SOLD]
        products = [
            (
                f"product/{product.code}",
                product.name
                if suitability(self.client, product, today=self.today).fits
                else _("%(product)s (not suitable: risk %(level)s)")
                % {"product": product.name, "level": product.risk_level},
            )
            for product in self.products.values()
        ]
        return [("", _("None voiced")), (_("Kinds"), kinds), (_("Products"), products)]

    def learnt(self) -> list[Learnt]:
        """The facts of the filled lines."""
        data = self.cleaned_data
        return [
            Learnt(self.fact_types[data[f"learnt_type_{line}"] or "need"], data[f"learnt_{line}"])
            for line in range(LEARNT_LINES)
            if data[f"learnt_{line}"]
        ]

    def voiced(self) -> Interest | None:
        """The interest voiced; its next step is that of the contact, or a look after some days."""
        data = self.cleaned_data
        if not data["interest"]:
            return None
        kind, _slash, code = data["interest"].partition("/")
        product = self.products.get(code) if kind == "product" else None
        return Interest(
            product=product,
            kind=product.kind if product else code,
            amount=data["interest_amount"],
            currency=data["interest_currency"].upper() if data["interest_amount"] is not None else "",
            next_step=data["next_about"],
            next_on=data["next_on"] or self.today + timedelta(days=settings.FOLLOW_UP_DAYS),
            next_at=data["next_at"],
            channel=data["next_channel"] or "call",
        )

    def promised(self) -> Noted | None:
        data = self.cleaned_data
        return noted_from(data["promise"], data["promise_on"], self.today) if data["promise"] else None

    def advised(self) -> Advised | None:
        """Advice on a crossed limit; without any the duty stands."""
        data = self.cleaned_data
        return Advised(data["advice"], data["decision"]) if data.get("advice") else None

    def contact_fields(self) -> dict:
        """What the contact itself takes, as the services name it."""
        data = self.cleaned_data
        return {
            "channel": data["channel"],
            "result": data["result"],
            "direction": data["direction"],
            "theme": data["theme"],
            "effect": data["effect"],
            "participants": data["participants"],
            "duration_seconds": None if data["minutes"] is None else data["minutes"] * 60,
        }

    def next_step(self) -> NextStep | None:
        """The next action; where an interest was voiced it is the interest's own next step."""
        data = self.cleaned_data
        if not data["next_on"] or data["interest"]:
            return None
        return NextStep(
            channel=data["next_channel"] or "call",
            due_on=data["next_on"],
            due_at=data["next_at"],
            about=data["next_about"],
        )


class ContactChangeForm(ContactForm):
    """Correct a contact; after 24 hours a reason is needed."""

    reason = forms.CharField(label=_("Why it is changed"), required=False, max_length=300)

    def __init__(self, *args, contact: Contact, **kwargs):
        super().__init__(*args, client=contact.client, **kwargs)
        for name in list(self.fields):
            if name.startswith(("next_", "learnt_", "interest", "promise")) or name == "submission":
                del self.fields[name]
        self.fields["reason"].required = not contact.changes_freely()
        layout = [
            Field("channel", template="interactions/fields/channel.html"),
            Field("result", template="interactions/fields/result.html"),
            Field("note", template="interactions/fields/note.html"),
            Field("effect", template="interactions/fields/effect.html"),
            HTML("{% include 'interactions/fields/rest.html' %}"),
        ]
        if self.fields["reason"].required:
            layout.insert(3, Field("reason"))
        self.lay_out(*layout)

    def clean(self):
        return PanelForm.clean(self)


class VoidForm(PanelForm):
    reason = forms.CharField(label=_("Why it does not count"), max_length=300)
