"""One maturity in a panel: what to speak of before its day, what became of it after."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.views.panels import client_form, saved
from common import saying
from common.pages import editable, go, tell, way_back
from interactions.forms.portfolio import MaturityForm, MovementReasonForm
from portfolio.maturing import fitting_products, settle_maturity, unsettle_maturity
from portfolio.models import MaturityCase, Movement
from portfolio.noticing import explain_movement, forget_reason


def _case(request: HttpRequest, pk: int) -> MaturityCase:
    rows = MaturityCase.objects.select_related("client__branch", "holding__product").prefetch_related(
        "parts__product"
    )
    return editable(request, rows, pk=pk)


def maturity(request: HttpRequest, pk: int) -> HttpResponse:
    """What fits while there is something to decide; from its day on, what became of the money."""
    case = _case(request, pk)
    client = case.client
    today = client.branch.today()
    may_settle = case.broken_on is not None or case.effective_on <= today
    form = MaturityForm(request.POST or None, case=case, initial=MaturityForm.initial_of(case))
    back = way_back(request, reverse("client-tab", args=[client.number, "portfolio"]))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            settle_maturity(
                actor=request.user,
                case=case,
                parts=form.parts,
                brought_amount=data["brought_amount"],
                brought_from=data["brought_from"],
                note=data["note"],
                seen=data["seen"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = _("Written down: what became of %(product)s of %(name)s.") % {
                "product": case.holding.product.name,
                "name": client.name,
            }
            return saved(request, said, back, undo_url=reverse("maturity-take-back", args=[case.pk]))
    return client_form(
        request,
        client,
        form=form,
        title=_("Maturity"),
        save=_("Save") if may_settle else "",
        back=back,
        template="interactions/maturity.html",
        case=case,
        facts=facts_of(case, today),
        may_settle=may_settle,
        question=_("What became of the %(currency)s %(amount)s? The first four parts add up to it.")
        % {"currency": case.currency, "amount": saying.amount(case.principal, cents=True)},
        fitting=fitting_products(client, currency=case.currency, amount=case.principal, today=today),
        today=today,
    )


def facts_of(case: MaturityCase, today) -> list[str]:
    """The holding, its day and its sum, in sentences; a warning while breaking it would cost."""
    names = {
        "product": case.holding.product.name,
        "number": case.holding.number,
        "currency": case.currency,
        "amount": saying.amount(case.principal, cents=True),
        "date": saying.day(case.effective_on, "yMMMMEEEEd"),
        "when": saying.in_days(case.effective_on, today),
    }
    found = [_("%(product)s, %(number)s: %(currency)s %(amount)s.") % names]
    if case.broken_on is not None:
        broken = {"date": saying.day(case.broken_on, "yMMMMEEEEd"), "nominal": saying.day(case.matures_on)}
        found.append(_("Ended on %(date)s, before its day, %(nominal)s.") % broken)
    elif case.effective_on > today:
        found.append(_("Matures %(when)s, on %(date)s.") % names)
        found.append(_("Broken before that day it loses interest: say so before you do it."))
    else:
        found.append(_("Matured on %(date)s.") % names)
    return found


@require_POST
def maturity_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    case = _case(request, pk)
    unsettle_maturity(actor=request.user, case=case)
    tell(request, _("Nothing is written down about it any more: %(name)s.") % {"name": case.client.name})
    return go(request, way_back(request, reverse("client-tab", args=[case.client.number, "portfolio"])))


def _movement(request: HttpRequest, pk: int) -> Movement:
    rows = Movement.objects.external().select_related("client__branch", "reason")
    return editable(request, rows, pk=pk)


def movement_reason(request: HttpRequest, pk: int) -> HttpResponse:
    """Why money came from or went to another bank."""
    movement = _movement(request, pk)
    client, known = movement.client, getattr(movement, "reason", None)
    initial = (
        {"reason": known.reason, "competitor": known.competitor, "note": known.note}
        if known is not None
        else {"competitor": movement.counterparty_bank}
    )
    form = MovementReasonForm(request.POST or None, initial=initial)
    back = way_back(request, reverse("client-tab", args=[client.number, "portfolio"]))
    if request.method == "POST" and form.is_valid():
        try:
            explain_movement(actor=request.user, movement=movement, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = reverse("movement-forget", args=[movement.pk]) if known is None else ""
            said = _("Written down: why money of %(name)s moved.") % {"name": client.name}
            return saved(request, said, back, undo_url=undo)
    words = {
        "currency": movement.currency,
        "amount": saying.amount(movement.amount, cents=True),
        "date": saying.day(movement.booked_on, "yMMMMEEEEd"),
        "bank": movement.counterparty_bank or _("another bank"),
    }
    went = movement.direction == Movement.Direction.OUT
    said = (
        _("%(currency)s %(amount)s to %(bank)s, %(date)s.")
        if went
        else _("%(currency)s %(amount)s from %(bank)s, %(date)s.")
    )
    return client_form(
        request,
        client,
        form=form,
        title=_("Why money left") if went else _("Where money came from"),
        save=_("Save"),
        back=back,
        said=said % words,
    )


@require_POST
def movement_forget(request: HttpRequest, pk: int) -> HttpResponse:
    movement = _movement(request, pk)
    forget_reason(actor=request.user, movement=movement)
    tell(request, _("As it was: %(name)s.") % {"name": movement.client.name})
    return go(request, way_back(request, reverse("client-tab", args=[movement.client.number, "portfolio"])))
