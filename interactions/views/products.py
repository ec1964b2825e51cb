"""What the bank sells: the list, and the sheet of a product with its price and who of one's clients holds it."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from clients.models import Client
from clients.sight import shown_name, shown_native
from common import saying
from common.paging import keyset
from interactions.services.markets import market_events_for
from interactions.views.portfolio import A_PAGE, ROLES
from portfolio.holders import held_by, holds
from portfolio.models import Holding, Price, Product

YEAR = timedelta(days=365)
WIDTH, HEIGHT = 576, 120  # of the drawn path of prices


def product_list(request: HttpRequest) -> HttpResponse:
    """On sale today, or all; each with how many of one's clients hold it."""
    user = request.user
    if user.role not in ROLES:
        raise Http404
    today = user.today()
    show = "all" if request.GET.get("show") == "all" else ""
    products = Product.objects.all()
    if not show:
        products = products.filter(
            Q(sale_from=None) | Q(sale_from__lte=today), Q(sale_to=None) | Q(sale_to__gte=today)
        )
    page = keyset(products.order_by(), keys=("name", "id"), size=50, cursor=request.GET.get("cursor", ""))
    held = (
        Holding.objects.open()
        .filter(product__in=[product.pk for product in page.rows], client__in=_clients(user))
        .values("product")
        .order_by()
        .annotate(count=Count("client", distinct=True))
    )
    count_of = {row["product"]: row["count"] for row in held}
    context = {
        "show": show,
        "page": page,
        "rows": [{"product": product, "holders": count_of.get(product.pk, 0)} for product in page.rows],
    }
    return render(request, "interactions/products.html", context)


def product_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet, the price of a year, and the holders in one's sight; the others are not counted either."""
    user = request.user
    if user.role not in ROLES:
        raise Http404
    product = get_object_or_404(Product, code=code)
    today = user.today()
    holders = Client.objects.filter(holds([product.pk]), pk__in=_clients(user))
    page = keyset(
        holders.select_related("tier").defer("search", "document_number"),
        keys=("sort_name", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    held = held_by([client.pk for client in page.rows], [product.pk])
    context = {
        "product": product,
        "today": today,
        "on_sale": (product.sale_from is None or product.sale_from <= today)
        and (product.sale_to is None or product.sale_to >= today),
        "prices": _path(product, today),
        "events": market_events_for(user).filter(products=product).order_by("-on", "-pk")[:5],
        "may_open_events": user.role != "account_manager",
        "page": page,
        "count": holders.count(),
        "rows": [
            {
                "client": client,
                "name": shown_name(user, client),
                "native": shown_native(user, client),
                "held": held.get(client.pk, []),
            }
            for client in page.rows
        ],
    }
    return render(request, "interactions/product.html", context)


def _clients(user):
    return Client.objects.worked_by(user).served().values("pk")


def _path(product: Product, today: date) -> dict | None:
    """The prices of a year as a line to draw, with the first, the last, the lowest and the highest."""
    rows = list(
        Price.objects.filter(product=product, on__gte=today - YEAR).order_by("on").values_list("on", "price")
    )
    if len(rows) < 2:
        return None
    low, high = min(price for _on, price in rows), max(price for _on, price in rows)
    first_on, last_on = rows[0][0], rows[-1][0]
    days = max((last_on - first_on).days, 1)
    span = high - low or Decimal(1)
    points = " ".join(
        f"{(on - first_on).days / days * WIDTH:.1f},{float((high - price) / span) * (HEIGHT - 8) + 4:.1f}"
        for on, price in rows
    )
    change = (rows[-1][1] - rows[0][1]) / rows[0][1]
    return {
        "points": points,
        "first_on": first_on,
        "last_on": last_on,
        "last": saying.price(rows[-1][1]),
        "low": saying.price(low),
        "high": saying.price(high),
        "change": change,
    }
