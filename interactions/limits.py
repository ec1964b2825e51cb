"""What to have before one's eyes when a limit was crossed: the purchase, the price, the product, whom it suits."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from common import saying
from interactions.models import Action, Source
from portfolio.models import LimitCrossing, Price
from portfolio.suitability import Suitability, suitability


@dataclass(frozen=True)
class Crossed:
    """The crossing behind an action with what the product costs now. `change` is a fraction of the price paid."""

    crossing: LimitCrossing
    price: Decimal
    priced_on: date
    change: Decimal | None
    suits: Suitability

    @property
    def is_loss(self) -> bool:
        return self.crossing.side == "loss"

    @property
    def facts(self) -> list[str]:
        """The purchase, the price then and now, the product: in sentences."""
        purchase = self.crossing.purchase
        product = purchase.product
        found = [
            _("Bought on %(date)s for %(currency)s %(amount)s.")
            % {
                "date": saying.day(purchase.bought_on),
                "currency": purchase.currency,
                "amount": saying.amount(purchase.amount),
            }
        ]
        price = {"price": saying.price(self.price), "date": saying.day(self.priced_on)}
        if self.change is None or purchase.unit_price is None:
            found.append(_("A unit costs %(price)s on %(date)s.") % price)
        else:
            sign = "+" if self.change > 0 else ""
            paid = {"paid": saying.price(purchase.unit_price), "change": sign + saying.rate(self.change)}
            found.append(
                _("A unit cost %(paid)s; on %(date)s it costs %(price)s, %(change)s.") % (price | paid)
            )
        if product.risk_level:
            found.append(_("Risk level %(level)s of 5.") % {"level": product.risk_level})
        if self.suits.words:
            found.append(self.suits.words)
        return found


def crossed_limit(action: Action, today: date) -> Crossed | None:
    """The last crossing that an action tells of; None where it is about something else, or never was one."""
    if action.source != Source.LIMIT:
        return None
    told = action.occurrences.filter(source=Source.LIMIT).order_by("-due_on").first()
    if told is None:
        return None
    _purchase, number, side, step = told.subject.split("/")
    crossing = (
        LimitCrossing.objects.standing()
        .filter(purchase__number=number, side=side, on=step.removeprefix("T-"), client=action.client_id)
        .select_related("purchase__product", "purchase__client")
        .first()
    )
    if crossing is None:
        return None
    purchase = crossing.purchase
    last = Price.objects.filter(product=purchase.product).order_by("-on").first()
    price, on = (last.price, last.on) if last else (crossing.price, crossing.on)
    paid = purchase.unit_price
    return Crossed(
        crossing,
        price,
        on,
        (price - paid) / paid if paid else None,
        suitability(purchase.client, purchase.product, today=today),
    )
