"""What the people of the sample bank have arranged for the coming days: appointments, gifts and gestures."""

from datetime import datetime, time
from decimal import Decimal

from django.db.models import Case, Value, When

from bankcrm.sample.cast import MANAGERS
from interactions.models import Action, Appointment, Courtesy
from interactions.services import decide_courtesy, make_appointment, plan_courtesy, take_courtesy_step
from staff.models import User

PLACES = {
    "en": ("room 2 in the branch", "at the client's office"),
    "es": ("sala 2 de la oficina", "en el despacho del cliente"),
    "zh": ("支行二号洽谈室", "客户办公室"),
}
HOURS = (time(10), time(12, 30), time(16))
ANSWERS = (Appointment.Answer.CONFIRMED, Appointment.Answer.ASKED)
FLOWERS = {"en": "White peonies", "es": "Peonías blancas", "zh": "白牡丹"}
GIFTS = {
    "en": "A book about the Silk Road",
    "es": "Un libro sobre la Ruta de la Seda",
    "zh": "一本关于丝绸之路的书",
}
HAMPERS = {"en": "A hamper for the whole family", "es": "Una cesta para toda la familia", "zh": "全家福礼篮"}
PRAISE = {
    "en": "Thirty years with us: gladly",
    "es": "Treinta años con nosotros: con gusto",
    "zh": "三十年的老客户，同意",
}


def arrange() -> dict[str, int]:
    """Appointments for visits that are planned, and courtesies for birthdays that come; how many of each."""
    people = {user.staff_number: user for user in User.objects.select_related("branch")}
    done = {"appointments": 0, "courtesies": 0}
    for position, manager in enumerate(MANAGERS):
        user, language = people[manager.staff_number], manager.language[:2]
        ahead = Action.objects.visible_to(user).in_hand_of(user).filter(due_on__gte=user.today())
        ahead = ahead.select_related("client__branch", "client__tier").order_by("due_on", "pk")
        coming = ahead.filter(due_on__gt=user.today(), origin__in=("by_hand", "plan"))
        visits = coming.order_by(Case(When(channel="call", then=Value(1)), default=Value(0)), "due_on", "pk")
        for at, action in enumerate(visits[: len(HOURS)]):
            _meet(user, action, HOURS[at], PLACES[language][at % 2], (position + at) % 2)
            done["appointments"] += 1
        for at, action in enumerate(ahead.filter(source="birthday")[:3]):
            _give(user, action, (position + at) % 4, language)
            done["courtesies"] += 1
    return done


def _meet(user: User, action: Action, at: time, place: str, answer: int) -> None:
    """An appointment on the action's day, or the first working day after it."""
    branch = action.client.branch
    working = branch.working_calendar()
    make_appointment(
        actor=user,
        action=action,
        starts_at=datetime.combine(working.next_working(action.due_on), at, branch.zone),
        place=place,
        answer=ANSWERS[answer],
        channel="visit" if action.channel == "call" else action.channel,
    )


def _give(user: User, action: Action, which: int, language: str) -> None:
    """Flowers not ordered yet, a book on its way, or a hamper above the limit that waits or was approved."""
    tier = action.client.tier
    limit = tier.gift_limit if tier else Decimal(0)
    currency = tier.threshold_currency if tier else "USD"
    kind, what, cost = [
        (Courtesy.Kind.FLOWERS, FLOWERS[language], min(Decimal(35), limit)),
        (Courtesy.Kind.GIFT, GIFTS[language], min(Decimal(28), limit)),
        (Courtesy.Kind.GIFT, HAMPERS[language], limit + 60),
        (Courtesy.Kind.GIFT, HAMPERS[language], limit + 25),
    ][which]
    courtesy = plan_courtesy(actor=user, action=action, kind=kind, what=what, cost=cost, currency=currency)
    if which == 1:
        take_courtesy_step(actor=user, courtesy=courtesy, to=Courtesy.State.ORDERED)
    if which == 3:
        for supervisor in User.objects.nearest_supervisors(user.branch)[:1]:
            decide_courtesy(actor=supervisor, courtesy=courtesy, approve=True, reason=PRAISE[language])
