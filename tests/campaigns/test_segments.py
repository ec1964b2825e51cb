"""Segments: two levels of and/or/not, in one question, in words, saved in versions; within one's sight."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from campaigns.models import Segment, SegmentVersion
from campaigns.rules import CRITERIA, WITHOUT_VALUE, checked, condition, said
from campaigns.services import drop_segment, look, members, restore_segment, save_segment
from clients.models import Client, FactType, Tier
from clients.services import join_household, open_with_reason
from portfolio.models import BalanceSnapshot, ChannelUse, MaturityCase
from portfolio.standing import reckon_assets
from tests.factories import (
    ClientFactory,
    DatedFactFactory,
    FactFactory,
    HoldingFactory,
    ProductFactory,
    PurchaseFactory,
)


def part(what, how, value="", of=""):
    found = {"what": what, "how": how}
    return found | ({"value": value} if value else {}) | ({"of": of} if of else {})


def rule(*parts, all_of=True, negated=False):
    return {"all": True, "groups": [{"all": all_of, "not": negated, "parts": list(parts)}]}


def chosen(given, today):
    return set(Client.objects.filter(condition(checked(given), today)).values_list("number", flat=True))


@pytest.fixture
def today(north):
    return north.today()


@pytest.fixture
def carla_and_nina(carla, nina, alice, today):
    """Carla has something of everything; Nina has nothing."""
    Client.objects.filter(pk=carla.pk).update(
        tier=Tier.objects.get(code="gold"),
        language="es-MX",
        city="Toledo",
        since=today - timedelta(days=365 * 6),
        risk_profile=4,
        last_reached_at=timezone.now() - timedelta(days=10),
    )
    DatedFactFactory(client=carla, kind="birthday", year=today.year - 50, month=1, day=1)
    FactFactory(client=carla, type=FactType.objects.get(code="interest"), value="Golf and tennis")
    fund = ProductFactory(code="FUND", kind="fund")
    holding = HoldingFactory(client=carla, product=fund, principal=9_000, currency="USD")
    PurchaseFactory(client=carla, product=fund, bought_on=today - timedelta(days=20))
    MaturityCase.objects.create(
        holding=holding,
        client=carla,
        matures_on=today + timedelta(days=9),
        effective_on=today + timedelta(days=9),
        principal=holding.principal,
        currency="USD",
        opened_on=today,
    )
    ChannelUse.objects.create(client=carla, month=today.replace(day=1), channel="mobile", count=7)
    BalanceSnapshot.objects.create(client=carla, as_of=today, currency="USD", deposits=50_000, investments=0)
    reckon_assets()
    join_household(actor=alice, client=carla, person="Hugo", role="spouse")
    return carla, nina


# A condition that holds for Carla and not for Nina, and its opposite or a harder one that holds not for Carla.
CASES = [
    (part("tier", "is", "gold"), part("tier", "is", "private")),
    (part("language", "is", "es"), part("language", "is", "zh")),
    (part("city", "is", "toledo"), part("city", "is", "Madrid")),
    (part("age", "at_least", "50"), part("age", "at_least", "51")),
    (part("age", "at_most", "50"), part("age", "at_most", "49")),
    (part("since", "at_least", "6"), part("since", "at_least", "7")),
    (part("risk", "at_least", "4"), part("risk", "at_most", "3")),
    (part("reached", "within", "10"), part("reached", "within", "9")),
    (part("assets", "at_least", "50000"), part("assets", "at_least", "50000.01")),
    (part("fact", "known", of="interest"), part("fact", "known", of="occupation")),
    (part("fact", "says", "GOLF", of="interest"), part("fact", "says", "chess", of="interest")),
    (part("holds", "yes", of="fund"), part("holds", "yes", of="bond")),
    (part("holds", "at_least", "9000", of="fund"), part("holds", "at_least", "9000.01", of="fund")),
    (part("product", "yes", "FUND"), part("product", "no", "FUND")),
    (part("matures", "within", "9"), part("matures", "within", "8")),
    (part("bought", "within", "20", of="fund"), part("bought", "within", "19", of="fund")),
    (part("channel", "at_least", "7", of="mobile"), part("channel", "at_least", "8", of="mobile")),
    (part("household", "at_least", "2"), part("household", "at_least", "3")),
]


@pytest.mark.parametrize(("holds", "holds_not"), CASES, ids=lambda one: "-".join(map(str, one.values())))
def test_a_condition_takes_in_whom_it_says_to_the_last_unit(holds, holds_not, carla_and_nina, today):
    assert chosen(rule(holds), today) == {"N-1"}
    assert "N-1" not in chosen(rule(holds_not), today)


def test_branch_manager_status_and_kind_are_asked_of_the_client(carla_and_nina, alice, anna, today, south):
    far = ClientFactory(branch=south, number="S-1", manager=None)
    assert chosen(rule(part("branch", "is", carla_and_nina[0].branch.code)), today) == {"N-1", "N-2"}
    assert chosen(rule(part("manager", "is", alice.staff_number)), today) == {"N-1"}
    assert far.number in chosen(rule(part("manager", "nobody")), today)
    assert chosen(rule(part("status", "is_not", "active")), today) == set()
    assert far.number in chosen(rule(part("kind", "is", "person")), today)


def test_or_not_and_two_levels_join_as_they_read(carla_and_nina, today):
    gold, chess = part("tier", "is", "gold"), part("fact", "says", "chess", of="interest")
    assert chosen(rule(gold, chess), today) == set()
    assert chosen(rule(gold, chess, all_of=False), today) == {"N-1"}
    assert chosen(rule(gold, negated=True), today) == {"N-2"}
    two = {"all": False, "groups": [rule(gold)["groups"][0], rule(gold, negated=True)["groups"][0]]}
    assert chosen(two, today) == {"N-1", "N-2"}
    assert chosen(two | {"all": True}, today) == set()


def test_a_rule_is_one_question_however_many_its_parts(carla_and_nina, today):
    parts = [holds for holds, _holds_not in CASES]
    long = {
        "all": True,
        "groups": [
            {"all": True, "not": False, "parts": parts[at : at + 6]} for at in range(0, len(parts), 6)
        ],
    }
    asked = condition(checked(long), today)
    with CaptureQueriesContext(connection) as queries:
        assert Client.objects.filter(asked).count() == 1
    assert len(queries) == 1


def test_a_rule_reads_as_a_sentence(carla_and_nina):
    given = {
        "all": True,
        "groups": [
            {
                "all": False,
                "not": False,
                "parts": [part("tier", "is", "gold"), part("assets", "at_least", "100000")],
            },
            {"all": True, "not": True, "parts": [part("reached", "within", "30")]},
        ],
    }
    assert said(checked(given)) == (
        "(Tier is Gold or Assets with us at least USD 100,000) and not (Last reached within the last 30 days)"
    )


def test_every_way_to_ask_can_be_said_in_every_language(carla_and_nina):
    samples = {"number": "3", "days": "30", "money": "100", "text": "x"}
    for code, criterion in CRITERIA.items():
        for how in criterion.hows:
            one = part(code, how)
            if criterion.of is not None:
                one["of"] = criterion.of()[0][0]
            if (code, how) not in WITHOUT_VALUE:
                one["value"] = samples.get(criterion.value) or criterion.choices()[0][0]
            for language in ("en", "es", "zh-hans"):
                with translation.override(language):
                    assert "%(" not in said(checked(rule(one)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "made of groups"),
        ({"groups": "x"}, "made of groups"),
        ({"groups": []}, "at least one condition"),
        (rule(part("nonsense", "is", "x")), "Group 1, condition 1: Choose what is asked"),
        (rule(part("tier", "within", "x")), "Choose how it is compared"),
        (rule(part("tier", "is", "diamond")), "Choose one of the list"),
        (rule(part("age", "at_least", "old")), "Write a number"),
        (rule(part("age", "at_least", "NaN")), "Write a number from 0 to 120"),
        (rule(part("age", "at_least", "1e9")), "Write a number from 0 to 120"),
        (rule(part("reached", "within", "2.5")), "Write a whole number"),
        (rule(part("fact", "says", "x" * 101, of="interest")), "at most a hundred"),
        (rule(part("fact", "known", of="nonsense")), "Choose one of the list"),
        (rule(*[part("age", "at_least", "3")] * 9), "Group 1: at most 8"),
        ({"groups": [rule(part("age", "at_least", "3"))["groups"][0]] * 7}, "At most 6 groups"),
        ({"groups": [7]}, "Group 1 is made of conditions"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(given, words, carla_and_nina):
    with pytest.raises(ValidationError) as refused:
        checked(given)
    assert words in " ".join(refused.value.messages)


# -- saved ------------------------------------------------------------------------------------------

GOLD = rule(part("tier", "is", "gold"))


def test_a_segment_is_looked_at_within_one_s_sight(bob, dora, carla_and_nina, south):
    ClientFactory(branch=south, tier=Tier.objects.get(code="gold"))
    assert look(bob, GOLD).count == 1
    assert look(dora, GOLD).count == 2


def test_words_that_clients_told_are_no_way_round_the_right_to_identities(bob, dora, carla_and_nina):
    golf = rule(part("fact", "says", "golf", of="interest"))
    for ask in (lambda: look(dora, golf), lambda: save_segment(actor=dora, name="Golf", rule=golf)):
        with pytest.raises(ValidationError, match="right to identities"):
            ask()
    version = save_segment(actor=bob, name="Golf", rule=golf)
    assert members(version, bob).count() == 1
    assert members(version, dora).count() == 0
    dora.sees_identities = True
    assert members(version, dora).count() == 1


def test_a_file_opened_in_an_emergency_is_in_no_segment(bob, simon, carla_and_nina):
    Client.objects.filter(pk=simon.pk).update(tier=Tier.objects.get(code="gold"))
    open_with_reason(actor=bob, number="S-1", reason="He stands before me")
    assert Client.objects.visible_to(bob).filter(pk=simon.pk).exists()
    assert look(bob, GOLD).count == 1
    with pytest.raises(ValidationError):
        save_segment(actor=bob, name="List", numbers=["S-1"])


def test_each_change_is_a_further_version_and_the_same_again_is_none(bob, carla_and_nina):
    first = save_segment(actor=bob, name="Gold", rule=GOLD)
    again = save_segment(actor=bob, name="Gold", rule=GOLD, segment=first.segment)
    assert again == first
    second = save_segment(
        actor=bob, name="Gold, older", rule=rule(part("age", "at_least", "50")), segment=first.segment
    )
    assert [first.number, second.number] == [1, 2]
    first.refresh_from_db()
    assert first.rule == checked(GOLD)
    assert [client.number for client in members(second, bob)] == ["N-1"]


def test_a_pasted_list_holds_known_numbers_only_and_hidden_ones_are_told_as_absent(
    bob, carla_and_nina, south
):
    ClientFactory(branch=south, number="S-1")
    found = save_segment(actor=bob, name="List", numbers=["N-1", " N-2 ", "", "N-1"])
    assert found.numbers == ["N-1", "N-2"]
    for wrong in ("S-1", "X-9"):
        with pytest.raises(ValidationError) as refused:
            save_segment(actor=bob, name="Another", numbers=["N-1", wrong])
        assert refused.value.message_dict["numbers"] == [f"1 numbers are not known: {wrong}"]
    assert Segment.objects.count() == 1


def test_names_are_once_and_dropped_ones_come_back(bob, carla_and_nina):
    segment = save_segment(actor=bob, name="Gold", rule=GOLD).segment
    with pytest.raises(ValidationError) as refused:
        save_segment(actor=bob, name="Gold", rule=GOLD)
    assert "name" in refused.value.error_dict
    drop_segment(actor=bob, segment=segment)
    assert not Segment.objects.visible_to(bob).exists()
    save_segment(actor=bob, name="Gold", rule=GOLD)
    with pytest.raises(ValidationError):
        restore_segment(actor=bob, segment=segment)


def test_who_may_write_and_see_segments(alice, bob, dora, simon, carla_and_nina):
    own = save_segment(actor=bob, name="Of North", rule=GOLD).segment
    central = save_segment(actor=dora, name="Of all", rule=GOLD).segment
    assert set(Segment.objects.visible_to(bob)) == {own, central}
    assert set(Segment.objects.visible_to(dora)) == {own, central}
    assert not Segment.objects.visible_to(alice).exists()
    for person, segment in ((alice, None), (bob, central), (dora, own)):
        with pytest.raises(PermissionDenied):
            save_segment(actor=person, name="Mine", rule=GOLD, segment=segment)
    assert SegmentVersion.objects.count() == 2
