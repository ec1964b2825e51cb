"""An event in its languages, its checklist, its questions; whom to invite, and what an invited client said."""

import uuid
from collections.abc import Iterator

from crispy_forms.layout import HTML, Div, Field
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.models import Answer, Arm, Campaign, Event, EventQuestion, Invitation, Preparation, Segment
from campaigns.services import members
from campaigns.services.events import LONGEST, MOST_COMPANIONS, hosts_for, preparers_for
from clients.models import Client, Theme
from clients.querysets import ClientQuerySet
from common import saying
from common.forms import PanelForm, day_input
from common.text import has_nul
from interactions.models import Contact
from interactions.querysets import WRITTEN
from staff.models import User

SEG = "clients/known/fields/seg.html"
MOMENT = "%Y-%m-%dT%H:%M"
MOMENTS = [MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


def _moment(label, **more) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(label=label, widget=widget, input_formats=MOMENTS, **more)


class EventForm(PanelForm):
    """An event. Its hours are those of the host's clock; words of further languages may be left empty."""

    branch = forms.ModelChoiceField(label=_("Host"), queryset=None, empty_label=None)
    theme = forms.ModelChoiceField(label=_("Theme"), queryset=Theme.objects.all(), empty_label=None)
    starts_at = _moment(_("Begins"), help_text=_("By the clock of the host."))
    ends_at = _moment(_("Ends"))
    answer_until = _moment(_("Answers until"))
    capacity = forms.IntegerField(
        label=_("Room for"),
        required=False,
        min_value=1,
        help_text=_("Heads, companions too. Empty: no limit."),
    )
    companions_most = forms.IntegerField(
        label=_("Companions a guest may bring"), min_value=0, max_value=MOST_COMPANIONS, initial=1
    )
    campaign = forms.ModelChoiceField(
        label=_("Campaign"), queryset=None, required=False, empty_label=_("None: an event of its own")
    )
    series = forms.CharField(label=_("Lecture series"), required=False, max_length=120)
    language = forms.ChoiceField(label=_("Its own language"), choices=settings.LANGUAGES)

    def __init__(self, *args, user: User, event: Event | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        hosts, campaigns = (
            hosts_for(user),
            Campaign.objects.visible_to(user).exclude(state__in=("ended", "dropped")),
        )
        if event is not None:
            self._read(event)
            hosts = hosts | hosts.model.objects.filter(pk=event.branch_id)
            campaigns = campaigns | Campaign.objects.filter(pk=event.campaign_id)
        else:
            spoken = get_language()
            self.initial.setdefault("language", spoken if spoken in dict(settings.LANGUAGES) else "en")
            self.initial.setdefault("branch", user.branch_id)
            self.initial.setdefault("theme", Theme.objects.filter(code="education").first())
        self.fields["branch"].queryset = hosts.distinct()
        self.fields["campaign"].queryset = campaigns.distinct().order_by("-starts_on", "name")
        for code, name in settings.LANGUAGES:
            self._add_words(code, saying.language(code) or name)
        self.fields["branch"].widget.attrs["autofocus"] = True
        self.fields["series"].widget.attrs["list"] = "all-series"
        half = {"wrapper_class": "col-12 col-md-6"}
        self.lay_out(
            Div(Field("branch", **half), Field("theme", **half), css_class="row"),
            Div(Field("starts_at", **half), Field("ends_at", **half), css_class="row"),
            Div(Field("answer_until", **half), Field("capacity", **half), css_class="row"),
            Div(Field("companions_most", **half), Field("series", **half), css_class="row"),
            Div(Field("campaign", **half), Field("language", **half), css_class="row"),
            *self._words_layout(),
        )

    def _add_words(self, code: str, name: str) -> None:
        widgets = {"programme": forms.Textarea(attrs={"rows": 5})}
        labels = {"title": _("Title"), "place": _("Place"), "programme": _("Programme")}
        for part, most in LONGEST.items():
            self.fields[f"{part}_{code}"] = forms.CharField(
                label=labels[part], required=False, max_length=most, widget=widgets.get(part), strip=True
            )
            self.fields[f"{part}_{code}"].widget.attrs |= {"lang": code}

    def _words_layout(self) -> Iterator:
        for code, name in settings.LANGUAGES:
            yield HTML(f'<h2 class="sub-head">{saying.language(code) or name}</h2>')
            yield from (f"{part}_{code}" for part in LONGEST)

    def _read(self, event: Event) -> None:
        names = ("branch", "theme", "capacity", "companions_most", "campaign", "language")
        self.initial |= {name: getattr(event, f"{name}_id", None) or getattr(event, name) for name in names}
        self.initial["series"] = event.series.name if event.series else ""
        for name in ("starts_at", "ends_at", "answer_until"):
            self.initial[name] = timezone.localtime(getattr(event, name), event.branch.zone).replace(
                tzinfo=None
            )
        for words in event.wordings.all():
            self.initial |= {f"{part}_{words.language}": getattr(words, part) for part in LONGEST}

    def clean(self):
        cleaned = super().clean()
        branch = cleaned.get("branch")
        for name in ("starts_at", "ends_at", "answer_until"):
            if branch is not None and cleaned.get(name):
                cleaned[name] = timezone.make_naive(cleaned[name]).replace(tzinfo=branch.zone)
        return cleaned

    def planned(self) -> dict:
        """What `plan_event` is asked for, but for the series, which is given by name."""
        names = ("branch", "theme", "starts_at", "ends_at", "answer_until", "capacity", "companions_most")
        words = {
            code: {part: self.cleaned_data[f"{part}_{code}"] for part in LONGEST}
            for code, _name in settings.LANGUAGES
        }
        rest = {name: self.cleaned_data[name] for name in (*names, "campaign", "language")}
        return rest | {"words": words}


class CancelForm(PanelForm):
    reason = forms.CharField(
        label=_("Why it is called off"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True})
    )


class PreparationForm(PanelForm):
    """One line of the checklist."""

    what = forms.CharField(label=_("What"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))
    kind = forms.ChoiceField(label=_("Kind"), choices=Preparation.Kind.choices)
    owner = forms.ModelChoiceField(label=_("Who"), queryset=None, empty_label=None)
    due_on = forms.DateField(label=_("By"), widget=day_input())

    def __init__(self, *args, user: User, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = preparers_for(event).order_by("name")
        self.initial.setdefault("owner", user.pk)
        self.lay_out("what", "kind", "owner", "due_on")


class QuestionForm(PanelForm):
    """What was asked, by whom where that is known, and what was answered at once."""

    error_names = {"invitation": "number"}

    text = forms.CharField(
        label=_("What was asked"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
    number = forms.IntegerField(
        label=_("Number of the guest"), required=False, min_value=1, help_text=_("Empty where nobody knows.")
    )
    reply = forms.CharField(
        label=_("What was answered"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, user: User, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        self.guests = Invitation.objects.worked_by(user).filter(event=event)
        self.lay_out("text", "number", "reply")

    def clean(self):
        cleaned = super().clean()
        number = cleaned.pop("number", None)
        cleaned["invitation"] = self.guests.filter(number=number).first() if number else None
        if number and cleaned["invitation"] is None:
            self.add_error("number", _("No guest of yours has this number."))
        return cleaned


class ReplyForm(PanelForm):
    reply = forms.CharField(
        label=_("What was answered"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True}),
    )

    def __init__(self, *args, question: EventQuestion, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("reply", question.reply)


def _shown(name: str, whom: str) -> Iterator[Div]:
    """A field that is shown while it is asked for."""
    hidden = {} if whom == name else {"hidden": True}
    yield Div(name, data_shown_by="whom", data_when=name, **hidden)


class InviteForm(PanelForm):
    """Whom to invite, and by which channel: the first one that is allowed."""

    error_names = {"channels": "first", "clients": "whom"}

    whom = forms.ChoiceField(label=_("Whom"), widget=forms.RadioSelect)
    segment = forms.ModelChoiceField(
        label=_("Segment"), queryset=None, required=False, empty_label=_("Choose one")
    )
    number = forms.CharField(label=_("Client number"), required=False, max_length=40)
    first = forms.ChoiceField(label=_("By which channel"), choices=Invitation.Way.choices)
    second = forms.ChoiceField(label=_("Else by"), required=False)
    third = forms.ChoiceField(label=_("Else by"), required=False)
    fourth = forms.ChoiceField(label=_("Else by"), required=False)
    fifth = forms.ChoiceField(label=_("Else by"), required=False)
    ORDER = ("first", "second", "third", "fourth", "fifth")

    def __init__(self, *args, user: User, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.event = user, event
        self.fields["segment"].queryset = Segment.objects.visible_to(user).order_by("name")
        choices = [("number", _("One client"))]
        if Segment.objects.visible_to(user).exists():
            choices.insert(0, ("segment", _("A segment")))
        if event.campaign_id:
            choices.insert(0, ("campaign", _("The clients of the campaign")))
        self.fields["whom"].choices = choices
        self.initial.setdefault("whom", choices[0][0])
        if event.campaign is not None:
            # In the order in which the campaign chooses.
            ways = [way for way in event.campaign.channels if way in Invitation.Way.values]
            self.initial = dict(zip(self.ORDER, ways, strict=False)) | self.initial
        for name in self.ORDER[1:]:
            self.fields[name].choices = [("", _("nothing else")), *Invitation.Way.choices]
        third = {"wrapper_class": "col-12 col-md-4"}
        whom = self.data.get("whom") or self.initial["whom"]
        if len(choices) == 1:
            self.fields["whom"].widget = forms.HiddenInput()
        else:
            self.fields["whom"].widget.attrs["data-shows"] = "whom"
        rows = [Field("whom", template=SEG) if len(choices) > 1 else "whom"]
        rows += [
            *(_shown("segment", whom) if "segment" in dict(choices) else ()),
            *_shown("number", whom),
            Div(*(Field(name, **third) for name in self.ORDER), css_class="row"),
        ]
        self.lay_out(*rows)

    def clean_number(self) -> str:
        number = self.cleaned_data["number"].strip()
        if has_nul(number):
            raise ValidationError(_("This holds a character that cannot be stored."))
        return number

    def clean(self):
        cleaned = super().clean()
        whom = cleaned.get("whom")
        if whom == "segment" and cleaned.get("segment") is None:
            self.add_error("segment", _("Choose a segment."))
        if whom == "number" and not self.errors:
            mine = Client.objects.worked_by(self.user).filter(number=cleaned.get("number"))
            if not mine.exists():
                self.add_error("number", _("No client of yours has this number."))
        return cleaned

    def channels(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.ORDER if self.cleaned_data[name]]

    def clients(self) -> ClientQuerySet:
        whom = self.cleaned_data["whom"]
        if whom == "segment":
            return members(self.cleaned_data["segment"].current, self.user)
        if whom == "campaign":
            # Whom it leaves alone is for those who plan to know.
            return Client.objects.filter(targets__campaign=self.event.campaign_id, targets__arm=Arm.TREATMENT)
        return Client.objects.filter(number=self.cleaned_data["number"])


class AnswerForm(PanelForm):
    """A try to invite and what the client said, in one go; or the answer alone."""

    error_names = {"occurred_at": "result"}

    result = forms.ChoiceField(
        label=_("Contact"),
        required=False,
        initial="reached",
        choices=[*Contact.Result.choices, ("", _("None: the answer alone"))],
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Invitation.Way.choices)
    answer = forms.ChoiceField(
        label=_("The client"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("", _("no answer yet")),
            (Answer.ACCEPTED, _("is coming")),
            (Answer.DECLINED, _("is not coming")),
        ],
    )
    companions = forms.IntegerField(label=_("Companions"), min_value=0, initial=0, required=False)
    note = forms.CharField(
        label=_("What was said"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 3})
    )
    repeat_reason = forms.CharField(label=_("Why it is said again"), required=False, max_length=300)
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, invitation: Invitation, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["result"].widget.attrs["autofocus"] = True
        self.fields["companions"].max_value = invitation.event.companions_most
        self.fields["companions"].widget.attrs["max"] = invitation.event.companions_most
        said = {"waiting": "accepted", "asked": ""}.get(invitation.answer, invitation.answer)
        self.initial |= {
            "channel": invitation.channel or "call",
            "answer": said,
            "companions": invitation.companions,
            "submission": uuid.uuid4(),
        }
        rows = ["result", "channel", Field("answer", template=SEG), "companions", "note", "submission"]
        self.lay_out(*rows)

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("result") and not cleaned.get("answer"):
            self.add_error("answer", _("Choose a contact, or what the client answered."))
        return cleaned

    def add_service_errors(self, error: ValidationError) -> None:
        if "repeat_reason" in getattr(error, "error_dict", {}):
            self.helper.layout.insert(2, Field("repeat_reason"))
        super().add_service_errors(error)

    def contact(self) -> dict | None:
        """The contact to log, None for the answer alone. What was written and answered came from the client."""
        data = self.cleaned_data
        if not data["result"]:
            return None
        came_in = data["result"] == Contact.Result.REACHED and data["channel"] in WRITTEN
        return {
            "channel": data["channel"],
            "result": data["result"],
            "direction": Contact.Direction.IN if came_in else Contact.Direction.OUT,
            "note": data["note"],
            "repeat_reason": data["repeat_reason"],
            "submission": data["submission"],
        }
