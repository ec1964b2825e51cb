"""The sample bank: the same wish gives the same bytes, everything hangs on its day, it loads once and only into demos."""

import unicodedata
from collections import Counter
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bankcrm.sample.cast import MANAGERS
from bankcrm.sample.dice import Dice
from bankcrm.sample.facts import facts_of
from bankcrm.sample.files import Wish, make_bank, write_files
from bankcrm.sample.loading import SampleRefused, load_sample
from bankcrm.sample.notes import ENDINGS, NOT_REACHED, NOTES, note
from clients.checks import checks as client_checks
from clients.introduced import introductions_of
from clients.models import (
    Client,
    Theme,
)
from common.models import SavedRun
from interactions.checks import checks as interaction_checks
from interactions.models import (
    Occurrence,
)
from metrics.checks import checks as metric_checks
from portfolio.checks import checks as portfolio_checks
from staff.models import Branch, User
from tests.factories import BranchFactory

DAY = date(2026, 8, 12)
CHECKS = (client_checks, portfolio_checks, interaction_checks, metric_checks)


@pytest.fixture(scope="module")
def made():
    """A bank of the usual size."""
    return make_bank(Wish(as_of=DAY))


def _files(folder, wish: Wish) -> dict[str, bytes]:
    folder.mkdir()
    return {kind: path.read_bytes() for kind, path in write_files(make_bank(wish), folder).items()}


@pytest.fixture
def load(db):
    """Loads a small sample bank, by default as of today, and returns what the command printed."""

    def _load(**options) -> str:
        out = StringIO()
        call_command("load_sample", stdout=out, **{"clients": 120, **options})
        return out.getvalue()

    return _load


# -- what is made up ------------------------------------------------------------------------------


def test_same_wish_gives_the_same_bytes(tmp_path):
    wish = Wish(as_of=DAY, clients=150, seed=7)
    assert _files(tmp_path / "one", wish) == _files(tmp_path / "two", wish)


@pytest.mark.parametrize(
    "other", [Wish(as_of=DAY, clients=150, seed=8), Wish(as_of=DAY + timedelta(days=1), clients=150, seed=7)]
)
def test_another_seed_or_day_gives_another_bank(tmp_path, other):
    before = _files(tmp_path / "one", Wish(as_of=DAY, clients=150, seed=7))
    after = _files(tmp_path / "two", other)
    assert {kind for kind in before if before[kind] != after[kind]} >= {"clients", "holdings", "contacts"}


@pytest.mark.parametrize("as_of", [DAY, date(2026, 3, 2), date(2028, 2, 29), date(2026, 12, 31)])
def test_every_manager_has_two_to_four_birthdays_ahead_and_one_yesterday(as_of):
    bank = make_bank(Wish(as_of=as_of, clients=600))
    week = {(as_of + timedelta(days=shift)).strftime("%m-%d") for shift in range(8)}
    yesterday = (as_of - timedelta(days=1)).strftime("%m-%d")
    ahead, just_gone = Counter(), Counter()
    for client in bank.clients:
        born = client.row.get("birth_date", "")
        if client.manager and client.is_person and born[:5] != "lunar":
            ahead[client.manager.staff_number] += born[-5:] in week
            just_gone[client.manager.staff_number] += born[-5:] == yesterday
    assert {manager.staff_number for manager in MANAGERS} == set(ahead)
    assert all(2 <= count <= 4 for count in ahead.values()), ahead
    assert set(just_gone.values()) == {1}


def test_every_manager_has_deposits_that_mature_today_tomorrow_and_in_five_days(made):
    managers = {client.number: client.manager for client in made.clients}
    days: dict[str, set[int]] = {manager.staff_number: set() for manager in MANAGERS}
    for row in made.rows["holdings"]:
        manager = managers[row["client_number"]]
        if manager and row["product_code"].startswith("TD") and row["status"] == "open":
            days[manager.staff_number].add((date.fromisoformat(row["matures_on"]) - DAY).days)
    assert all({0, 1, 5} <= found for found in days.values())
    assert all(any(7 < day <= 30 for day in found) for found in days.values())


def test_names_come_in_several_scripts_and_birthdays_in_all_their_forms(made):
    letters = "".join(row["name"] + row.get("native_name", "") for row in made.rows["clients"])
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in set(letters)}
    assert {"LATIN", "CJK", "HIRAGANA", "HANGUL", "ARABIC", "DEVANAGARI"} <= scripts
    assert set("Þłçñễßö") <= set(letters)
    born = [row.get("birth_date", "") for row in made.rows["clients"]]
    assert any(text.endswith("-02-29") for text in born)
    assert any(text.startswith("lunar:") for text in born)
    assert any(text.startswith("--") for text in born)
    assert max(len(row["name"]) for row in made.rows["clients"]) > 45


def test_a_year_of_contacts_in_working_hours_written_down_within_two_days(made):
    hours, reached, months = set(), Counter(), Counter()
    for row in made.rows["contacts"]:
        occurred = datetime.fromisoformat(row["occurred_at"])
        recorded = datetime.fromisoformat(row["recorded_at"])
        assert timedelta(minutes=5) <= recorded - occurred <= timedelta(days=2)
        assert DAY - timedelta(days=365) <= occurred.date() < DAY
        assert occurred.weekday() < 5
        hours.add(occurred.hour)
        months[row["occurred_at"][:7]] += 1
        if row["direction"] == "out":
            reached[row["staff_number"], row["result"] == "reached"] += 1
    assert hours == set(range(9, 18))
    assert len(months) in (12, 13)
    attempts, met = sum(reached.values()), sum(n for (_who, is_met), n in reached.items() if is_met)
    assert 0.55 <= met / attempts <= 0.65
    rates = {who: reached[who, True] / (reached[who, True] + reached[who, False]) for who, _met in reached}
    assert rates["2011"] - rates["2012"] > 0.15  # one does well, one is overloaded


def test_key_clients_are_known_by_three_to_seven_facts_in_the_language_of_the_place(made):
    for client in made.clients:
        facts = facts_of(client, 1)
        if client.is_person and client.tier == "private" and client.status == "active":
            assert 2 <= len(facts) <= 7  # of the same said twice, one is left
        chinese = [any("CJK" in unicodedata.name(c, "") for c in value) for _kind, value, _learnt in facts]
        assert all(chinese) if client.place.code == "SHA" else not any(chinese)
    known = Counter(row["client_number"] for row in made.rows["facts"])
    assert max(known.values()) <= 7


def test_dates_consents_and_agreements_are_of_key_clients_mostly(made):
    tiers = {client.number: client.tier for client in made.clients}
    dates = made.rows["dated_facts"]
    assert {row["kind"] for row in dates} == {"wedding", "birthday"}
    assert any(row["date"].startswith("lunar:") for row in dates)
    asked = {row["client_number"] for row in made.rows["consents"]}
    assert sum(tiers[n] != "standard" for n in asked) / sum(t != "standard" for t in tiers.values()) > 0.85
    assert sum(row["granted"] == "no" for row in made.rows["consents"]) > 1000
    agreed = {row["client_number"] for row in made.rows["agreements"]}
    assert 0.15 < len(agreed) / sum(t != "standard" for t in tiers.values()) < 0.25


def test_families_share_a_name_and_one_a_place_is_in_two_books(made):
    clients = {client.number: client for client in made.clients}
    apart = Counter()
    for row in made.rows["relations"]:
        one, other = clients[row["client_number"]], clients[row["related_client_number"]]
        if row["relation"] == "owner":
            assert (one.kind, other.kind) == ("organisation", "person")
            continue
        names = [client.row["family_name"].split(" ")[0] for client in (one, other)]
        assert names[0] == names[1]
        if one.manager != other.manager:
            apart[one.place.code, row["household_code"]] += 1
    assert {place for place, _code in apart} <= {"MAD", "SHA", "MEX"}
    assert 1 <= len(apart) <= 3


def test_purchases_of_two_years_name_their_reversals(made):
    rows = {row["purchase_number"]: row for row in made.rows["purchases"]}
    assert len(rows) == len(made.rows["purchases"])
    back = [row for row in rows.values() if row.get("reverses_purchase_number")]
    assert 5 < len(back) < 100
    for row in back:
        wrong = rows[row["reverses_purchase_number"]]
        assert (wrong["client_number"], wrong["amount"]) == (row["client_number"], row["amount"])
        assert wrong["bought_on"] < row["bought_on"] < DAY.isoformat()
    months = {row["bought_on"][:7] for row in rows.values()}
    assert len(months) in (24, 25)


def test_some_clients_were_not_reached_for_four_months(made):
    last: dict[str, str] = {}
    for row in made.rows["contacts"]:
        if row["result"] == "reached":
            last[row["client_number"]] = row["occurred_at"][:10]
    before = (DAY - timedelta(days=120)).isoformat()
    neglected = [
        c for c in made.clients if c.is_active and c.tier == "gold" and last.get(c.number, "") < before
    ]
    assert 10 < len(neglected) < 150


def test_books_hold_about_two_hundred_and_a_handful_has_no_manager(made):
    books = Counter(client.manager.staff_number if client.manager else "" for client in made.clients)
    assert books.pop("") == 9
    assert len(books) == 12
    assert all(150 < size < 300 for size in books.values())


@pytest.mark.parametrize("language", ["en", "es", "zh"])
def test_every_wording_of_a_note_can_be_filled(language):
    dice = Dice("notes")
    for theme, wordings in NOTES[language].items():
        for _wording in range(len(wordings) * 12):
            assert "{" not in note(dice, language, theme, "reached", "5,000 EUR")
    for result, wordings in NOT_REACHED[language].items():
        for _wording in range(len(wordings) * 6):
            assert "{" not in note(dice, language, "review", result, "5,000 EUR")
    assert ENDINGS[language]


# -- what is loaded -------------------------------------------------------------------------------


def test_a_merchant_of_each_place_brought_twelve_and_one_of_them_began_a_chain(load):
    load(clients=400)
    merchants = Client.objects.filter(kind="organisation", introductions_made__isnull=False).distinct()
    assert merchants.count() == len({manager.branch for manager in MANAGERS})
    for merchant in merchants:
        tree = introductions_of(merchant)
        assert Counter(one.depth for one in tree.brought) == {1: 12, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}
        manager = merchant.assignments.get(role="primary", to_on=None).manager
        assert 0 < Client.objects.visible_to(manager).filter(pk__in=tree.ids()).count() < 17


def test_load_cut_off_half_way_is_completed_with_its_own_day_and_size(load, monkeypatch):
    def _killed(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bankcrm.sample.loading.work_by_hand", _killed)
        with pytest.raises(KeyboardInterrupt):
            load(as_of=timezone.localdate() - timedelta(days=2))
    assert SavedRun.objects.get(job="sample").finished_at is None
    assert not Occurrence.objects.exists()
    assert "already in" in load(clients=90)
    assert Client.objects.count() == 120
    assert SavedRun.objects.get(job="sample").on == timezone.localdate() - timedelta(days=2)
    assert SavedRun.objects.get(job="sample").finished_at is not None


def test_production_is_refused(db, settings):
    settings.PRODUCTION = True
    with pytest.raises(SampleRefused):
        load_sample(wish=Wish(as_of=timezone.localdate(), clients=90), say=lambda line: None)
    with pytest.raises(CommandError):
        call_command("load_sample")
    with pytest.raises(CommandError):
        call_command("demo_logins")
    assert not User.objects.exists()


def test_bank_with_data_of_its_own_is_refused(db):
    BranchFactory(code="OURS")
    with pytest.raises(CommandError, match="already holds data"):
        call_command("load_sample")
    assert list(Branch.objects.values_list("code", flat=True)) == ["OURS"]


def test_day_that_has_not_come_is_refused(load):
    with pytest.raises(CommandError, match="has not come"):
        load(as_of=timezone.localdate() + timedelta(days=3))
    assert not SavedRun.objects.exists()


def test_no_logins_are_printed_where_the_sample_is_not_loaded(db):
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert "not loaded" in out.getvalue()


def test_themes_of_contacts_are_those_of_the_catalogue(made, db):
    used = {row["theme"] for row in made.rows["contacts"]}
    assert used <= set(Theme.objects.values_list("code", flat=True))
    assert {"birthday", "maturity", "review", "complaint"} <= used
