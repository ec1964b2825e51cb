"""Inviting, what the invited said, taking an invitation back; and the guests as a file."""

from typing import cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import services
from campaigns.forms.events import AnswerForm, InviteForm
from campaigns.guests import guests_of, is_gone, with_holder
from campaigns.models import Event, Invitation
from campaigns.services.invitations import MAY_INVITE
from campaigns.views.guests import asked_of
from clients.sight import shown_name, shown_native
from clients.views.panels import about, saved
from common import audit, saying
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import editable, go, panel_form, tell, way_back
from common.paging import read_through

NAMED = 100  # of those left out


def _event(request: HttpRequest, pk: int) -> Event:
    """An event in one's sight, for those who invite: absent where hidden, refused where only seen."""
    events = Event.objects.visible_to(request.user).select_related("branch", "theme", "campaign")
    event = get_object_or_404(events.prefetch_related("wordings"), pk=pk)
    if request.user.role not in MAY_INVITE:
        raise PermissionDenied
    return event


def event_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite clients of one's own; who was left out is named with the reason."""
    user, event = request.user, _event(request, pk)
    form = InviteForm(request.POST or None, user=user, event=event)
    back = reverse("event-detail", args=[pk])
    if request.method == "POST" and form.is_valid():
        try:
            found = services.invite(actor=user, event=event, clients=form.clients(), channels=form.channels())
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = ngettext("%(count)s client invited.", "%(count)s clients invited.", found.made)
            said %= {"count": saying.number(found.made)}
            if not found.left_out:
                tell(request, said)
                return go(request, back)
            return _invited(request, event, said, found, back)
    words = {"title": _("Invite"), "save": _("Invite them"), "sub": event.title}
    return panel_form(request, form=form, back=back, **words)


def _invited(request: HttpRequest, event: Event, said: str, found, back: str) -> HttpResponse:
    """Who was left out and why. Sent again, the form invites nobody twice."""
    left = [
        {"client": client, "name": shown_name(request.user, client), "why": why}
        for client, why in found.left_out[:NAMED]
    ]
    context = {
        "title": _("Invited and left out"),
        "event": event,
        "said": said,
        "left": left,
        "count": len(found.left_out),
        "more": len(found.left_out) - len(left),
        "back": back,
        "panel_template": "campaigns/event_invited.html",
    }
    whole = "campaigns/event_invited.html" if request.htmx else "common/panel_page.html"
    return render(request, whole, context)


def invitation_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The try and the answer in one form; also where the invitation is taken back."""
    rows = Invitation.objects.select_related(
        "client__branch", "client__tier", "event__branch", "event__theme", "action__theme"
    )
    invitation = cast(Invitation, editable(request, rows, pk=pk))
    client, event = invitation.client, invitation.event
    form = AnswerForm(request.POST or None, invitation=invitation)
    back = way_back(request, reverse("event-detail", args=[event.pk]))
    if request.method == "POST" and form.is_valid():
        try:
            row = services.log_answer(
                actor=request.user,
                invitation=invitation,
                contact=form.contact(),
                answer=form.cleaned_data["answer"],
                companions=form.cleaned_data["companions"] or 0,
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return saved(request, _said(request, row), back)
    words = {"title": event.title, "save": _("Save"), "remove": _("Take the invitation back")}
    if invitation.withdrawn_at is None and event.is_open:
        words["remove_url"] = reverse("invitation-withdraw", args=[pk])
    return panel_form(request, form=form, back=back, **words, **about(request, client))


def _said(request: HttpRequest, invitation: Invitation) -> str:
    name = {"name": shown_name(request.user, invitation.client)}
    return {
        "asked": _("Written down: %(name)s has not answered yet."),
        "accepted": _("Written down: %(name)s is coming."),
        "waiting": _("There is no room: %(name)s is on the waiting list."),
        "declined": _("Written down: %(name)s is not coming."),
    }[invitation.answer] % name


@require_POST
def invitation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(
        Invitation.objects.worked_by(request.user).select_related("client", "event"), pk=pk
    )
    back = way_back(request, reverse("event-detail", args=[invitation.event_id]))
    try:
        services.withdraw_invitation(actor=request.user, invitation=invitation)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        name = shown_name(request.user, invitation.client)
        tell(request, _("The invitation of %(name)s is taken back.") % {"name": name})
    return go(request, back)


# -- the list as a file ----------------------------------------------------------------------------


@require_safe
def event_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The guests as the page shows them, by filter and manager, of the clients one works with. Recorded."""
    user, event = request.user, _event(request, pk)
    show, manager = asked_of(request)
    found = guests_of(user, event, show=show, manager=manager)
    audit.record(
        actor=user,
        act=AuditEntry.Act.EXPORT,
        subject=f"event/{event.pk}",
        detail="guests",
        count=min(found.count(), EXPORT_LIMIT),
    )
    rows = with_holder(found).select_related("client__tier", "client__branch")
    head = [
        _("Number"),
        _("Client number"),
        _("Client"),
        _("Name in own script"),
        _("Tier"),
        _("Branch"),
        _("Account manager"),
        _("Invited by"),
        _("Answer"),
        _("Companions"),
        _("Attendance"),
        _("Companions who came"),
    ]
    language = get_language() or "en"
    lines = (
        _line(user, row, language)
        for row in read_through(
            rows.defer("client__search", "client__document_number"),
            keys=("number", "id"),
            most=EXPORT_LIMIT,
        )
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(f"event-{event.pk}", head, lines)


def _line(user, row: Invitation, language: str) -> list:
    """One guest as a line of the file, in the language of whoever asked: it is written when the answer is under way."""
    with override(language):
        return [
            row.number,
            row.client.number,
            shown_name(user, row.client),
            shown_native(user, row.client),
            row.client.tier.name if row.client.tier else "",
            row.client.branch.name,
            row.holder or "",
            _("walked in") if row.is_walk_in else saying.choice(row, "channel"),
            _("served no more") if is_gone(row) else saying.choice(row, "answer"),
            row.companions,
            saying.choice(row, "attendance") if row.attendance else "",
            row.companions_came,
        ]
