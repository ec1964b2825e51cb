"""Log a contact in twenty seconds; correct it; take it back."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import permits
from clients.models import Channel, Client, ContactAgreement, Theme
from clients.services import consents_of
from clients.sight import shown_name
from clients.views.panels import client_form, editable_client
from common import saying
from common.pages import editable, go, panel, shown_status, tell, way_back
from common.text import is_id
from interactions import services, words
from interactions.forms import ContactChangeForm, ContactForm, VoidForm
from interactions.models import Action, Contact

ROLES = ("account_manager", "supervisor")


def contact_log(request: HttpRequest) -> HttpResponse:
    """One form, as a side panel over the page it came from or as a page of its own."""
    if request.user.role not in ROLES:
        raise Http404
    number = request.GET.get("client", "")
    if not number:
        named = {"title": _("Log a contact with"), "back": way_back(request, reverse("today"))}
        return panel(request, "interactions/log_find.html", named)
    client = editable_client(request, number)
    action = _action_of(request, client)
    today = request.user.today()
    initial = {
        "channel": action.channel if action else request.user.remembered_channel or "call",
        "theme": action.theme_id if action else None,
        "next_channel": "call",
    }
    form = ContactForm(request.POST or None, initial=initial, client=client, action=action)
    if request.method == "POST" and form.is_valid():
        try:
            contact = services.log_contact(
                actor=request.user,
                client=client,
                action=action,
                note=form.cleaned_data["note"],
                occurred_at=form.cleaned_data["occurred_at"],
                next_step=form.next_step(),
                learnt=form.learnt(),
                interest=form.voiced(),
                promise=form.promised(),
                advice=form.advised(),
                repeat_reason=form.cleaned_data["repeat_reason"],
                submission=form.cleaned_data["submission"],
                **form.contact_fields(),
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return _logged(request, contact, form)
    first, rest = words.reason(action, today) if action else ("", "")
    said_again = services.repetition(
        actor=request.user, client=client, theme=action.theme if action else None, action=action
    )
    context = {
        "permits": _permits(client, initial["channel"], action.theme if action else None),
        "permits_url": reverse("contact-permits", args=[client.number])
        + (f"?action={action.pk}" if action else ""),
        "said_again": said_again.words if said_again else "",
        "asks_why": bool(said_again and said_again.blocks) or "repeat_reason" in form.errors,
        "form": form,
        "client": client,
        "action": action,
        "why": first,
        "why_more": rest,
        "last": Contact.objects.filter(client=client)
        .counted()
        .latest_first()
        .select_related("staff")
        .first(),
        "today": today,
        "now": timezone.localtime(),
        "title": client.name,
        "title_native": client.other_script,
        "back": way_back(request, reverse("client-detail", args=[client.number])),
    }
    return panel(request, "interactions/log.html", context)


def contact_permits(request: HttpRequest, number: str) -> HttpResponse:
    """What the client allows, asked again when the channel or the theme of the form changes."""
    client = editable_client(request, number)
    channel, wanted = request.GET.get("channel", ""), request.GET.get("theme", "")
    if channel not in Channel.values:
        raise Http404
    theme = Theme.objects.filter(pk=int(wanted)).first() if is_id(wanted) else None
    action = None if theme else _action_of(request, client)
    theme = theme or (action.theme if action else None)
    said_again = services.repetition(actor=request.user, client=client, theme=theme, action=action)
    context = {
        "permits": _permits(client, channel, theme),
        "said_again": said_again.words if said_again else "",
    }
    return render(request, "interactions/permits.html", context)


def _permits(client: Client, channel: str, theme: Theme | None) -> list[permits.Line]:
    """What consent and agreement say of the contact about to be made."""
    local = timezone.localtime(timezone=client.branch.zone)
    agreement = ContactAgreement.objects.filter(client=client).in_force(local.date()).first()
    lines = [
        permits.consent_line(consents_of(client), channel, theme),
        permits.agreement_line(agreement, channel, theme, local),
    ]
    return [line for line in lines if line is not None]


def _action_of(request: HttpRequest, client: Client) -> Action | None:
    """The action named in the address if it is this client's and open, else none is fulfilled."""
    wanted = request.GET.get("action", "")
    if not is_id(wanted):
        return None
    actions = (
        Action.objects.visible_to(request.user)
        .filter(client=client)
        .select_related("theme", "client__branch")
    )
    return get_object_or_404(actions, pk=int(wanted))


def _logged(request: HttpRequest, contact: Contact, form: ContactForm) -> HttpResponse:
    name = shown_name(request.user, contact.client)
    step = form.next_step()
    if step:
        said = _("Contact with %(name)s logged. Next: %(date)s.") % {
            "name": name,
            "date": saying.day(step.due_on, "MMMMEEEEd"),
        }
    else:
        said = _("Contact with %(name)s logged.") % {"name": name}
    tell(request, said, undo_url=reverse("contact-undo", args=[contact.pk]))
    if "another" in request.POST:
        following = Action.objects.waiting_for(request.user, request.user.today()).due(request.user.today())
        following = following.exclude(
            pk=contact.action_id
        )  # a case's own stays until its step is written down
        upcoming = following.ranked(request.user.today()).select_related("client").first()
        if upcoming is not None:
            return go(
                request,
                f"{reverse('contact-log')}?client={upcoming.client.number}&action={upcoming.pk}&next={reverse('today')}",
            )
    return go(request, way_back(request, reverse("client-detail", args=[contact.client.number])))


def contact_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct one contact; who may is asked of the queryset, how long freely of the contact."""
    rows = Contact.objects.counted().select_related("client__tier", "client__branch", "note")
    contact = editable(request, rows, pk=pk)
    note = getattr(contact, "note", None)
    form = ContactChangeForm(
        request.POST or None,
        contact=contact,
        initial={
            "channel": contact.channel,
            "result": contact.result,
            "note": note.text if note else "",
            "effect": contact.effect,
            "theme": contact.theme_id,
            "direction": contact.direction,
            "occurred_at": timezone.localtime(contact.occurred_at).replace(tzinfo=None),
            "minutes": contact.duration_seconds // 60 if contact.duration_seconds else None,
            "participants": contact.participants,
        },
    )
    back = way_back(request, reverse("client-detail", args=[contact.client.number]))
    if request.method == "POST" and form.is_valid():
        try:
            changes = form.contact_fields()
            if form.cleaned_data["occurred_at"] and "occurred_at" in form.changed_data:
                changes["occurred_at"] = form.cleaned_data["occurred_at"]
            if "minutes" not in form.changed_data:
                del changes["duration_seconds"]
            services.change_contact(
                actor=request.user,
                contact=contact,
                changes=changes,
                note=form.cleaned_data["note"],
                reason=form.cleaned_data["reason"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Contact corrected."))
            return go(request, back)
    return client_form(
        request,
        contact.client,
        form=form,
        title=_("Correct a contact"),
        save=_("Save"),
        back=back,
        contact=contact,
        template="interactions/contact_change.html",
    )


def contact_void(request: HttpRequest, pk: int) -> HttpResponse:
    contact = editable(request, Contact.objects.select_related("client"), pk=pk)
    form = VoidForm(request.POST or None)
    back = way_back(request, reverse("client-detail", args=[contact.client.number]))
    if request.method == "POST" and form.is_valid():
        try:
            services.void_contact(actor=request.user, contact=contact, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("The contact counts no more."))
            return go(request, back)
    context = {"form": form, "contact": contact, "client": contact.client, "back": back}
    return render(request, "interactions/void.html", context, status=shown_status(request))


@require_POST
def contact_undo(request: HttpRequest, pk: int) -> HttpResponse:
    contact = editable(request, Contact.objects.select_related("client"), pk=pk)
    services.undo_contact(actor=request.user, contact=contact)
    tell(request, _("Contact with %(name)s taken back.") % {"name": shown_name(request.user, contact.client)})
    return go(request, way_back(request, reverse("client-detail", args=[contact.client.number])))
