"""Events: place, time, room, what is to be prepared, who is invited, who comes, and what is asked."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.querysets import EventPartQuerySet, EventQuerySet
from clients.models import Client, Theme
from clients.querysets import OfClientQuerySet
from common.history import tracked
from interactions.models import Action
from staff.models import Branch


@tracked()
class LectureSeries(models.Model):
    """Lectures that belong together."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    about = models.TextField(_("what it is about"), max_length=2000, blank=True)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="lecture_series_has_a_name")]

    def __str__(self) -> str:
        return self.name


@tracked()
class Event(models.Model):
    """One evening, weekend or lecture. Its words stand in `EventWords`, one set a language.

    `branch` is the host: its clock tells the hours. `capacity` counts heads, companions included; empty: no limit.
    Answers are taken until `answer_until`; then the links of the invitations have expired.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="occasions")
    series = models.ForeignKey(LectureSeries, models.PROTECT, null=True, blank=True, related_name="lectures")
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="+", verbose_name=_("theme"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="hosted", verbose_name=_("host"))
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    answer_until = models.DateTimeField(_("answers until"))
    capacity = models.PositiveIntegerField(_("room for"), null=True, blank=True)
    companions_most = models.PositiveSmallIntegerField(_("companions a guest may bring"), default=1)
    language = models.CharField(max_length=10)  # of the words that are there at least
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_reason = models.CharField(max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)  # the door: who has not come by then is a no-show

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(answer_until__lte=F("ends_at")), name="event_answers_before_its_end"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancelled_reason=""), name="event_cancelled_with_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["-starts_at", "-id"], name="event_latest")]

    def __str__(self) -> str:
        return self.title

    def words(self, language: str | None = None) -> "EventWords":
        """Title, place and programme in a language, else in the event's own. Rows come with `wordings`."""
        found = {row.language: row for row in self.wordings.all()}
        return found.get(language or get_language() or "") or found[self.language]

    @property
    def title(self) -> str:
        return self.words().title

    @property
    def is_open(self) -> bool:
        """Neither called off nor over by the door."""
        return self.cancelled_at is None and self.closed_at is None


@tracked()
class EventWords(models.Model):
    """An event in one language."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="wordings")
    language = models.CharField(max_length=10)
    title = models.CharField(_("title"), max_length=120)
    place = models.CharField(_("place"), max_length=200)
    programme = models.TextField(_("programme"), max_length=4000, blank=True)

    objects = EventPartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "language"], name="event_words_once"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(place=""), name="event_words_title_and_place"),
        ]


@tracked()
class Preparation(models.Model):
    """One line of the checklist: who brings what by when."""

    class Kind(models.TextChoices):
        MATERIAL = "material", _("Materials")
        EQUIPMENT = "equipment", _("Equipment")
        STAFF = "staff", _("Staff")
        GIFT = "gift", _("Gifts")
        PLACE = "place", _("Place")

    event = models.ForeignKey(Event, models.CASCADE, related_name="preparations")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, default=Kind.MATERIAL)
    what = models.CharField(_("what"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    due_on = models.DateField(_("by"))
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = EventPartQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="preparation_says_what")]


class Answer(models.TextChoices):
    ASKED = "asked", _("no answer yet")
    ACCEPTED = "accepted", _("coming")
    WAITING = "waiting", _("on the waiting list")
    DECLINED = "declined", _("not coming")


class Attendance(models.TextChoices):
    CAME = "came", _("came")
    NO_SHOW = "no_show", _("did not come")


@tracked(exclude=["key"])
class Invitation(models.Model):
    """A client's place at an event. Answer and attendance are two axes: who declined may come all the same.

    `number` is said at the door. `key` makes the personal link; a new one makes the old link worthless.
    `action` is what somebody has to do to invite the client; its contacts and its message are the attempts.
    """

    class Way(models.TextChoices):
        CALL = "call", _("Call")
        EMAIL = "email", _("Email")
        SMS = "sms", _("Text message")
        LETTER = "letter", _("Letter")
        VISIT = "visit", _("By hand")

    class Through(models.TextChoices):
        LINK = "link", _("by the personal link")
        STAFF = "staff", _("told to us")

    event = models.ForeignKey(Event, models.CASCADE, related_name="invitations", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="invitations")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=24)
    channel = models.CharField(max_length=10, choices=Way, blank=True)  # empty: walked in
    action = models.ForeignKey(Action, models.SET_NULL, null=True, blank=True, related_name="invitations")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=8, choices=Answer, default=Answer.ASKED)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_through = models.CharField(max_length=5, choices=Through, blank=True)
    answered_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    companions = models.PositiveSmallIntegerField(default=0)
    attendance = models.CharField(max_length=7, choices=Attendance, blank=True)
    came_at = models.DateTimeField(null=True, blank=True)
    companions_came = models.PositiveSmallIntegerField(default=0)
    checked_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    is_walk_in = models.BooleanField(default=False)
    follow_up = models.ForeignKey(Action, models.SET_NULL, null=True, blank=True, related_name="followed_ups")

    objects = OfClientQuerySet.as_manager()

    merge_rule = "keep"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "client"], name="invitation_once"),
            models.UniqueConstraint(fields=["event", "number"], name="invitation_number_once"),
            models.CheckConstraint(
                condition=Q(answer="asked") | Q(answered_at__isnull=False),
                name="invitation_answer_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(attendance="came") | Q(came_at__isnull=False), name="invitation_came_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["event", "answer", "answered_at"], name="invitation_answers")]


@tracked()
class Guest(models.Model):
    """Somebody at the door who is no client of the bank: a name, and how to reach them if they wish."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="guests")
    name = models.CharField(_("name"), max_length=150)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    brought_by = models.ForeignKey(Invitation, models.SET_NULL, null=True, blank=True, related_name="guests")
    came_at = models.DateTimeField(default=timezone.now)
    checked_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = EventPartQuerySet.as_manager()

    class Meta:
        ordering = ["came_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="guest_has_a_name")]


@tracked()
class EventQuestion(models.Model):
    """What was asked at an event, by whom where that is known, and what was answered."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="questions")
    invitation = models.ForeignKey(
        Invitation, models.SET_NULL, null=True, blank=True, related_name="questions"
    )
    text = models.TextField(_("question"), max_length=2000)
    reply = models.TextField(_("answer"), max_length=4000, blank=True)
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now)

    objects = EventPartQuerySet.as_manager()

    class Meta:
        ordering = ["noted_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="event_question_has_words")]
