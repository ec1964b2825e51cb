"""News of the market: marked products, what to tell, and how far the calls to the holders have come."""

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.sight import shown_name, shown_native
from common.pages import go, panel_form, tell, way_back
from common.paging import keyset
from common.text import is_id
from interactions.forms.portfolio import MarketEventForm
from interactions.models import HolderCall
from interactions.services.markets import (
    MAY_OPEN,
    close_market_event,
    events_ended_by,
    market_events_for,
    open_market_event,
)
from interactions.views.portfolio import A_PAGE
from portfolio.holders import held_by


def _only_those_who_open(request: HttpRequest) -> None:
    if request.user.role not in MAY_OPEN:
        raise Http404


def market_list(request: HttpRequest) -> HttpResponse:
    """The events that concern one's clients, the latest first, with how many of the clients in one's sight were called."""
    _only_those_who_open(request)
    page = keyset(
        market_events_for(request.user).select_related("created_by").prefetch_related("products").order_by(),
        keys=("-on", "-id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    counts = _counts(request.user, [event.pk for event in page.rows])
    nobody = {"calls": 0, "done": 0}
    context = {
        "page": page,
        "rows": [{"event": event} | counts.get(event.pk, nobody) for event in page.rows],
    }
    return render(request, "interactions/markets.html", context)


def _counts(user, events: list[int]) -> dict[int, dict]:
    calls = HolderCall.objects.worked_by(user).filter(event__in=events)
    counted = (
        calls.values("event")
        .order_by()
        .annotate(calls=Count("pk"), done=Count("pk", filter=Q(action__state="done")))
    )
    return {row["event"]: {"calls": row["calls"], "done": row["done"]} for row in counted}


def market_add(request: HttpRequest) -> HttpResponse:
    """Mark products and write why; the calls are made at once."""
    _only_those_who_open(request)
    user = request.user
    asked = request.GET.get("product", "")
    form = MarketEventForm(
        request.POST or None, today=user.today(), initial={"products": [int(asked)]} if is_id(asked) else {}
    )
    back = way_back(request, reverse("market-list"))
    if request.method == "POST" and form.is_valid():
        try:
            event = open_market_event(actor=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("The calls are on Today: %(title)s.") % {"title": event.title})
            return go(request, reverse("market-detail", args=[event.pk]))
    return panel_form(
        request,
        form=form,
        title=_("Call the holders"),
        save=_("Make the calls"),
        back=back,
        url=reverse("market-add"),
    )


def market_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom it concerns among the clients in one's sight, and what was done."""
    _only_those_who_open(request)
    user = request.user
    event = get_object_or_404(market_events_for(user).select_related("created_by"), pk=pk)
    calls = HolderCall.objects.worked_by(user).filter(event=event)
    page = keyset(
        calls.select_related("client__tier", "client__branch", "action").defer(
            "client__search", "client__document_number"
        ),
        keys=("id",),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    products = list(event.products.all())
    held = held_by([call.client_id for call in page.rows], [product.pk for product in products])
    context = {
        "event": event,
        "today": user.today(),
        "products": products,
        "may_close": event.closed_at is None and events_ended_by(user).filter(pk=event.pk).exists(),
        "page": page,
        "rows": [
            {
                "call": call,
                "held": held.get(call.client_id, []),
                "client": call.client,
                "name": shown_name(user, call.client),
                "native": shown_native(user, call.client),
            }
            for call in page.rows
        ],
    } | _counts(user, [event.pk]).get(event.pk, {"calls": 0, "done": 0})
    return render(request, "interactions/market.html", context)


@require_POST
def market_close(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_open(request)
    event = get_object_or_404(market_events_for(request.user), pk=pk)
    close_market_event(actor=request.user, event=event)
    tell(request, _("Closed: %(title)s. Calls that nobody had made are off Today.") % {"title": event.title})
    return go(request, reverse("market-detail", args=[event.pk]))
