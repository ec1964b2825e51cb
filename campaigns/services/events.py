"""Events: planned in every language, prepared, called off; what was asked there and answered."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import (
    Arm,
    Campaign,
    Event,
    EventQuestion,
    EventWords,
    Invitation,
    LectureSeries,
    Preparation,
    Target,
)
from campaigns.querysets import PLANNERS
from campaigns.services.invitations import (
    follow_change,
    held,
    local_day,
    move_up,
    room_taken,
    standing,
    stop_asking,
    tell_all_asked,
)
from clients.models import Theme
from clients.services.ground import clean, required
from messaging.services import notify
from staff.models import Branch, Role, User

MAY_PREPARE = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.FRONT_DESK, Role.HEAD_OFFICE)
MOST_ROOM = 100_000
MOST_COMPANIONS = 20
LONGEST = {"title": 120, "place": 200, "programme": 4000}


def hosts_for(user: User) -> QuerySet[Branch]:
    """The branches in whose name a person may plan: a supervisor's own and those below, head office's all."""
    if not user.is_active or user.role not in PLANNERS:
        return Branch.objects.none()
    if user.role == Role.HEAD_OFFICE:
        return Branch.objects.all()
    return Branch.objects.below(user.branch_id) if user.branch_id else Branch.objects.none()


@transaction.atomic
def plan_event(
    *,
    actor: User,
    branch: Branch,
    theme: Theme,
    starts_at: datetime,
    ends_at: datetime,
    answer_until: datetime,
    capacity: int | None,
    companions_most: int,
    language: str,
    words: Mapping[str, Mapping[str, str]],
    campaign: Campaign | None = None,
    series: LectureSeries | None = None,
    event: Event | None = None,
) -> Event:
    """Plan an event, or change one (`event`). `words` are title, place and programme by language.

    Rule: the words of its own language are there; another language is whole or absent. It begins in the future, and
    answers are taken until its end at the latest. There is never less room than guests who are coming.
    Whoever is invited already to an event that joins a campaign is one of the clients whom the campaign contacts.
    Effects: more room lets those who wait move up; open actions to invite follow its title and day; at another time or
    place, there is an action to tell every client who wishes to come, or was asked and has not answered.
    Visibility: supervisors for their branches, head office for all; changed by whoever may (`editable_by`).
    Raises: ValidationError by field, of words as `title_<language>`; PermissionDenied.
    """
    if not hosts_for(actor).exists():
        raise PermissionDenied
    row = _changing(actor, event) if event is not None else Event(planned_by=actor)
    before = _when_and_where(row)
    if not hosts_for(actor).filter(pk=branch.pk).exists() and row.branch_id != branch.pk:
        raise ValidationError({"branch": _("Choose a branch of yours.")})
    if campaign is not None and not _campaigns_for(actor, row).filter(pk=campaign.pk).exists():
        raise ValidationError({"campaign": _("Choose a campaign that is planned or running.")})
    _check_guests(row, campaign)
    _check_times(row, starts_at, ends_at, answer_until)
    _check_room(row, capacity, companions_most)
    said = _checked_words(language, words)
    row.branch, row.theme, row.campaign, row.series = branch, theme, campaign, series
    row.starts_at, row.ends_at, row.answer_until = starts_at, ends_at, answer_until
    row.capacity, row.companions_most, row.language = capacity, companions_most, language
    row.save()
    for code in dict(settings.LANGUAGES):
        if code in said:
            EventWords.objects.update_or_create(event=row, language=code, defaults=said[code])
    row.wordings.exclude(language__in=said).delete()
    row = Event.objects.select_related("branch", "theme").get(pk=row.pk)
    if event is not None:
        follow_change(row)
        move_up(row)
        if _has_changed(before, _when_and_where(row)):
            tell_all_asked(row, "moved")
    return row


def _when_and_where(event: Event) -> dict[str, Any]:
    """What a client has to know to come: begin, end, and the place by language."""
    places = event.wordings.values_list("language", "place") if event.pk else ()
    return {"starts_at": event.starts_at, "ends_at": event.ends_at} | dict(places)


def _has_changed(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether anything said before is said differently; a language more or less changes nothing."""
    return any(before[part] != after[part] for part in before.keys() & after.keys())


def _changing(actor: User, event: Event) -> Event:
    """The event, locked, if it may still be changed. Raises: ValidationError; PermissionDenied."""
    if not Event.objects.editable_by(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    row = held(event)
    if row.cancelled_at is not None:
        raise ValidationError(_("This event was called off."))
    if row.closed_at is not None:
        raise ValidationError(_("This event is over."))
    return row


def _campaigns_for(actor: User, event: Event) -> QuerySet[Campaign]:
    """Campaigns that an event may belong to: seen by the person and not ended, and the one it has already."""
    seen = Campaign.objects.visible_to(actor).exclude(state__in=("ended", "dropped"))
    return seen | Campaign.objects.filter(pk=event.campaign_id) if event.campaign_id else seen


def _check_guests(event: Event, campaign: Campaign | None) -> None:
    """Nobody whom a campaign leaves alone, or does not know, stands invited by it. Raises: ValidationError."""
    if event.pk is None or campaign is None or campaign.pk == event.campaign_id:
        return
    contacted = Target.objects.filter(campaign=campaign, arm=Arm.TREATMENT)
    guests = standing(Invitation.objects.filter(event=event, is_walk_in=False))
    if others := guests.exclude(client__in=contacted.values("client")).count():
        said = ngettext(
            "%(count)s client is invited whom this campaign does not contact.",
            "%(count)s clients are invited whom this campaign does not contact.",
            others,
        )
        raise ValidationError({"campaign": said % {"count": others}})


def _check_times(event: Event, starts_at: datetime, ends_at: datetime, answer_until: datetime) -> None:
    if starts_at <= timezone.now() and starts_at != event.starts_at:
        raise ValidationError({"starts_at": _("Choose a time that is to come.")})
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("It ends after it begins.")})
    if answer_until > ends_at:
        raise ValidationError({"answer_until": _("Answers are taken until its end at the latest.")})


def _check_room(event: Event, capacity: int | None, companions_most: int) -> None:
    if capacity is not None and not 1 <= capacity <= MOST_ROOM:
        raise ValidationError({"capacity": _("Write how many have room, or leave it empty for no limit.")})
    if not 0 <= companions_most <= MOST_COMPANIONS:
        raise ValidationError({"companions_most": _("At most %(most)s.") % {"most": MOST_COMPANIONS}})
    if capacity is not None and event.pk is not None and (taken := room_taken(event)) > capacity:
        raise ValidationError({"capacity": _("%(count)s are coming already.") % {"count": taken}})


def _checked_words(language: str, words: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Clean words by language. Raises: ValidationError on `language`, or on a part with its language."""
    known = dict(settings.LANGUAGES)
    if language not in known:
        raise ValidationError({"language": _("Choose a language.")})
    if unknown := set(words) - set(known):
        raise ValidationError({"words": _("Not a language: %(code)s") % {"code": sorted(unknown)[0]}})
    said: dict[str, dict[str, str]] = {}
    wrong: dict[str, list[ValidationError]] = {}
    for code in known:
        parts = words.get(code, {})
        if code != language and not any(parts.get(part, "").strip() for part in LONGEST):
            continue
        try:
            said[code] = _words_of(code, parts)
        except ValidationError as error:
            wrong |= error.error_dict
    if wrong:
        raise ValidationError(wrong)
    return said


def _words_of(code: str, parts: Mapping[str, str]) -> dict[str, str]:
    programme = parts.get("programme", "").replace("\r\n", "\n").strip()
    field = f"programme_{code}"
    clean({field: programme})
    if len(programme) > LONGEST["programme"]:
        most = {"most": LONGEST["programme"]}
        raise ValidationError({field: _("This is too long: at most %(most)s characters.") % most})
    return {
        "title": required(
            f"title_{code}", parts.get("title", ""), _("Write a title."), most=LONGEST["title"]
        ),
        "place": required(
            f"place_{code}", parts.get("place", ""), _("Write where it takes place."), most=LONGEST["place"]
        ),
        "programme": programme,
    }


@transaction.atomic
def cancel_event(*, actor: User, event: Event, reason: str) -> Event:
    """Call an event off. A second call changes nothing.

    Effects: nobody is invited any more; for every client who wanted to come, or was asked and has not
    answered, there is an action to tell them.
    Raises: ValidationError on `reason`, or where the event is over; PermissionDenied.
    """
    if not Event.objects.editable_by(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    row = held(event)
    if row.cancelled_at is not None:
        return row
    if row.closed_at is not None or row.ends_at <= timezone.now():
        raise ValidationError(_("This event is over."))
    row.cancelled_reason = required("reason", reason, _("Write why it is called off."), most=300)
    row.cancelled_at = timezone.now()
    row.save(update_fields=["cancelled_at", "cancelled_reason"])
    stop_asking(row, _("The event was called off."))
    tell_all_asked(row, "off")
    return row


def series_named(*, actor: User, name: str) -> LectureSeries | None:
    """The lecture series of a name, made where there is none yet; None without a name.

    Visibility: whoever plans events. Raises: ValidationError on `series`; PermissionDenied.
    """
    if not hosts_for(actor).exists():
        raise PermissionDenied
    name = clean({"series": name})["series"]
    if not name:
        return None
    name = required("series", name, "", most=120)
    return LectureSeries.objects.get_or_create(name=name, defaults={"planned_by": actor})[0]


# -- the checklist ---------------------------------------------------------------------------------


def preparers_for(event: Event) -> QuerySet[User]:
    """Who can be asked to prepare something: people of the host, of the branches below it and of those above."""
    below = Branch.objects.below(event.branch_id).values("pk")
    near = User.objects.active().filter(role__in=MAY_PREPARE)
    return near.filter(branch__in=below) | near.filter(branch__in=event.branch.path)


@transaction.atomic
def add_preparation(
    *, actor: User, event: Event, kind: str, what: str, owner: User, due_on: date
) -> Preparation:
    """Put one line on the checklist: who brings what by when; they are told.

    Visibility: whoever may change the event. Raises: ValidationError by field; PermissionDenied.
    """
    row = _changing(actor, event)
    if kind not in Preparation.Kind.values:
        raise ValidationError({"kind": _("Choose what kind of thing it is.")})
    what = required("what", what, _("Write what is to be prepared."), most=200)
    if not preparers_for(row).filter(pk=owner.pk).exists():
        raise ValidationError({"owner": _("Choose somebody near the host branch.")})
    if due_on < row.branch.today():
        raise ValidationError({"due_on": _("Choose today or a later day.")})
    if due_on > local_day(row):
        raise ValidationError({"due_on": _("Choose a day before the event, or its own.")})
    if owner != actor:
        notify(
            user=owner,
            kind="preparation",
            subject=f"event/{row.pk}",
            url=reverse("event-detail", args=[row.pk]),
        )
    return Preparation.objects.create(event=row, kind=kind, what=what, owner=owner, due_on=due_on)


@transaction.atomic
def tick_preparation(*, actor: User, preparation: Preparation, is_done: bool = True) -> Preparation:
    """Mark a line as done, or take the tick back. A second call changes nothing.

    Visibility: whoever the line is for, and whoever may change the event. Raises: PermissionDenied.
    """
    _may_tick(actor, preparation)
    row = Preparation.objects.select_for_update(of=("self",)).get(pk=preparation.pk)
    if is_done == (row.done_at is not None):
        return row
    row.done_at, row.done_by = (timezone.now(), actor) if is_done else (None, None)
    row.save(update_fields=["done_at", "done_by"])
    return row


def _may_tick(actor: User, preparation: Preparation) -> None:
    lines = Preparation.objects.filter(pk=preparation.pk)
    is_theirs = actor.is_active and lines.visible_to(actor).filter(owner=actor).exists()
    if not is_theirs and not lines.editable_by(actor).exists():
        raise PermissionDenied


@transaction.atomic
def drop_preparation(*, actor: User, preparation: Preparation) -> None:
    """Take a line off the checklist; history keeps it. Raises: PermissionDenied."""
    if not Preparation.objects.editable_by(actor).filter(pk=preparation.pk).exists():
        raise PermissionDenied
    Preparation.objects.filter(pk=preparation.pk).delete()


# -- questions -------------------------------------------------------------------------------------


@transaction.atomic
def note_question(
    *, actor: User, event: Event, text: str, invitation: Invitation | None = None, reply: str = ""
) -> EventQuestion:
    """Write down what was asked at an event, by whom where that is known, and what was answered at once.

    Visibility: whoever sees the event, and works with the client who asked.
    Raises: ValidationError by field; PermissionDenied.
    """
    if not Event.objects.visible_to(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    if invitation is not None:
        mine = Invitation.objects.worked_by(actor).filter(pk=invitation.pk, event=event.pk)
        if not mine.exists():
            raise ValidationError({"invitation": _("Choose a guest of this event.")})
    text, reply = _long("text", text, 2000), _long("reply", reply, 4000)
    if not text:
        raise ValidationError({"text": _("Write what was asked.")})
    found: dict[str, Any] = {"reply": reply, "replied_by": actor if reply else None}
    return EventQuestion.objects.create(
        event=event, invitation=invitation, text=text, noted_by=actor, **found
    )


@transaction.atomic
def reply_question(*, actor: User, question: EventQuestion, reply: str) -> EventQuestion:
    """Write down what was answered to a question, or correct it; the last one who did stands beside it.

    Visibility: whoever sees the event, but for the front desk. Raises: ValidationError on `reply`; PermissionDenied.
    """
    seen = EventQuestion.objects.visible_to(actor).filter(pk=question.pk)
    if actor.role == Role.FRONT_DESK or not seen.exists():
        raise PermissionDenied
    row = EventQuestion.objects.select_for_update(of=("self",)).get(pk=question.pk)
    reply = _long("reply", reply, 4000)
    if not reply:
        raise ValidationError({"reply": _("Write what was answered.")})
    if row.reply != reply:
        row.reply, row.replied_by = reply, actor
        row.save(update_fields=["reply", "replied_by"])
    return row


def _long(field: str, text: str, most: int) -> str:
    text = text.replace("\r\n", "\n").strip()
    clean({field: text})
    if len(text) > most:
        raise ValidationError({field: _("This is too long: at most %(most)s characters.") % {"most": most}})
    return text
