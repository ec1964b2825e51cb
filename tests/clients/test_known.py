"""Everything known on one page, each part changed by a small form, and each change taken back."""

import re
from datetime import timedelta

import pghistory
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from clients import checks
from clients.models import (
    ContactPoint,
    CoreValue,
    DatedFact,
    Fact,
    FactChange,
    FactType,
    Household,
    HouseholdMember,
    Relation,
    Tier,
)
from clients.services import (
    Learnt,
    accept_core_value,
    add_contact_point,
    change_fact,
    ignore_core_value,
    learn,
    relate,
    take_back,
    write_dated_fact,
)
from common.models import AuditEntry
from tests.factories import ClientFactory

INTEREST = "interest"


def type_of(code: str) -> FactType:
    return FactType.objects.get(code=code)


def known_of(client) -> str:
    return reverse("client-known", args=[client.number])


@pytest.fixture
def tea(alice, carla):
    (fact,) = learn(actor=alice, client=carla, learnt=[Learnt(type_of(INTEREST), "Green tea")])
    return fact


def test_page_shows_all_with_its_source_and_masks_what_is_to_be_masked(signed_in, alice, carla, tea):
    write_dated_fact(
        actor=alice, client=carla, kind="birthday", month=4, day=15, year=1972, calendar="lunar",
        is_leap_month=True,
    )  # fmt: skip
    learn(actor=alice, client=carla, learnt=[Learnt(type_of("goal"), "A flat", 250_000, "EUR")])
    page = signed_in(alice).get(known_of(carla)).content.decode()
    for said in (
        "Green tea", "Alice, ", "day 15 of leap month 4 of the lunar year 1972", "A flat", "250,000",
        "+34 ••• ••• 222", "c•••••@x.example", "What is needed next?",
    ):  # fmt: skip
        assert said in page, said
    assert "+34600111222" not in page
    assert "carla@x.example" not in page
    assert AuditEntry.objects.filter(actor_id=alice.pk, act="read", detail="known").count() == 1


def test_asking_and_completeness_follow_the_weights(signed_in, alice, carla, tea):
    page = signed_in(alice).get(known_of(carla)).content.decode()
    weights = sum(FactType.objects.values_list("weight", flat=True))
    assert f"{round(100 * type_of(INTEREST).weight / weights)}%" in page
    asked = re.findall(r'<ul class="ask">(.*?)</ul>', page, re.S)[0]
    assert "type=phone" in asked
    assert "type=interest" not in asked
    assert "founded" not in page  # nobody asks a person for a founding day


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_page_costs_at_most_twelve_queries_however_much_is_known(
    signed_in, cast, alice, bob, carla, nina, django_assert_max_num_queries, person
):
    def more(n):
        interest = type_of(INTEREST)
        facts = [Fact(client=carla, type=interest, value=f"Likes {at}/{n}") for at in range(n)]
        slots = [f"fact/{fact.pk}" for fact in Fact.objects.bulk_create(facts)]
        FactChange.objects.bulk_create(
            FactChange(
                client=carla, fact_type=interest, slot=slot, new_hash="x", by_kind="staff", actor=alice
            )
            for slot in slots
        )
        points = [ContactPoint(client=carla, kind="phone", value=f"+3460{n:03}{at:04}") for at in range(n)]
        ContactPoint.objects.bulk_create(points)
        dates = [DatedFact(client=carla, kind="other", person=f"{n}/{at}", month=5, day=1) for at in range(n)]
        DatedFact.objects.bulk_create(dates)
        CoreValue.objects.bulk_create(
            CoreValue(client=carla, field=f"{n}/{at}", value="x") for at in range(n)
        )
        Relation.objects.bulk_create(
            Relation(client=carla, kind="friend", person=f"{n}/{at}") for at in range(n)
        )
        HouseholdMember.objects.bulk_create(
            HouseholdMember(household=household, person=f"{n}/{at}") for at in range(n)
        )

    household = Household.objects.create(name="Núñez")
    HouseholdMember.objects.create(household=household, client=carla)
    relate(actor=bob, client=carla, kind="spouse", other=nina)
    more(2)
    browser = signed_in(cast[person])
    browser.get(known_of(carla))
    with django_assert_max_num_queries(12) as few:
        browser.get(known_of(carla))
    more(40)
    with django_assert_max_num_queries(12) as many:
        assert b"Likes 39/40" in browser.get(known_of(carla)).content
    assert len(many) == len(few)


def test_fact_is_added_as_a_page_and_as_a_panel_and_taken_back(signed_in, alice, carla):
    browser = signed_in(alice)
    address = reverse("fact-add", args=[carla.number])
    page = browser.get(f"{address}?type=decides").content.decode()
    assert "<h1" in page
    assert '<option value="decides" selected>' in page
    assert "Who decides about money at home?" in page
    part = browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'role="dialog"' in part
    answer = browser.post(address, {"type": "decides", "value": "Her sister", "next": "/today/"})
    assert (answer.status_code, answer.url) == (302, "/today/")
    fact = Fact.objects.get(client=carla)
    assert (fact.value, fact.learnt_on) == ("Her sister", alice.today())
    undo = browser.session["told"]["undo_url"]
    assert browser.post(undo).url == "/today/"
    assert not Fact.objects.filter(client=carla).exists()
    assert [c.new_hash == "" for c in FactChange.objects.filter(client=carla).order_by("pk")] == [False, True]


def test_panel_that_comes_from_the_page_itself_keeps_its_place(signed_in, alice, carla):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{known_of(carla)}"}
    body = {"type": INTEREST, "value": "Tea"}
    answer = signed_in(alice).post(reverse("fact-add", args=[carla.number]), body, headers=headers)
    assert (answer.status_code, answer.get("HX-Refresh")) == (204, "true")
    headers["HX-Current-URL"] = "http://testserver/today/"
    body = {"type": INTEREST, "value": "Opera"}
    answer = signed_in(alice).post(reverse("fact-add", args=[carla.number]), body, headers=headers)
    assert answer["HX-Redirect"] == known_of(carla)


def test_what_is_wrong_stands_beside_its_field(signed_in, alice, carla):
    browser = signed_in(alice)
    wrong = [
        ("fact-add", {"type": INTEREST, "value": ""}, "id_value_error"),
        ("fact-add", {"type": "phone", "value": "+34 600"}, "id_type_error"),
        ("fact-add", {"type": INTEREST, "value": "x", "amount": "5", "currency": "12"}, "three letters"),
        ("fact-add", {"type": INTEREST, "value": "x", "amount": "-5"}, "id_amount_error"),
        ("point-add", {"kind": "phone", "value": "12"}, "country code"),
        ("point-add", {"kind": "email", "value": "nobody"}, "valid email"),
        ("date-add", {"kind": "birthday", "calendar": "gregorian", "day": 31, "month": 2}, "no such day"),
        ("date-add", {"kind": "birthday", "calendar": "lunar", "day": 31, "month": 2}, "30 days"),
        ("date-add", {"kind": "birthday", "calendar": "gregorian", "day": 3}, "Give day and month"),
        ("date-add", {"kind": "birthday", "calendar": "gregorian", "day": 1, "month": 1, "is_leap_month": "on"},
         "Only the lunar"),
    ]  # fmt: skip
    for name, body, said in wrong:
        answer = browser.post(reverse(name, args=[carla.number]), body)
        assert answer.status_code == 422, body
        assert said in answer.content.decode(), body
    assert not Fact.objects.filter(client=carla).exists()
    assert not DatedFact.objects.filter(client=carla).exists()


def test_single_fact_is_replaced_and_the_former_value_comes_back(signed_in, alice, carla):
    browser = signed_in(alice)
    address = reverse("fact-add", args=[carla.number])
    browser.post(address, {"type": "occupation", "value": "Baker"})
    page = browser.get(f"{address}?type=occupation").content.decode()
    assert "Baker" in page
    assert "takes its place" in page
    browser.post(address, {"type": "occupation", "value": "Owner of two bakeries"})
    assert Fact.objects.get(client=carla).value == "Owner of two bakeries"
    browser.post(browser.session["told"]["undo_url"])
    assert Fact.objects.get(client=carla).value == "Baker"
    assert all("fact/" not in wrong for wrong in checks._ledger())


def test_fact_is_corrected_forgotten_and_brought_back(signed_in, alice, carla, tea):
    browser = signed_in(alice)
    address = reverse("fact-change", args=[tea.pk])
    assert "Green tea" in browser.get(address).content.decode()
    browser.post(address, {"value": "Black tea", "amount": "12.50", "currency": "eur"})
    tea.refresh_from_db()
    assert (tea.value, str(tea.amount), tea.currency) == ("Black tea", "12.50", "EUR")
    browser.post(reverse("fact-forget", args=[tea.pk]))
    assert not Fact.objects.filter(client=carla).exists()
    browser.post(browser.session["told"]["undo_url"])
    again = Fact.objects.get(client=carla)
    assert (again.value, str(again.amount), again.currency) == ("Black tea", "12.50", "EUR")


def test_contact_point_is_changed_without_being_shown(signed_in, alice, carla):
    browser = signed_in(alice)
    point = add_contact_point(actor=alice, client=carla, kind="phone", value="+34600999888")
    page = browser.get(reverse("point-change", args=[point.pk])).content.decode()
    assert "+34600999888" not in page
    assert "+34 ••• ••• 888" in page
    browser.post(
        reverse("point-change", args=[point.pk]), {"value": "", "is_verified": "on", "is_primary": "on"}
    )
    point.refresh_from_db()
    assert (point.value, point.is_verified, point.is_primary) == ("+34600999888", True, True)
    assert carla.contact_points.filter(kind="phone", is_primary=True).get() == point
    browser.post(reverse("point-change", args=[point.pk]), {"value": "+34 600 777 666", "is_verified": "on"})
    point.refresh_from_db()
    assert (point.value, point.is_verified) == ("+34600777666", False)
    browser.post(browser.session["told"]["undo_url"])
    point.refresh_from_db()
    assert (point.value, point.is_verified) == ("+34600999888", True)
    browser.post(reverse("point-remove", args=[point.pk]))
    assert not ContactPoint.objects.filter(value="+34600999888").exists()
    browser.post(browser.session["told"]["undo_url"])
    back = ContactPoint.objects.get(value="+34600999888")
    assert (back.is_primary, back.is_verified, back.entered_by) == (True, True, "staff")


def test_date_is_said_back_in_words_and_taken_back(signed_in, alice, carla):
    browser = signed_in(alice)
    body = {
        "kind": "birthday",
        "person": "Yiyi",
        "calendar": "lunar",
        "day": 15,
        "month": 4,
        "is_leap_month": "on",
    }
    browser.post(reverse("date-add", args=[carla.number]), body)
    dated = DatedFact.objects.get(client=carla)
    assert (dated.person, dated.is_leap_month, dated.year) == ("Yiyi", True, None)
    assert "day 15 of leap month 4 of the lunar year" in browser.session["told"]["text"]
    body = {"calendar": "gregorian", "day": 29, "month": 2, "year": 1980, "lead_days": 10}
    browser.post(reverse("date-change", args=[dated.pk]), body)
    dated.refresh_from_db()
    assert (dated.as_text(), dated.person, dated.lead_days) == ("1980-02-29", "Yiyi", 10)
    browser.post(browser.session["told"]["undo_url"])
    dated.refresh_from_db()
    assert dated.as_text() == "lunar:--L04-15"
    browser.post(reverse("date-forget", args=[dated.pk]))
    browser.post(browser.session["told"]["undo_url"])
    assert DatedFact.objects.get(client=carla).as_text() == "lunar:--L04-15"


def test_nobody_takes_back_what_somebody_else_changed_since_nor_another_file(
    signed_in, alice, bob, anna, carla, nina, tea
):
    with pghistory.context(user=alice.pk):
        change_fact(actor=alice, fact=tea, value="Oolong")
    with pghistory.context(user=bob.pk), pytest.raises(ValidationError):
        take_back(actor=bob, client=carla, what="fact", pk=tea.pk)
    (hers,) = learn(actor=anna, client=nina, learnt=[Learnt(type_of(INTEREST), "Chess")])
    browser = signed_in(alice)
    assert browser.post(reverse("known-undo", args=["N-1", "fact", hers.pk])).status_code == 302
    assert browser.post(reverse("known-undo", args=["N-2", "fact", hers.pk])).status_code == 404
    assert browser.post(reverse("known-undo", args=["N-1", "client", carla.pk])).status_code == 404
    assert Fact.objects.filter(pk=hers.pk).exists()
    tea.refresh_from_db()
    assert tea.value == "Oolong"


def test_a_second_click_on_undo_does_not_bring_back_what_the_first_one_took(signed_in, alice, carla):
    browser = signed_in(alice)
    browser.post(reverse("fact-add", args=["N-1"]), {"type": "occupation", "value": "Baker"})
    added = browser.session["told"]["undo_url"]
    work = Fact.objects.get()
    browser.post(reverse("fact-change", args=[work.pk]), {"value": "Smith"})
    undo = browser.session["told"]["undo_url"]
    for _click in range(2):
        browser.post(undo)
        work.refresh_from_db()
        assert work.value == "Baker"
    browser.post(added)  # overtaken by what came after it
    assert Fact.objects.filter(pk=work.pk).exists()


def test_undo_of_what_was_known_already_takes_nothing_off_the_file(signed_in, alice, carla):
    browser = signed_in(alice)
    for _time in range(2):
        browser.post(reverse("point-add", args=["N-1"]), {"kind": "email", "value": "c@y.example"})
    browser.post(browser.session["told"]["undo_url"])
    assert carla.contact_points.filter(value="c@y.example").exists()


def test_way_back_closes_after_an_hour(alice, carla, tea, monkeypatch):
    from clients.services import undoing

    with pghistory.context(user=alice.pk):
        change_fact(actor=alice, fact=tea, value="Oolong")
        monkeypatch.setattr(undoing, "WITHIN", timedelta(seconds=-1))
        with pytest.raises(ValidationError):
            take_back(actor=alice, client=carla, what="fact", pk=tea.pk)
        monkeypatch.undo()
        take_back(actor=alice, client=carla, what="fact", pk=tea.pk)
    tea.refresh_from_db()
    assert tea.value == "Green tea"


# -- core banking says -----------------------------------------------------------------------------


def test_accepting_writes_the_value_by_the_actor_and_the_note_goes(signed_in, alice, carla):
    browser = signed_in(alice)
    phone = CoreValue.objects.create(client=carla, field="phone", value="+34600123123")
    work = CoreValue.objects.create(client=carla, field="occupation", value="Notary")
    page = browser.get(known_of(carla)).content.decode()
    assert "Core banking says “+34 ••• ••• 123”." in page
    assert "+34600123123" not in page
    assert "Core banking says “Notary”." in page
    for row in (phone, work):
        browser.post(reverse("core-accept", args=[row.pk]))
    assert not CoreValue.objects.exists()
    point = carla.contact_points.get(value="+34600123123")
    assert (point.is_primary, point.entered_by) == (True, "staff")
    assert carla.contact_points.filter(kind="phone").count() == 2
    assert Fact.objects.get(client=carla, type__code="occupation").value == "Notary"
    assert set(FactChange.objects.values_list("actor", flat=True)) == {alice.pk}


def test_ignoring_hides_the_note_and_can_be_taken_back(signed_in, alice, carla):
    browser = signed_in(alice)
    row = CoreValue.objects.create(client=carla, field="employer", value="Port")
    browser.post(reverse("core-ignore", args=[row.pk]))
    row.refresh_from_db()
    assert row.ignored_at is not None
    undo = browser.session["told"]["undo_url"]
    assert "ignored" in browser.get(known_of(carla)).content.decode()
    browser.post(undo)
    row.refresh_from_db()
    assert row.ignored_at is None


def test_book_and_tier_are_the_supervisors_to_decide(signed_in, alice, anna, bob, carla):
    tier = CoreValue.objects.create(client=carla, field="tier", value="gold")
    manager = CoreValue.objects.create(client=carla, field="manager", value="anna")
    browser = signed_in(alice)
    assert "Your supervisor decides." in browser.get(known_of(carla)).content.decode()
    for row in (tier, manager):
        assert browser.post(reverse("core-accept", args=[row.pk])).status_code == 403
        with pytest.raises(PermissionDenied):
            ignore_core_value(actor=alice, core_value=row)
    accept_core_value(actor=bob, core_value=tier)
    accept_core_value(actor=bob, core_value=manager)
    carla.refresh_from_db()
    assert carla.tier == Tier.objects.get(code="gold")
    assert carla.assignments.get(to_on=None).manager == anna
    gone = CoreValue.objects.create(client=carla, field="tier", value="platinum")
    answer = signed_in(bob).post(reverse("core-accept", args=[gone.pk]))
    assert answer.status_code == 302
    assert CoreValue.objects.filter(pk=gone.pk).exists()


# -- sight -----------------------------------------------------------------------------------------


def test_another_branchs_ids_change_nothing(signed_in, alice, charlie, carla, simon):
    (fact,) = learn(actor=charlie, client=simon, learnt=[Learnt(type_of(INTEREST), "Chess")])
    dated = write_dated_fact(actor=charlie, client=simon, kind="birthday", month=5, day=1)
    core = CoreValue.objects.create(client=simon, field="occupation", value="Cook")
    point = simon.contact_points.get()
    before = FactChange.objects.count()
    browser = signed_in(alice)
    for name, pk, body in (
        ("fact-change", fact.pk, {"value": "mine"}),
        ("fact-forget", fact.pk, {}),
        ("point-change", point.pk, {"do_not_use": "on"}),
        ("point-remove", point.pk, {}),
        ("date-change", dated.pk, {"calendar": "gregorian", "day": 1, "month": 1}),
        ("date-forget", dated.pk, {}),
        ("core-accept", core.pk, {}),
        ("core-ignore", core.pk, {}),
        ("core-heed", core.pk, {}),
    ):
        assert browser.post(reverse(name, args=[pk]), body).status_code == 404, name
    for name in ("fact-add", "point-add", "date-add"):
        assert browser.post(reverse(name, args=[simon.number]), {"value": "x"}).status_code == 404
    assert FactChange.objects.count() == before


def test_head_office_sees_the_client_and_may_change_nothing(signed_in, dora, alice, carla, tea):
    browser = signed_in(dora)
    for address in (
        known_of(carla),
        reverse("fact-add", args=[carla.number]),
        reverse("fact-change", args=[tea.pk]),
    ):
        assert browser.get(address).status_code == 403
    assert browser.post(reverse("fact-forget", args=[tea.pk])).status_code == 403
    assert Fact.objects.filter(pk=tea.pk).exists()


def test_next_stays_on_this_host(signed_in, alice, carla):
    body = {"type": INTEREST, "value": "Tea", "next": "//evil.example/"}
    answer = signed_in(alice).post(reverse("fact-add", args=[carla.number]), body)
    assert answer.url == known_of(carla)


def test_amount_without_a_currency_is_refused_with_a_word(alice, carla, tea):
    with pytest.raises(ValidationError) as refused:
        change_fact(actor=alice, fact=tea, value="x", amount=5, currency="")
    assert "currency" in refused.value.error_dict
    with pytest.raises(ValidationError):
        learn(actor=alice, client=carla, learnt=[Learnt(type_of(INTEREST), "y", 5, "dollars")])


def test_organisation_is_asked_for_other_things(signed_in, alice, north):
    firm = ClientFactory(number="F-1", name="Maderas SA", kind="organisation", branch=north, manager=alice)
    page = signed_in(alice).get(known_of(firm)).content.decode()
    assert "birthday" not in page.split('<ul class="ask">')[1].split("</ul>")[0]
