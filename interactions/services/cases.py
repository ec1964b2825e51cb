"""Service cases: listen, answer, propose, check satisfaction; each step in time, until an outcome."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services.ground import may_edit, may_plan, required
from common.text import has_nul
from interactions.models import Action, CaseStep, Contact, ServiceCase
from interactions.services.promises import close_actions
from staff.models import User

Step = CaseStep.Step
ORDER = (Step.LISTENED, Step.ANSWERED, Step.PROPOSED, Step.CHECKED)
# Working hours within which each step is owed, counted from the step before (the opening first).
HOURS = {
    ServiceCase.Kind.COMPLAINT: {Step.LISTENED: 4, Step.ANSWERED: 8, Step.PROPOSED: 24},
    ServiceCase.Kind.LOSS: {Step.LISTENED: 4, Step.ANSWERED: 8, Step.PROPOSED: 16},
    ServiceCase.Kind.REQUEST: {Step.LISTENED: 8, Step.ANSWERED: 16, Step.PROPOSED: 24},
    ServiceCase.Kind.UNMET_NEED: {Step.LISTENED: 8, Step.ANSWERED: 24, Step.PROPOSED: 40},
}
THEMES = {
    ServiceCase.Kind.COMPLAINT: "complaint",
    ServiceCase.Kind.LOSS: "complaint",
    ServiceCase.Kind.REQUEST: "service",
    ServiceCase.Kind.UNMET_NEED: "service",
}


@transaction.atomic
def open_case(
    *, actor: User, client: Client, kind: str, text: str, contact: Contact | None = None
) -> ServiceCase:
    """Open a case; its first step is owed on Today within the kind's working hours.

    Heard in a reached contact, it has been listened to. Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    heard = contact is not None and contact.is_reached
    return write_case(actor=actor, client=client, kind=kind, text=text, contact=contact, heard=heard)


def write_case(
    *, actor: User, client: Client, kind: str, text: str, contact: Contact | None, heard: bool
) -> ServiceCase:
    """What `open_case` does once the right to is settled. `heard`: whoever follows it up has listened already."""
    may_plan(client)
    if kind not in ServiceCase.Kind.values:
        raise ValidationError({"kind": _("Choose a kind from the list.")})
    text = text.strip()
    if not text or has_nul(text) or len(text) > 4000:
        raise ValidationError({"text": _("Write what happened, in at most 4,000 characters.")})
    if contact is not None and (contact.client_id != client.pk or contact.is_void):
        raise ValidationError({"contact": _("Choose a contact of this client.")})
    now = timezone.now()
    case = ServiceCase(client=client, kind=kind, text=text, contact=contact, opened_by=actor, opened_at=now)
    case.due_at = _deadline(case, Step.ANSWERED if heard else Step.LISTENED, now)
    case.save()
    if heard:
        CaseStep.objects.create(case=case, step=Step.LISTENED, by=actor, at=now)
    _owe(actor, case)
    return case


def next_step(case: ServiceCase) -> str:
    """The step that is owed next, by the last one done."""
    done = case.steps.order_by("-at", "-pk").values_list("step", flat=True).first()
    if done is None:
        return ORDER[0]
    return ORDER[min(ORDER.index(done) + 1, len(ORDER) - 1)]


def _deadline(case: ServiceCase, step: str, start: datetime) -> datetime:
    """Working hours of the client's branch; satisfaction is asked after some days, on a working day."""
    branch = case.client.branch
    working = branch.working_calendar()
    if step == Step.CHECKED:
        day = timezone.localtime(start, branch.zone).date() + timedelta(days=settings.CASE_CHECK_DAYS)
        return datetime.combine(working.next_working(day), datetime.min.time(), branch.zone).replace(hour=17)
    return working.add_working_hours(start, HOURS[case.kind][step], zone=branch.zone)


def _owe(actor: User, case: ServiceCase) -> None:
    """The case's one action stands on Today until the next step is done."""
    due = timezone.localtime(case.due_at, case.client.branch.zone)
    action = case.action if case.action and case.action.is_open else None
    if action is None:
        action = Action(
            client=case.client,
            theme=Theme.objects.get(code=THEMES[case.kind]),
            channel="call",
            origin=Action.Origin.NEXT_STEP,
            created_by=actor,
            from_contact=case.contact,
        )
    action.about = " ".join(case.text.split())[:300]
    today = case.client.branch.today()
    step = next_step(case)
    action.opens_on = due.date() if step == Step.CHECKED else min(today, due.date())
    action.due_on, action.due_at = due.date(), due.time().replace(second=0, microsecond=0)
    action.snoozed_until = None
    action.save()
    if case.action_id != action.pk:
        case.action = action
        case.save(update_fields=["action"])


def _locked(actor: User, case: ServiceCase) -> ServiceCase:
    may_edit(actor, case)
    rows = ServiceCase.objects.select_for_update(of=("self",)).select_related("client__branch", "action")
    locked = rows.get(pk=case.pk)
    if not locked.is_open:
        raise ValidationError(_("Somebody has already closed this case."))
    return locked


@transaction.atomic
def take_step(*, actor: User, case: ServiceCase, step: str, note: str) -> ServiceCase:
    """Write down a step; steps may be skipped forward, never backward. The next one is owed by its deadline.

    Raises: ValidationError by field; PermissionDenied.
    """
    case = _locked(actor, case)
    if step not in Step.values:
        raise ValidationError({"step": _("Choose a step from the list.")})
    note = required("note", note, _("Write what was said or done."), most=1000)
    if ORDER.index(Step(step)) < ORDER.index(Step(next_step(case))) and case.steps.exists():
        raise ValidationError({"step": _("This step has been done already.")})
    now = timezone.now()
    CaseStep.objects.create(case=case, step=step, note=note, by=actor, at=now, was_late=now > case.due_at)
    case.due_at = _deadline(case, next_step(case), now)
    case.save(update_fields=["due_at"])
    _owe(actor, case)
    return case


@transaction.atomic
def close_case(
    *, actor: User, case: ServiceCase, outcome: str, is_satisfied: bool | None, note: str = ""
) -> ServiceCase:
    """End a case with what became of the client. Raises: ValidationError by field; PermissionDenied."""
    case = _locked(actor, case)
    if outcome not in ServiceCase.Outcome.values:
        raise ValidationError({"outcome": _("Choose what became of the client.")})
    now = timezone.now()
    if note.strip():
        note = required("note", note, "", most=1000)
        CaseStep.objects.create(
            case=case, step=Step.CHECKED, note=note, by=actor, at=now, was_late=now > case.due_at
        )
    case.outcome, case.is_satisfied, case.closed_at = outcome, is_satisfied, now
    case.save(update_fields=["outcome", "is_satisfied", "closed_at"])
    close_actions([case.action_id], state=Action.State.DONE)
    return case


@transaction.atomic
def reopen_case(*, actor: User, case: ServiceCase) -> ServiceCase:
    """Take back a closing: the client came again about the same.

    Raises: ValidationError where the client's file was closed since; PermissionDenied.
    """
    may_edit(actor, case)
    case = (
        ServiceCase.objects.select_for_update(of=("self",))
        .select_related("client__branch", "action")
        .get(pk=case.pk)
    )
    if case.is_open:
        return case
    may_plan(case.client)
    case.outcome, case.is_satisfied, case.closed_at = "", None, None
    case.due_at = _deadline(case, Step.ANSWERED, timezone.now())
    case.save()
    _owe(actor, case)
    return case
