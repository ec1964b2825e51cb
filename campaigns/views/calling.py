"""The call list of a campaign: who is on it, one client after another, who calls whom; and the frozen list itself."""

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from campaigns.forms.campaigns import CallForm, OutcomeForm, ReassignForm
from campaigns.models import Campaign, Exclusion, Target, TargetAction
from campaigns.services import calling
from campaigns.views.campaigns import only_planners, seen
from clients.models import ContactAgreement, ContactPoint
from clients.permits import agreement_line, agreement_words, consent_line
from clients.services import consents_of
from clients.sight import may_reveal, shown_name, shown_native
from common import audit, saying
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import editable, go, panel_form, shown_status, tell
from common.paging import keyset, read_through
from common.text import is_id
from interactions import services as interactions
from interactions.models import Action, Contact
from portfolio.suitability import suitability
from staff.models import User

A_PAGE = 25
CALLERS = ("account_manager", "supervisor")
_TALKED = Contact.objects.filter(voided_at=None, result="reached").values("action")
_TRIED = Contact.objects.filter(voided_at=None).values("action")


def _rounds(condition: Q) -> Q:
    return Q(pk__in=TargetAction.objects.filter(condition).values("target"))


SHOWN = {
    "open": (gettext_lazy("To contact"), _rounds(Q(action__state="planned"))),
    "tried": (
        gettext_lazy("Tried, not reached"),
        _rounds(Q(action__state="planned", action__in=_TRIED)),
    ),
    "reached": (gettext_lazy("Reached"), _rounds(Q(action__in=_TALKED))),
    "unsaid": (
        gettext_lazy("Reached, result not said"),
        _rounds(Q(action__in=_TALKED)) & Q(outcome=""),
    ),
    **{value: (label, Q(outcome=value)) for value, label in Target.Outcome.choices},
}


def _chosen(request: HttpRequest, campaign: Campaign) -> tuple[QuerySet[Target], str, str]:
    """The rows that the address asks for: what to show, and whose book they are in now."""
    rows = calling.call_list(campaign, request.user)
    show, manager = request.GET.get("show", ""), request.GET.get("manager", "")
    if show in SHOWN:
        rows = rows.filter(SHOWN[show][1])
    else:
        show = ""
    if manager == "nobody":
        rows = rows.filter(holder_id=None)
    elif is_id(manager):
        rows = rows.filter(holder_id=int(manager))
    else:
        manager = ""
    return rows, show, manager


def call_list(request: HttpRequest, code: str) -> HttpResponse:
    """The contacted arm in one's sight, with when, attempts and result; ticked ones go to a colleague."""
    campaign = seen(request, code)
    user = request.user
    if not campaign.is_launched:
        raise Http404
    rows, show, manager = _chosen(request, campaign)
    page = keyset(_with(rows), keys=("id",), size=A_PAGE, cursor=request.GET.get("cursor", ""))
    audit.record(actor=user, act=AuditEntry.Act.SEARCH, subject=f"campaign/{campaign.pk}", detail="call list")
    context = {
        "campaign": campaign,
        "page": page,
        "rows": told(user, page.rows),
        "count": rows.count(),
        "show": show,
        "shows": [(value, label) for value, (label, _condition) in SHOWN.items()],
        "manager": manager,
        "managers": User.objects.filter(
            pk__in=calling.call_list(campaign, user).order_by().values("holder_id")
        ).order_by("name")[:200],
        "may_call": user.role in CALLERS and campaign.state == Campaign.State.RUNNING,
        "form": ReassignForm(people=_people(user)) if user.role == "supervisor" else None,
        "today": user.today(),
    }
    return render(request, "campaigns/call_list.html", context)


def _with(rows: QuerySet[Target]) -> QuerySet[Target]:
    return rows.select_related("client__tier", "client__branch", "manager").defer(
        "client__search", "client__document_number"
    )


def told(user, targets: list[Target]) -> list[dict]:
    """Each target as the reader may read it, with its last action and how often it was tried. Two questions."""
    actions = Action.objects.in_bulk([target.action_id for target in targets if target.action_id])
    tried: dict[int | None, list[Contact]] = {}
    for contact in Contact.objects.filter(action__in=list(actions), voided_at=None):
        tried.setdefault(contact.action_id, []).append(contact)
    found = []
    for target in targets:
        action = actions.get(target.action_id)
        attempts = tried.get(target.action_id, [])
        last = max(attempts, key=lambda one: one.occurred_at, default=None)
        found.append(
            {
                "target": target,
                "client": target.client,
                "name": shown_name(user, target.client),
                "native": shown_native(user, target.client),
                "action": action,
                "is_late": action is not None and action.is_open and action.due_on < user.today(),
                "due": saying.due(action.due_on, user.today())
                if action is not None and action.is_open
                else "",
                "attempts": len(attempts),
                "last": last,
            }
        )
    return found


def _people(user) -> QuerySet[User]:
    """Colleagues to whom a supervisor may give calls: of their own branches."""
    people = User.objects.active().filter(role__in=CALLERS)
    return people.filter(branch__in=user.branch.__class__.objects.branches_of(user)).order_by("name")


@require_POST
def call_reassign(request: HttpRequest, code: str) -> HttpResponse:
    campaign = seen(request, code)
    if request.user.role != "supervisor":
        raise Http404
    form = ReassignForm(request.POST, people=_people(request.user))
    ticked = [int(pk) for pk in request.POST.getlist("target") if is_id(pk)][:500]
    back = reverse("call-list", args=[code])
    if not ticked:
        tell(request, _("Tick the clients first."))
    elif not form.is_valid():
        tell(request, _("Choose a colleague, and write why."))
    else:
        rows = Target.objects.editable_by(request.user).filter(campaign=campaign, pk__in=ticked)
        done = calling.reassign(
            actor=request.user, targets=rows.select_related("client"), **form.cleaned_data
        )
        words = {"count": saying.number(done.moved), "name": form.cleaned_data["to"].name}
        said = _("%(count)s go to %(name)s.") % words
        if done.left:
            numbers = {"numbers": ", ".join(done.left[:5]), "count": saying.number(len(done.left))}
            said += " " + _("%(count)s stay, for they may not look after the client: %(numbers)s") % numbers
        tell(request, said)
    return go(request, back)


def call_next(request: HttpRequest, code: str) -> HttpResponse:
    """Whom to call next; back to the list where nobody is left."""
    campaign = seen(request, code)
    if request.user.role not in CALLERS:
        raise Http404
    found = calling.next_to_call(campaign, request.user)
    if found is None:
        tell(request, _("Nobody is left to contact."))
        return go(request, reverse("call-list", args=[code]))
    return go(request, reverse("call", args=[found.pk]))


def _target(request: HttpRequest, pk: int) -> Target:
    if request.user.role not in CALLERS:
        raise Http404
    rows = Target.objects.select_related("client__branch", "client__tier", "campaign__theme")
    return editable(request, rows, pk=pk, arm="treatment")


def call(request: HttpRequest, pk: int) -> HttpResponse:
    """One client of the call list: the form, and beside it what to say, the products, what is known."""
    user, target = request.user, _target(request, pk)
    campaign, client = target.campaign, target.client
    if not campaign.is_launched:
        raise Http404
    action = calling.action_of(target)
    open_action = action if action is not None and action.is_open else None
    initial = {
        "channel": (open_action.channel if open_action else target.channel) or "call",
        "theme": campaign.theme_id,
        "next_channel": "call",
        "outcome": target.outcome,
    }
    form = CallForm(request.POST or None, initial=initial, client=client, action=open_action)
    if request.method == "POST" and form.is_valid():
        try:
            calling.record_call(
                actor=user,
                target=target,
                outcome=form.cleaned_data["outcome"],
                note=form.cleaned_data["note"],
                occurred_at=form.cleaned_data["occurred_at"],
                next_step=form.next_step(),
                learnt=form.learnt(),
                interest=form.voiced(),
                promise=form.promised(),
                advice=form.advised(),
                repeat_reason=form.cleaned_data["repeat_reason"],
                submission=form.cleaned_data["submission"],
                **{name: value for name, value in form.contact_fields().items() if value or name != "theme"},
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Contact with %(name)s logged.") % {"name": shown_name(user, client)})
            return _onward(request, campaign, target)
    local = timezone.localtime(timezone=client.branch.zone)
    agreement = ContactAgreement.objects.filter(client=client).in_force(local.date()).first()
    again = interactions.repetition(actor=user, client=client, theme=campaign.theme, action=open_action)
    lines = [
        consent_line(consents_of(client), initial["channel"], campaign.theme),
        agreement_line(agreement, initial["channel"], campaign.theme, local),
    ]
    context = {
        "form": form,
        "target": target,
        "campaign": campaign,
        "client": client,
        "action": open_action,
        "name": shown_name(user, client),
        "native": shown_native(user, client),
        "permits": [line for line in lines if line is not None],
        "said_again": again.words if again else "",
        "asks_why": bool(again and again.blocks) or "repeat_reason" in form.errors,
        "last": Contact.objects.reached()
        .filter(client=client)
        .latest_first()
        .select_related("note", "staff")
        .first(),
        "agreed": agreement_words(agreement) if agreement else "",
        "phone": ContactPoint.objects.usable().filter(client=client, kind="phone").first(),
        "may_reveal": may_reveal(user),
        "products": [
            {"product": product, "suits": suitability(client, product, today=client.branch.today())}
            for product in campaign.products.all()
        ],
        "materials": list(campaign.materials.all()),
        "left": calling.to_call(campaign, user).count(),
        "today": user.today(),
        "now": timezone.localtime(),
        "url": reverse("call", args=[pk]),
    }
    return render(request, "campaigns/call.html", context, status=shown_status(request))


def _onward(request: HttpRequest, campaign: Campaign, target: Target) -> HttpResponse:
    """To the next client, or back to the list."""
    if "stay" not in request.POST:
        found = calling.next_to_call(campaign, request.user, after=target)
        if found is not None:
            return go(request, reverse("call", args=[found.pk]))
    return go(request, reverse("call-list", args=[campaign.code]))


def call_outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of a client, said or corrected without a contact."""
    target = _target(request, pk)
    form = OutcomeForm(request.POST or None, initial={"outcome": target.outcome})
    back = reverse("call-list", args=[target.campaign.code])
    if request.method == "POST" and form.is_valid():
        try:
            calling.set_outcome(actor=request.user, target=target, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return go(request, back)
    return panel_form(
        request,
        form=form,
        title=shown_name(request.user, target.client),
        save=_("Save"),
        back=back,
        url=reverse("call-outcome", args=[pk]),
    )


def campaign_action(request: HttpRequest, pk: int) -> HttpResponse:
    """From an action of Today to what it belongs to: the call of a campaign, or the invitation to an event."""
    action = editable(request, Action.objects.all(), pk=pk)
    found = TargetAction.objects.filter(action=action, target__arm="treatment").order_by("-pk").first()
    if found is not None:
        return go(request, reverse("call", args=[found.target_id]))
    invitation = action.invitations.order_by("-pk").first()
    if invitation is not None:
        return go(request, reverse("invitation-answer", args=[invitation.pk]))
    followed = action.followed_ups.order_by("-pk").first()
    if followed is not None:
        return go(request, reverse("event-detail", args=[followed.event_id]))
    raise Http404


# -- the frozen list -------------------------------------------------------------------------------


def target_list(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody frozen at launch, in either arm, with why; and who was left out. For those who plan."""
    only_planners(request)
    campaign, user = seen(request, code), request.user
    if not campaign.is_launched:
        raise Http404
    arm = request.GET.get("arm", "")
    is_out = arm == "out"
    rows = (
        Exclusion.objects.worked_by(user).filter(campaign=campaign)
        if is_out
        else calling.targets_seen(campaign, user)
    )
    if arm in ("treatment", "control"):
        rows = rows.filter(arm=arm)
    page = keyset(
        rows.select_related("client__tier", "client__branch").defer(
            "client__search", "client__document_number"
        ),
        keys=("id",),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    audit.record(actor=user, act=AuditEntry.Act.SEARCH, subject=f"campaign/{campaign.pk}", detail="targets")
    context = {
        "campaign": campaign,
        "page": page,
        "arm": arm,
        "is_out": is_out,
        "count": rows.count(),
        "not_shown": _not_shown(campaign, user, is_out, arm),
        "rows": [
            {
                "row": row,
                "client": row.client,
                "name": shown_name(user, row.client),
                "native": shown_native(user, row.client),
                "why": row.get_reason_display() if is_out else why(campaign, row),
            }
            for row in page.rows
        ],
        "may_export": True,
    }
    return render(request, "campaigns/targets.html", context)


def why(campaign: Campaign, target: Target) -> str:
    """Why a client is in, in words."""
    if campaign.is_from_file and not target.groups:
        return _("Delivered by a file")
    if not target.groups:
        return _("Named in the list")
    numbers = saying.listed([str(number) for number in target.groups])
    return _("By group %(numbers)s of the rule") % {"numbers": numbers}


def _not_shown(campaign: Campaign, user, is_out: bool, arm: str) -> int:
    """How many rows lie outside one's sight: named, never dropped in silence."""
    if is_out:
        rows = Exclusion.objects.filter(campaign=campaign)
        return rows.count() - Exclusion.objects.worked_by(user).filter(campaign=campaign).count()
    rows = Target.objects.filter(campaign=campaign)
    mine = calling.targets_seen(campaign, user)
    if arm in ("treatment", "control"):
        rows, mine = rows.filter(arm=arm), mine.filter(arm=arm)
    return rows.count() - mine.count()


def target_export(request: HttpRequest, code: str) -> HttpResponse:
    """The frozen list, or who was left out, as a file: of the clients in one's sight. Recorded.

    Account managers get the call list; who is left alone is no business of theirs.
    """
    campaign, user = seen(request, code), request.user
    arm = request.GET.get("arm", "") if user.role != "account_manager" else "treatment"
    is_out = arm == "out"
    rows = (
        Exclusion.objects.worked_by(user).filter(campaign=campaign)
        if is_out
        else calling.call_list(campaign, user)
        if arm == "treatment"
        else calling.targets_seen(campaign, user)
    )
    if arm == "control":
        rows = rows.filter(arm="control")
    audit.record(
        actor=user,
        act=AuditEntry.Act.EXPORT,
        subject=f"campaign/{campaign.pk}",
        detail="left out" if is_out else "targets",
        count=min(rows.count(), EXPORT_LIMIT),
    )
    head = [_("Client number"), _("Client"), _("Tier"), _("Branch")]
    head += [_("Why")] if is_out else [_("Arm"), _("Why"), _("Account manager"), _("Channel"), _("Result")]

    def line(row) -> list:
        client = row.client
        first = [
            client.number,
            shown_name(user, client),
            client.tier.name if client.tier else "",
            client.branch.name,
        ]
        if is_out:
            return [*first, row.get_reason_display()]
        return [
            *first,
            row.get_arm_display(),
            why(campaign, row),
            row.manager.name if row.manager else "",
            row.get_channel_display(),
            row.get_outcome_display(),
        ]

    related = ["client__tier", "client__branch"] + ([] if is_out else ["manager"])
    found = rows.select_related(*related).defer("client__search", "client__document_number")
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(
        f"campaign-{campaign.code}",
        head,
        (line(row) for row in read_through(found, keys=("id",), most=EXPORT_LIMIT)),
    )
