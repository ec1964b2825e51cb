"""What became of the sample bank's maturities of the last year, why money left, and news of the market."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from bankcrm.sample.cast import MANAGERS
from bankcrm.sample.dice import Dice
from bankcrm.sample.files import Bank
from interactions.services.markets import open_market_event
from portfolio.models import Holding, MaturityCase, MaturityPart, Movement, MovementReason, Product
from portfolio.noticing import explain_movement
from staff.models import Role, User

YEAR = timedelta(days=365)
STILL_OPEN = timedelta(days=25)  # of what matured since then much is not written down yet
HUNDRED = Decimal(100)
OUTCOMES = {"renewed": 52, "moved": 20, "parts": 14, "withdrawn": 8, "lost": 6}
REASONS = {"rate": 4, "spending": 3, "business": 2, "service": 1, "product": 1, "family": 1}
NEWS = {
    "en": (
        "Equities fell sharply",
        "Say first that you have seen it. Then: what the fund holds, why it fell, and that"
        " a fund is bought for years. Whoever is below the loss limit decides today.",
    ),
    "es": (
        "Caída fuerte de la bolsa",
        "Primero: que lo hemos visto. Después: qué tiene el fondo, por qué ha caído, y que"
        " un fondo se compra para años. Quien está bajo su límite de pérdida decide hoy.",
    ),
    "zh": (
        "股市大跌",
        "先说明我们已经注意到。再讲：基金持有什么、为什么下跌，基金是长期投资。跌破止损线的客户请今天决定。",
    ),
}
FELL = {"en": "FWE-USD", "es": "FAE-MXN", "zh": "FJE-CNY"}


def mature(bank: Bank) -> dict[str, int]:
    """Cases of the last year with their outcomes, reasons of large outflows, one event a region."""
    people = {user.staff_number: user for user in User.objects.select_related("branch")}
    return {
        "maturities": _cases(bank),
        "reasons": _reasons(bank, people),
        "market events": _news(people),
    }


def _cases(bank: Bank) -> int:
    random, as_of = Dice(f"{bank.wish.seed}/maturities"), bank.wish.as_of
    ended = Holding.objects.filter(status="matured", matures_on__range=(as_of - YEAR, as_of))
    ended = ended.select_related("product", "client__branch").order_by("number")
    targets = {
        product.currency: product
        for product in Product.objects.filter(kind="wealth_product", sale_to=None).order_by(
            "-risk_level", "code"
        )
    }
    calendars, parts = {}, []
    cases = []
    for holding in ended:
        branch = holding.client.branch
        working = calendars.setdefault(branch.pk, branch.working_calendar())
        case = MaturityCase(
            holding=holding,
            client=holding.client,
            matures_on=holding.matures_on,
            effective_on=working.next_working(holding.matures_on),
            principal=holding.principal,
            currency=holding.currency,
            opened_on=holding.matures_on - timedelta(days=30),
        )
        cases.append(case)
        if as_of - holding.matures_on < STILL_OPEN and random.random() < 0.6:
            continue
        case.settled_at = datetime.combine(
            case.effective_on + timedelta(days=random.randint(0, 3)), time(15), branch.zone
        )
        parts += _parts(random, case, targets.get(holding.currency))
        if random.random() < 0.12:
            case.brought_amount = Decimal(random.randint(2, 30) * 1000)
            case.brought_from = "Banco del Faro"
    MaturityCase.objects.bulk_create(cases, batch_size=1000)
    MaturityPart.objects.bulk_create(parts, batch_size=1000)
    return len(cases)


def _parts(random: Dice, case: MaturityCase, target: Product | None) -> list[MaturityPart]:
    outcome = random.pick(OUTCOMES)
    if outcome == "moved" and target is None:
        outcome = "renewed"
    shares = {outcome: case.principal}
    if outcome == "parts":
        kept = (case.principal * random.randint(30, 80) / HUNDRED).quantize(Decimal("0.01"))
        shares = {"renewed": kept, "withdrawn": case.principal - kept}
    into = {"renewed": case.holding.product, "moved": target}
    return [
        MaturityPart(case=case, outcome=what, amount=amount, currency=case.currency, product=into.get(what))
        for what, amount in shares.items()
    ]


def _reasons(bank: Bank, people: dict[str, User]) -> int:
    """Every other account manager has asked why, for some of what left."""
    random, count = Dice(f"{bank.wish.seed}/reasons"), 0
    for manager in MANAGERS[::2]:
        user = people[manager.staff_number]
        left = (
            Movement.objects.editable_by(user).external().filter(direction="out").order_by("-booked_on", "pk")
        )
        for movement in left[2:10]:
            reason = MovementReason.Reason(random.pick(REASONS))
            explain_movement(
                actor=user, movement=movement, reason=reason, competitor=movement.counterparty_bank
            )
            count += 1
    return count


def _news(people: dict[str, User]) -> int:
    """Supervisors have their people call the holders of the fund that fell in the region."""
    count = 0
    for user in sorted(people.values(), key=lambda one: one.staff_number):
        language = (user.language or "en")[:2]
        product = Product.objects.filter(code=FELL.get(language, "")).first()
        if user.role == Role.SUPERVISOR and user.is_active and product is not None:
            title, why = NEWS[language]
            open_market_event(
                actor=user, title=title, why=why, products=[product], until=user.today() + timedelta(days=5)
            )
            count += 1
    return count
