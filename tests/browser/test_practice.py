"""The four cases of the practice, played from start to end on the sample bank: weeks pass, core banking delivers."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db.models import Exists, OuterRef
from django.utils import timezone
from playwright.sync_api import TimeoutError

from bankcrm.sample.cast import ADMINISTRATOR
from bankcrm.sample.files import Wish
from bankcrm.sample.loading import load_sample
from clients.models import Client, Consent, Tier
from corebanking.models import ImportJob
from corebanking.services import import_path
from interactions.models import Action, Courtesy, Promise, Referral, ServiceCase
from interactions.services import raise_due
from portfolio.models import ClientAssets, MaturityCase
from staff.models import User

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 8, 12)
DESK, AMAIA, SUPERVISOR, PLANNER = "2002", "2011", "2001", "2014"


class Bank:
    """The sample bank in Madrid as it goes on: who sits at which screen, what day it is, what core delivers."""

    def __init__(self, open_as, client, folder, monkeypatch):
        self.open_as, self.cookies, self.folder, self.files = open_as, client.cookies, folder, 0
        self.now = datetime(2026, 8, 12, 8, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: self.now)

    @property
    def today(self) -> date:
        return self.now.date()

    def sits(self, staff_number: str, *, width: int = 1280):
        """A page of a person; whoever sat there before has gone."""
        self.cookies.clear()
        return self.open_as(User.objects.get(staff_number=staff_number), width=width)

    def until(self, day: date) -> None:
        """Time passes, and the morning of the day comes."""
        self.now = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        raise_due()

    def core(self, kind: str, head: str, *rows: str) -> None:
        """Core banking delivers a file of today."""
        self.files += 1
        path = self.folder / f"{self.files}-{kind}.csv"
        path.write_text("\n".join([head, *rows]) + "\n")
        actor = User.objects.get(staff_number=ADMINISTRATOR.staff_number)
        job = import_path(actor=actor, kind=kind, path=path, source_date=self.today)
        assert job.state == ImportJob.State.COMMITTED, job.refusal or job.errors_path

    def deposit(
        self, number: str, client: Client, principal: int, opened: date, matures: date, **more
    ) -> None:
        row = {"auto_renew": "no", "status": "open"} | more
        self.core(
            "holdings",
            "holding_number,client_number,product_code,opened_on,matures_on,principal,currency,as_of,auto_renew,status",
            f"{number},{client.number},TD03-EUR,{opened},{matures},{principal},EUR,{self.today},"
            f"{row['auto_renew']},{row['status']}",
        )

    def balance(self, client: Client, deposits: int) -> None:
        self.core("rates", "date,currency,rate", f"{self.today},EUR,0.92")
        self.core(
            "balances",
            "client_number,as_of,currency,deposits,investments,loans",
            f"{client.number},{self.today},EUR,{deposits},0,0",
        )


@pytest.fixture
def clocks(monkeypatch):
    """Times that rows are given by default come from the clock of the test as well."""
    fields = [
        field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.default is timezone.now
    ]

    def forget():
        for field in fields:
            field.__dict__.pop("_get_default", None)

    for field in fields:
        monkeypatch.setattr(field, "default", lambda: timezone.now())
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def bank(open_as, client, tmp_path, monkeypatch, clocks):
    played = Bank(open_as, client, tmp_path, monkeypatch)
    load_sample(wish=Wish(as_of=DAY, clients=260), say=lambda _line: None)
    User.objects.update(language="en")  # the words below are English
    return played


def quiet_client(staff_number: str, nth: int = 0) -> Client:
    """A person of somebody's book with a phone, of whom nothing else is on the list."""
    user = User.objects.get(staff_number=staff_number)
    busy = Action.objects.filter(client=OuterRef("pk"), state="planned").exclude(origin="plan")
    cases = ServiceCase.objects.filter(client=OuterRef("pk"), closed_at=None)
    held = Client.objects.filter(
        ~Exists(busy),
        ~Exists(cases),
        assignments__manager=user,
        assignments__role="primary",
        assignments__to_on=None,
        kind="person",
        status="active",
        is_restricted=False,
        contact_points__kind="phone",
        contact_points__is_primary=True,
    )
    return held.distinct().order_by("number")[nth]


def save(page) -> None:
    page.keyboard.press("Control+Enter")
    told(page)


def told(page) -> None:
    """Wait for the line that says what was saved; else the failure shows what the page says."""
    try:
        page.wait_for_selector(".told", timeout=5_000)
    except TimeoutError:
        pytest.fail(page.locator("body").inner_text())


def log_call(page, client: Client, words: str, action: Action | None = None, **fields) -> None:
    """Log a reached call, as an answer to an action where there is one."""
    page.goto(f"/contacts/log/?client={client.number}" + (f"&action={action.pk}" if action else ""))
    page.fill("#id_note", words)
    for name, value in fields.items():
        field = page.locator(f"#id_{name}")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    save(page)


def find_at_the_desk(bank: Bank, client: Client):
    page = bank.sits(DESK)
    page.goto("/counter/")
    page.fill("#id_typed", client.contact_points.get(kind="phone", is_primary=True).value)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{client.name}')")
    return page


def waiting(client: Client, source: str) -> Action:
    return Action.objects.get(client=client, source=source, state="planned")


def on_today(bank: Bank, staff_number: str, client: Client, words: str):
    page = bank.sits(staff_number)
    page.goto("/today/")
    row = page.locator("li[data-row]").filter(has_text=client.name).filter(has_text=words)
    assert row.count() == 1, page.locator("main").inner_text()
    return page


def test_the_four_cases_are_played_from_start_to_end(bank):
    overheard_deposit(bank)
    birthday_of_a_stranger(bank)
    shoe_merchant(bank)
    broken_two_days_early(bank)


def overheard_deposit(bank: Bank) -> None:
    """A remark in the lobby becomes a call at the right time, a renewal, and money from other banks."""
    client = quiet_client(AMAIA)
    matures = date(2026, 8, 27)
    bank.deposit("OVER-1", client, 150_000, DAY - timedelta(days=77), matures)
    desk = find_at_the_desk(bank, client)
    assert "matures in 15 days" in desk.locator("main").inner_text()
    desk.fill("#id_text", "The deposit falls due end of August")
    desk.check("input[name=kind][value=promise]", force=True)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("text=On Today from Tuesday 25 August, due by Monday 31 August.")
    desk.locator("#id_text").focus()
    save(desk)
    promise = Promise.objects.get(client=client)
    assert (promise.opens_on, promise.due_on) == (date(2026, 8, 25), date(2026, 8, 31))

    bank.until(date(2026, 8, 28))
    page = on_today(bank, AMAIA, client, "The deposit falls due end of August")
    log_call(
        page,
        client,
        "He renews, and asks about money that lies elsewhere",
        waiting(client, "promise"),
        learnt_0="300,000 with Banco del Faro",
        learnt_type_0="assets_elsewhere",
        interest="kind/term_deposit",
        interest_amount="300000",
    )
    assert Promise.objects.with_kept().get(pk=promise.pk).is_kept

    # Core banking goes on with the deposit, and the money comes.
    bank.deposit("OVER-1", client, 150_000, DAY - timedelta(days=77), date(2026, 11, 27))
    bank.core(
        "movements",
        "movement_number,client_number,booked_on,amount,currency,direction,counterparty_bank,external",
        f"IN-1,{client.number},{bank.today},300000.00,EUR,in,Banco del Faro,yes",
    )
    bank.until(date(2026, 8, 31))
    case = MaturityCase.objects.get(holding__number="OVER-1", matures_on=matures)
    assert [(part.outcome, part.amount) for part in case.parts.all()] == [("renewed", Decimal(150_000))]
    page = bank.sits(AMAIA)
    page.goto(f"/portfolio/maturities/{case.pk}/")
    page.fill("#id_brought_amount", "300000")
    page.fill("#id_brought_from", "Banco del Faro")
    save(page)
    case.refresh_from_db()
    assert (case.brought_amount, case.brought_from) == (300_000, "Banco del Faro")
    page.goto("/portfolio/?show=moved")
    assert page.locator("tr").filter(has_text=client.name).filter(has_text="300,000").count() == 1

    # What the branch cannot do today is kept as a memo; flowers for his restaurant; the birthday he forgets.
    page.goto(f"/client/{client.number}/case/open/")
    page.check("input[name=kind][value=unmet_need]", force=True)
    page.fill("#id_text", "A card terminal for the restaurant he opens in September")
    save(page)
    assert ServiceCase.objects.get(client=client).kind == "unmet_need"
    page.goto(f"/actions/plan/?client={client.number}")
    page.fill("#id_about", "Opening of the restaurant")
    page.fill("#id_due_on", "2026-09-10")
    save(page)
    opening = Action.objects.get(client=client, about="Opening of the restaurant")
    page.goto(f"/actions/{opening.pk}/courtesy/")
    page.select_option("#id_kind", "flowers")
    page.fill("#id_what", "White peonies")
    page.fill("#id_cost", "40")
    save(page)
    assert Courtesy.objects.get(action=opening).state in ("planned", "waiting")
    page.goto(f"/client/{client.number}/dates/add/")
    page.select_option("#id_kind", "birthday")
    page.fill("#id_day", "15")
    page.fill("#id_month", "9")
    page.fill("#id_year", "1961")
    page.keyboard.press("Control+Enter")
    page.wait_for_load_state("networkidle")
    bank.until(date(2026, 9, 15))
    on_today(bank, AMAIA, client, "turns 65")


def birthday_of_a_stranger(bank: Bank) -> None:
    """A birthday read from a card brings a call, a product that suits, a visit, and a planner."""
    page = bank.sits(AMAIA)
    page.goto("/clients/add/")
    page.fill("#id_name", "Inmaculada Forner")
    page.fill("#id_phone", "+34 600 777 123")
    page.fill("#id_born_on", "1968-10-20")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/client/*/")
    client = Client.objects.get(name="Inmaculada Forner")
    Consent.objects.create(
        client=client,
        channel="call",
        purpose="care",
        granted=True,
        source="branch",
        by=User.objects.get(staff_number=AMAIA),
    )

    bank.until(date(2026, 10, 20))
    page = on_today(bank, AMAIA, client, "turns 58")
    log_call(
        page,
        client,
        "A deposit of more than a million has just matured elsewhere",
        waiting(client, "birthday"),
        learnt_0="A deposit that matured at First Quay Bank",
        learnt_type_0="assets_elsewhere",
        interest="kind/term_deposit",
        interest_amount="1000000",
        next_about="Precious-metals weekend: fetch her from home",
        next_on="2026-10-24",
    )
    page.goto(f"/client/{client.number}/opportunities/")
    assert "1,000,000" in page.locator("main").inner_text()

    # She comes, and brings it; the bank notices that she has grown out of her tier.
    bank.until(date(2026, 10, 24))
    fetched = Action.objects.get(client=client, about__startswith="Precious-metals")
    log_call(bank.sits(AMAIA), client, "She enjoyed the weekend and wants a plan", fetched)
    for day in (date(2026, 10, 26), date(2026, 11, 10), date(2026, 11, 26)):
        bank.until(day)
        bank.balance(client, 1_100_000)
    bank.until(date(2026, 11, 26))
    assert ClientAssets.objects.get(client=client).over_tier == Tier.objects.get(code="private")
    page = on_today(bank, AMAIA, client, "Has grown into the tier")
    row = page.locator("li[data-row]").filter(has_text=client.name).filter(has_text="Has grown")
    row.click(position={"x": 300, "y": 12})
    row.locator("a:has-text('Lead to a specialist')").click()
    page.wait_for_selector(".log #id_to")
    page.select_option("#id_to", label=User.objects.get(staff_number=PLANNER).name)
    page.fill("#id_reason", "A plan for a million, after the weekend")
    page.click(".log [data-save]")
    told(page)
    referral = Referral.objects.get(client=client)
    page = bank.sits(PLANNER)
    page.goto("/referrals/")
    page.locator("li, tr").filter(has_text=client.name).locator("button:has-text('Accept')").click()
    told(page)
    referral.refresh_from_db()
    assert referral.state == "accepted"
    page.goto(f"/client/{client.number}/")
    assert page.locator("h1").inner_text().startswith(client.name)


def shoe_merchant(bank: Bank) -> None:
    """Trust that was lost comes back: figures, patience, his wife at the lecture, and the friends he brings."""
    client, friend = quiet_client(AMAIA, 1), quiet_client(AMAIA, 2)
    bank.balance(client, 80_000)
    page = bank.sits(AMAIA)
    page.goto(f"/client/{client.number}/case/open/")
    page.check("input[name=kind][value=loss]", force=True)
    page.fill("#id_text", "Lost money with a fund and says that he trusts nobody any more")
    save(page)
    case = ServiceCase.objects.get(client=client)
    for words in ("Heard him out for an hour", "Showed him the figures, year by year", "Half into deposits"):
        page.goto(f"/cases/{case.pk}/")
        page.fill("#id_note", words)
        page.click("form [data-save]")
        told(page)
    assert [step.step for step in case.steps.order_by("pk")] == ["listened", "answered", "proposed"]

    bank.until(bank.today + timedelta(days=14))
    log_call(
        bank.sits(AMAIA),
        client,
        "The trouble is at home: his wife follows economists",
        learnt_0="His wife reads economists and would come to a lecture",
        learnt_type_0="family",
    )
    page = bank.sits(AMAIA)
    page.goto("/clients/add/")
    page.fill("#id_name", "Begoña Larrauri")
    page.fill("#id_phone", "+34 600 777 456")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/client/*/")
    wife = Client.objects.get(name="Begoña Larrauri")
    page.goto(f"/client/{wife.number}/facts/add/?type=interest")
    page.fill("#id_value", "Follows economists")
    save(page)
    page.goto(f"/client/{client.number}/relations/add/")
    page.fill("#id_who", wife.number)
    page.select_option("#id_kind", "spouse")
    save(page)
    page.goto(f"/client/{client.number}/people/")
    page.click("text=Plan a joint invitation")
    page.wait_for_selector("#id_due_on")
    assert "Follows economists" in page.input_value("#id_about")
    page.fill("#id_due_on", str(bank.today + timedelta(days=9)))
    save(page)
    invitation = Action.objects.get(client=client, about__contains="Begoña Larrauri")
    log_call(bank.sits(AMAIA), client, "Both come to the lecture", invitation)
    page = bank.sits(AMAIA)

    page.goto(f"/cases/{case.pk}/")
    page.fill("#id_note", "Content, and proud of the lecture")
    page.click("form [data-save]")
    told(page)
    page.goto(f"/cases/{case.pk}/close/")
    page.check("input[name=outcome][value=grew]", force=True)
    save(page)
    case.refresh_from_db()
    assert case.outcome == "grew"

    page.goto(f"/client/{friend.number}/introducer/")
    page.fill("#id_who", client.number)
    save(page)
    page.goto(f"/client/{client.number}/introductions/")
    assert friend.name in page.locator("main").inner_text()


def broken_two_days_early(bank: Bank) -> None:
    """The card warns before a deposit is broken; where it happens all the same, the case makes it good."""
    client = quiet_client(PLANNER)
    matures = bank.today + timedelta(days=2)
    while matures.weekday() >= 5:
        matures += timedelta(days=1)
    bank.deposit("EARLY-1", client, 40_000, bank.today - timedelta(days=89), matures)
    bank.core(
        "balances",
        "client_number,as_of,currency,deposits,investments,loans",
        f"{client.number},{bank.today - timedelta(days=3)},EUR,60000,0,0",
    )
    bank.until(bank.today)
    desk = find_at_the_desk(bank, client)
    assert "Before that, say what breaking it early would cost." in desk.locator("main").inner_text()
    page = bank.sits(PLANNER)
    page.goto(f"/client/{client.number}/portfolio/")
    assert "Broken before that day it loses interest." in page.locator("main").inner_text()

    # The teller has not looked.
    bank.deposit("EARLY-1", client, 40_000, bank.today - timedelta(days=89), matures, status="closed")
    bank.balance(client, 20_000)
    bank.until(bank.today)
    case = MaturityCase.objects.get(holding__number="EARLY-1")
    assert case.broken_on == bank.today
    page = bank.sits(PLANNER)
    page.goto("/portfolio/?show=outcome")
    assert "ended early" in page.locator("tr").filter(has_text=client.name).inner_text()
    page.goto(f"/portfolio/maturities/{case.pk}/")
    page.fill("#id_lost", "40000")
    save(page)

    page.goto(f"/client/{client.number}/case/open/")
    page.check("input[name=kind][value=complaint]", force=True)
    page.fill("#id_text", "Nobody told her that two days more would have saved the interest")
    save(page)
    complaint = ServiceCase.objects.get(client=client)
    for words in ("Over tea", "Apologised: the teller should have said it", "A gold card, and a better term"):
        page.goto(f"/cases/{complaint.pk}/")
        page.fill("#id_note", words)
        page.click("form [data-save]")
        told(page)
    bank.until(bank.today + timedelta(days=20))
    bank.balance(client, 75_000)
    page = bank.sits(PLANNER)
    page.goto(f"/cases/{complaint.pk}/")
    assert "It was whole again on" in page.locator("main").inner_text()
    page.fill("#id_note", "Satisfied: she brings her sister")
    page.click("form [data-save]")
    told(page)
    page.goto(f"/cases/{complaint.pk}/close/")
    page.check("input[name=outcome][value=grew]", force=True)
    save(page)
    complaint.refresh_from_db()
    assert complaint.outcome == "grew"
    page = bank.sits(SUPERVISOR)
    page.goto("/dashboard/")
    assert page.locator("h1").count() == 1
