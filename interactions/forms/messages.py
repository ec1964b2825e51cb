"""A message to a client, and the bank's templates."""

from crispy_forms.layout import Field
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.forms import PanelForm
from interactions.forms.opportunities import ProductField
from interactions.models import SENT_BY, Action, MessageKind, MessageTemplate
from interactions.writing import check_gaps, invites
from portfolio.offer import on_sale

# What changes the text that the bank proposes: the form is drawn anew when one of them changes.
PROPOSES = ("kind", "channel", "language", "product")


def may_be(kind: str, action: Action | None) -> bool:
    """Whether a message that answers an action, or none, may be of a kind."""
    if kind == MessageKind.MATURITY:
        return action is not None and action.source == "maturity"
    return kind != MessageKind.INVITATION or invites(action)


class MessageForm(PanelForm):
    kind = forms.ChoiceField(label=_("What"))
    channel = forms.ChoiceField(
        label=_("Channel"), choices=[(way.value, way.label) for way in SENT_BY], widget=forms.RadioSelect
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    product = ProductField(label=_("Product"), queryset=None, required=False)
    subject = forms.CharField(label=_("Subject"), max_length=150, required=False)
    body = forms.CharField(
        label=_("Text"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 14, "autofocus": True}),
        strip=True,
    )
    suitability_reason = forms.CharField(label=_("Why it suits all the same"), required=False, max_length=300)
    repeat_reason = forms.CharField(label=_("Why again so soon"), required=False, max_length=300)
    proposed = forms.CharField(widget=forms.HiddenInput, required=False)  # which text the bank had proposed

    def __init__(
        self, *args, client: Client, action: Action | None, url: str, again: bool, redrawn: bool, **kwargs
    ):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [
            (value, label) for value, label in MessageKind.choices if may_be(value, action)
        ]
        today = client.branch.today()
        product = self.fields["product"]
        product.queryset, product.client, product.today = on_sale(today), client, today
        for name in PROPOSES:
            self.fields[name].widget.attrs |= {
                "hx-post": url,  # words about a client never stand in an address
                "hx-vals": '{"do": "redraw"}',
                "hx-trigger": "change",
                "hx-include": "closest form",
                "hx-target": "closest form",
                "hx-select": "form.log",
                "hx-swap": "outerHTML",
            }
        wanted = self.data if self.is_bound else self.initial
        if redrawn:  # focus stays on what was chosen
            del self.fields["body"].widget.attrs["autofocus"]
        hidden = []
        if wanted.get("kind") != MessageKind.OFFER:
            hidden += ["product", "suitability_reason"]
        if wanted.get("channel") == "sms":
            hidden.append("subject")
            self.fields["body"].widget.attrs |= {
                "hx-post": reverse("text-length"),
                "hx-trigger": "input changed delay:300ms",
                "hx-params": "body",
                "hx-target": "#sms-length",
                "hx-swap": "innerHTML",
                "aria-describedby": "sms-length",
            }
        if not again:
            hidden.append("repeat_reason")
        for name in hidden:
            self.fields[name].widget = forms.HiddenInput()
        self.lay_out(
            *(
                Field(name, template="clients/known/fields/seg.html") if name == "channel" else name
                for name in self.fields
            )
        )


class TemplateForm(PanelForm):
    subject = forms.CharField(label=_("Subject"), max_length=150, required=False)
    body = forms.CharField(label=_("Text"), max_length=5000, widget=forms.Textarea(attrs={"rows": 16}))

    def __init__(self, *args, template: MessageTemplate, **kwargs):
        super().__init__(*args, **kwargs)
        self.template = template
        if template.form == MessageTemplate.Form.SHORT:
            del self.fields["subject"]
        self.lay_out(*self.fields)

    def clean(self):
        cleaned = super().clean()
        for name in ("subject", "body"):
            try:
                check_gaps(self.template.kind, cleaned.get(name) or "")
            except ValidationError as error:
                self.add_error(name, error)
        return cleaned
