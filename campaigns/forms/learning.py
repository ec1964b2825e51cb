"""An article or a case, whom it is sent to, and a series of lectures."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Piece, Segment
from campaigns.services import members
from campaigns.services.learning import LONGEST
from clients.models import Client
from clients.querysets import ClientQuerySet
from common.forms import PanelForm
from common.text import is_id
from staff.models import User

MOST_CHOICES = 200


class PieceForm(PanelForm):
    """Kind, own language, and title and text in each language; what is empty is not written in that language."""

    kind = forms.ChoiceField(label=_("What"), choices=Piece.Kind.choices)
    language = forms.ChoiceField(label=_("Written in"), choices=settings.LANGUAGES)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            named = {"language": name}
            self.fields[f"title_{code}"] = forms.CharField(
                label=_now("Title, %(language)s") % named, max_length=150, required=False
            )
            self.fields[f"body_{code}"] = forms.CharField(
                label=_now("Text, %(language)s") % named,
                max_length=LONGEST,
                required=False,
                widget=forms.Textarea(attrs={"rows": 12}),
            )
        self.lay_out(*self.fields)

    @staticmethod
    def initial_of(piece: Piece | None, language: str) -> dict[str, str]:
        if piece is None:
            return {"language": language}
        found = {"kind": piece.kind, "language": piece.language}
        for row in piece.wordings.all():
            found |= {f"title_{row.language}": row.title, f"body_{row.language}": row.body}
        return found

    def words(self) -> dict[str, dict[str, str]]:
        data = self.cleaned_data
        return {
            code: {"title": data[f"title_{code}"], "body": data[f"body_{code}"]}
            for code, _name in settings.LANGUAGES
        }


class AudienceForm(PanelForm):
    """All one works with, a segment, or the clients of a campaign who are contacted."""

    audience = forms.ChoiceField(label=_("To whom"))

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        segments = Segment.objects.visible_to(user).order_by("name", "pk")[:MOST_CHOICES]
        campaigns = Campaign.objects.visible_to(user).launched().order_by("-starts_on", "-pk")[:MOST_CHOICES]
        self.fields["audience"].choices = [
            ("all", _("All clients in your sight")),
            (_("Segments"), [(f"segment/{row.pk}", row.name) for row in segments]),
            (_("Campaigns"), [(f"campaign/{row.pk}", row.name) for row in campaigns]),
        ]

    def clients(self) -> ClientQuerySet:
        """The clients that were chosen, of those the person works with."""
        what, _sign, key = self.cleaned_data["audience"].partition("/")
        mine = Client.objects.worked_by(self.user)
        if what == "segment" and is_id(key):
            return members(Segment.objects.visible_to(self.user).get(pk=key).current, self.user)
        if what == "campaign" and is_id(key):
            return mine.filter(targets__campaign=key, targets__arm="treatment")
        return mine


class SeriesForm(PanelForm):
    name = forms.CharField(
        label=_("Name of the series"), max_length=120, widget=forms.TextInput(attrs={"autofocus": True})
    )
    about = forms.CharField(
        label=_("What it is about"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.lay_out("name", "about")
