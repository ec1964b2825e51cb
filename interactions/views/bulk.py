"""One act on many clients of the list: what it will do stands there in words before anything is done."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from clients.listing import chosen, view_of
from clients.models import Client
from clients.querysets import ClientQuerySet
from common import saying
from common.pages import as_moment, as_number, go, shown_status, tell
from interactions.forms.bulk import BulkPlanForm, HandOverClientsForm
from interactions.services import bulk
from interactions.views.today import ROLES

NAMED = 5  # clients named before "and 12 more"


@dataclass
class Choice:
    """The chosen clients, as the page speaks of them."""

    clients: ClientQuerySet
    count: int
    names: list[str]
    back: str

    @property
    def others(self) -> int:
        return self.count - len(self.names)

    @property
    def listed(self) -> str:
        return saying.listed(self.names, goes_on=bool(self.others))

    @property
    def too_many(self) -> bool:
        return self.count > bulk.MOST_AT_ONCE


def _choice(request: HttpRequest) -> Choice:
    clients = chosen(request, to_change=True)
    count = clients.order_by()[: bulk.MOST_AT_ONCE + 1].count()
    # One name left over is named as well: "and 1 more" would be no shorter.
    shown = clients.by_name()[: NAMED if count > NAMED + 1 else NAMED + 1]
    query = view_of(request.GET)
    return Choice(
        clients=clients,
        count=count,
        names=list(shown.values_list("name", flat=True)),
        back=f"{reverse('client-list')}?{query}" if query else reverse("client-list"),
    )


def clients_plan(request: HttpRequest) -> HttpResponse:
    """Plan the same action for each of the chosen clients."""
    if request.user.role not in ROLES:
        raise Http404
    choice = _choice(request)
    form = BulkPlanForm(request.POST or None)
    if request.method == "POST" and choice.count and form.is_valid():
        try:
            done = bulk.plan_actions(actor=request.user, clients=choice.clients, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = reverse("clients-plan-undo", args=[as_number(done.at)]) if done.planned else ""
            tell(request, _said(done, form.cleaned_data["due_on"]), undo_url=undo)
            return go(request, choice.back)
    closed = choice.clients.filter(status__in=("closed", "deceased", "blocked")).count()
    context = {"form": form, "choice": choice, "what": "plan", "closed": closed, "most": bulk.MOST_AT_ONCE}
    return render(request, "interactions/bulk.html", context, status=shown_status(request))


def _said(done: bulk.Planned, due_on) -> str:
    said = [
        ngettext(
            "%(count)s action planned for %(date)s.", "%(count)s actions planned for %(date)s.", done.planned
        )
        % {"count": saying.number(done.planned), "date": saying.day(due_on, "MMMMEEEEd")}
    ]
    if done.had:
        said.append(
            ngettext(
                "%(count)s client has an open action of this theme already.",
                "%(count)s clients have an open action of this theme already.",
                done.had,
            )
            % {"count": saying.number(done.had)}
        )
    if done.closed:
        said.append(
            ngettext(
                "%(count)s client is closed, deceased or blocked and was left out.",
                "%(count)s clients are closed, deceased or blocked and were left out.",
                done.closed,
            )
            % {"count": saying.number(done.closed)}
        )
    return " ".join(said)


@require_POST
def clients_plan_undo(request: HttpRequest, at: int) -> HttpResponse:
    """Cancel what one planned for many at a moment, as long as nobody has worked on it."""
    if request.user.role not in ROLES:
        raise Http404
    count = bulk.cancel_planned(actor=request.user, at=as_moment(at))
    said = ngettext("%(count)s action cancelled.", "%(count)s actions cancelled.", count)
    tell(request, said % {"count": saying.number(count)})
    return go(request, reverse("client-list"))


def clients_hand_over(request: HttpRequest) -> HttpResponse:
    """Give the chosen clients to another account manager."""
    if request.user.role != "supervisor":
        raise Http404
    choice = _choice(request)
    form = HandOverClientsForm(request.POST or None, user=request.user)
    if request.method == "POST" and choice.count and form.is_valid():
        to = form.cleaned_data["to"]
        try:
            done = bulk.hand_over_clients(actor=request.user, clients=choice.clients, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = ngettext(
                "%(count)s client went to %(name)s.", "%(count)s clients went to %(name)s.", done.clients
            )
            tell(request, said % {"count": saying.number(done.clients), "name": to.name})
            return go(request, choice.back)
    context = {
        "form": form,
        "choice": choice,
        "what": "hand-over",
        "holders": _holders(choice.clients),
        "most": bulk.MOST_AT_ONCE,
    }
    return render(request, "interactions/bulk.html", context, status=shown_status(request))


def _holders(clients: ClientQuerySet) -> list[dict]:
    """Who holds the chosen clients today, and how many each; nobody's last."""
    rows = (
        Client.objects.filter(pk__in=clients.order_by().values("pk"))
        .with_manager()
        .order_by()
        .values("manager_id", "manager_name")
        .annotate(clients=Count("pk"))
    )
    return sorted(rows, key=lambda row: (row["manager_id"] is None, -row["clients"], row["manager_name"]))
