"""Every endpoint × everybody: who sees what, and that nobody learns of the rest."""

import re
from datetime import timedelta

import pytest
from django.urls import URLPattern, URLResolver
from rest_framework.test import APIClient

from bankcrm.api import router, urlpatterns
from clients.models import ContactPoint, HouseholdMember, Relation
from interactions.models import ContactNote
from tests.factories import ActionFactory, ConsentFactory, UserFactory

pytestmark = pytest.mark.django_db

EVERY = {"N-1", "N-2", "S-1"}
SIGHT = {
    "alice": {"N-1"},
    "anna": {"N-2"},
    "bob": {"N-1", "N-2"},
    "charlie": {"S-1"},
    "dora": EVERY,
    "erin": set(),
    "frank": set(),
    "hana": set(),
    "ines": set(),
}
# collection: (key in `rows`, how an address names it)
COLLECTIONS = {
    "clients": ("client", "number"),
    "contacts": ("contact", "pk"),
    "actions": ("action", "pk"),
    "holdings": ("holding", "number"),
    "occurrences": ("occurrence", "pk"),
    "appointments": ("appointment", "pk"),
    "courtesies": ("courtesy", "pk"),
    "facts": ("fact", "pk"),
    "dated_facts": ("dated_fact", "pk"),
    "contact_points": ("contact_point", "pk"),
    "relations": ("relation", "pk"),
    "households": ("household", "pk"),
    "introductions": ("introduction", "pk"),
    "consents": ("consent", "pk"),
    "agreements": ("agreement", "pk"),
    "promises": ("promise", "pk"),
    "opportunities": ("opportunity", "pk"),
    "service_cases": ("service_case", "pk"),
    "referrals": ("referral", "pk"),
    "purchases": ("purchase", "number"),
    "client_messages": ("client_message", "pk"),
    "balances": ("balance", "pk"),
    "movements": ("movement", "number"),
    "channel_use": ("channel_use", "pk"),
    "limit_crossings": ("limit_crossing", "pk"),
    "client_assets": ("client", "number"),
    "maturities": ("maturity", "pk"),
    "advice": ("advice", "pk"),
    "targets": ("target", "pk"),
    "invitations": ("invitation", "pk"),
}
# Collections in which nobody's client is.
CATALOGUES = {
    "tiers", "themes", "fact_types", "products", "prices", "rates", "branches", "staff", "notifications", "imports",
    "market_events",
    "segments",
    "campaigns",
    "cost_lines",
    "events",
    "pieces",
}  # fmt: skip
# Ways to reach a client are nothing for head office without the right to identities.
WITHHELD = {("dora", "contact_points")}


def test_every_registered_collection_stands_in_these_tables():
    assert {prefix for prefix, _viewset, _name in router.registry} == set(COLLECTIONS) | CATALOGUES


def sight(name: str, collection: str) -> set[str]:
    return set() if (name, collection) in WITHHELD else SIGHT[name]


def client_number(row: dict) -> str:
    if "members" in row:
        return row["members"][0]["who"]["client_number"]
    return row.get("client_number") or row["number"]


@pytest.mark.parametrize("name", SIGHT)
def test_each_role_sees_exactly_the_rows_of_clients_in_sight(person, cast, rows, name):
    caller = person(cast[name])
    seen, opened = {}, {}
    for collection, (key, named_by) in COLLECTIONS.items():
        listed = caller.get(f"/api/v1/{collection}/").json()["results"]
        seen[collection] = {client_number(row) for row in listed}
        for number in EVERY:
            address = f"/api/v1/{collection}/{getattr(rows[number][key], named_by)}/"
            opened[collection, number] = caller.get(address).status_code
    assert seen == {collection: sight(name, collection) for collection in COLLECTIONS}
    assert opened == {
        (collection, number): 200 if number in sight(name, collection) else 404
        for collection in COLLECTIONS
        for number in EVERY
    }


def test_a_machine_sees_what_its_person_sees(machine, bob, rows):
    caller = machine(bob, "clients:read", "contacts:read", "portfolio:read")
    seen = {}
    for collection in COLLECTIONS:
        listed = caller.get(f"/api/v1/{collection}/").json()["results"]
        seen[collection] = {client_number(row) for row in listed}
    assert seen == dict.fromkeys(COLLECTIONS, SIGHT["bob"])


@pytest.mark.parametrize("parameters", [{"client": "S-1"}, {"client": "S-9"}])
def test_filtering_by_a_hidden_client_gives_nothing_as_by_an_absent_one(person, alice, rows, parameters):
    caller = person(alice)
    nothing = {"next": None, "previous": None, "results": []}
    collections = sorted(set(COLLECTIONS) - {"clients"})
    said = {name: caller.get(f"/api/v1/{name}/", parameters).json() for name in collections}
    assert said == dict.fromkeys(collections, nothing)


# What each person gets for a write on alice's client N-1: (on the row itself, naming it in a body)
WRITES = {
    "alice": (200, 201),
    "bob": (200, 201),
    "anna": (404, 400),
    "charlie": (404, 400),
    "dora": (403, 403),
    "erin": (404, 400),
    "frank": (404, 400),
    "hana": (404, 400),
    "ines": (404, 400),
    "gus": (403, 403),
}


@pytest.mark.parametrize("name", WRITES)
def test_each_role_writes_only_where_it_may(person, cast, rows, name):
    on_row, in_body = WRITES[name]
    caller = person(cast[name])
    contact, planned = rows["N-1"]["contact"].pk, rows["N-1"]["action"].pk
    changes = [
        ("patch", "/api/v1/clients/N-1/", {"city": "Vigo"}),
        ("patch", f"/api/v1/contacts/{contact}/", {"participants": "her son"}),
        ("post", f"/api/v1/contacts/{contact}/void/", {"reason": "wrong client"}),
        ("post", f"/api/v1/actions/{planned}/done/", {}),
        *changes_of(rows["N-1"], cast[name]),
    ]
    for method, address, body in changes:
        hidden = "contact_points" in address and name == "dora"
        found = getattr(caller, method)(address, body).status_code
        assert found == (404 if hidden else on_row), address
    additions = [
        ("/api/v1/contacts/", {"client_number": "N-1", "channel": "call", "result": "reached"}),
        (
            "/api/v1/actions/",
            {"client_number": "N-1", "theme": "service", "channel": "call", "due_on": _tomorrow(cast[name])},
        ),
        *additions_of(rows["N-1"], cast[name]),
    ]
    for address, body in additions:
        answer = caller.post(address, body)
        assert answer.status_code == in_body, (address, answer.content)


def changes_of(row: dict, user) -> list[tuple[str, str, dict]]:
    """A change of each row of a client, all of which answer with the row."""
    at = {key: f"/api/v1/{prefix}/{getattr(row[key], by)}" for prefix, (key, by) in COLLECTIONS.items()}
    tomorrow = _tomorrow(user)
    return [
        ("patch", f"{at['fact']}/", {"value": "tennis"}),
        ("patch", f"{at['dated_fact']}/", {"date": "--05-18"}),
        ("patch", f"{at['contact_point']}/", {"is_verified": True}),
        ("patch", f"{at['household']}/", {"name": "The house on the hill"}),
        ("post", f"{at['agreement']}/end/", {}),
        ("patch", f"{at['appointment']}/", {"answer": "confirmed"}),
        ("post", f"{at['appointment']}/cancel/", {}),
        ("patch", f"{at['courtesy']}/", {"what": "Peonies"}),
        ("post", f"{at['courtesy']}/step/", {"to": "withdrawn"}),
        ("post", f"{at['promise']}/withdraw/", {"reason": "overtaken"}),
        ("patch", f"{at['opportunity']}/", {"next_on": tomorrow}),
        ("post", f"{at['opportunity']}/move/", {"stage": "intention"}),
        ("post", f"{at['opportunity']}/move/", {"stage": "lost", "lost_reason": "too dear"}),
        ("post", f"{at['opportunity']}/reopen/", {"next_on": tomorrow}),
        ("post", f"{at['client_message']}/take_back/", {}),
        ("post", f"{at['client_message']}/drop/", {}),
        ("post", f"{at['service_case']}/step/", {"step": "listened", "note": "She told it all"}),
        ("post", f"{at['service_case']}/close/", {"outcome": "kept"}),
        ("post", f"{at['service_case']}/reopen/", {}),
        (
            "post",
            f"{at['maturity']}/settle/",
            {"parts": [{"outcome": "renewed", "amount": "10000.00"}]},
        ),
        ("post", f"{at['maturity']}/unsettle/", {}),
        ("put", f"{at['movement']}/reason/", {"reason": "rate"}),
        ("post", f"{at['movement']}/reason/", {"reason": "family", "competitor": "Banco Sur"}),
        ("patch", f"{at['target']}/", {"outcome": "later"}),
        ("post", f"{at['invitation']}/answer/", {"answer": "declined"}),
        ("post", f"{at['referral']}/plan/", {"on": row["client"].branch.today().isoformat()}),
        ("post", f"{at['referral']}/finish/", {"outcome": "Plan signed"}),
    ]


def additions_of(row: dict, user) -> list[tuple[str, dict]]:
    """A body of each collection that takes new rows."""
    named = {"client_number": row["client"].number}
    tomorrow = _tomorrow(user)
    return [
        ("/api/v1/facts/", named | {"fact_type": "need", "value": "a pension"}),
        ("/api/v1/dated_facts/", named | {"kind": "birthday", "date": "1980-02-29"}),
        ("/api/v1/contact_points/", named | {"kind": "email", "value": "c@x.example"}),
        ("/api/v1/relations/", named | {"kind": "child", "person": "Luis"}),
        ("/api/v1/households/", named | {"role": "child", "person": "Luis"}),
        ("/api/v1/consents/", named | {"channel": "call", "purpose": "care", "granted": True}),
        ("/api/v1/agreements/", named | {"interval_days": 30}),
        ("/api/v1/promises/", named | {"text": "send the papers", "due_on": tomorrow}),
        ("/api/v1/opportunities/", named | {"kind": "fund", "next_on": tomorrow}),
        (
            "/api/v1/client_messages/",
            named | {"kind": "notice", "channel": "email", "language": "en", "subject": "Hi", "body": "Well"},
        ),
        ("/api/v1/service_cases/", named | {"kind": "loss", "text": "The card was lost"}),
        (
            "/api/v1/advice/",
            {"action": row["advice"].action_id, "advised": "sell", "decision": "sells", "channel": "call"},
        ),
    ]


def _tomorrow(user) -> str:
    return (user.today() + timedelta(days=1)).isoformat()


def test_a_body_naming_a_hidden_row_answers_as_for_an_absent_one(person, alice, rows):
    caller = person(alice)
    body = {"client_number": "N-1", "channel": "call", "result": "reached"}
    pairs = [
        ({"client_number": "S-1"}, {"client_number": "S-9"}),
        ({"action": rows["S-1"]["action"].pk}, {"action": 888888888}),
    ]
    for hidden, absent in pairs:
        first, second = (caller.post("/api/v1/contacts/", body | named) for named in (hidden, absent))
        assert first.status_code == second.status_code == 400
        said = [[(e["field"], e["code"], e["message"]) for e in r.json()["errors"]] for r in (first, second)]
        assert said[0] == said[1]
        assert len(said[0]) == 1


def test_handing_over_to_somebody_out_of_sight_answers_as_to_nobody(person, alice, charlie, rows):
    address = f"/api/v1/actions/{rows['N-1']['action'].pk}/hand_over/"
    answers = [person(alice).post(address, {"to": to, "reason": "away"}) for to in ("charlie", "nobody")]
    assert [a.status_code for a in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


def test_notes_are_read_by_those_who_look_after_the_client_and_not_by_head_office(person, alice, dora, rows):
    address = f"/api/v1/contacts/{rows['N-1']['contact'].pk}/"
    assert person(alice).get(address).json()["note"] == "Spoke about N-1"
    assert person(dora).get(address).json()["note"] == ""


MARK = "Xylophon"


def marked(rows) -> None:
    """The mark in every text of every row that belongs to carla, and in the names of all clients."""
    carla = rows["N-1"]["client"]
    carla.assignments.update(reason=MARK)
    case = rows["N-1"]["service_case"]
    case.steps.create(step="listened", note=MARK, by=case.opened_by)
    HouseholdMember.objects.create(household=rows["N-1"]["household"], person=MARK, role="child")
    Relation.objects.create(client=carla, other=rows["N-2"]["client"], kind="spouse")
    ContactNote.objects.filter(contact=rows["N-1"]["contact"]).update(text=MARK)
    texts = {
        "client": ["name", "legal_name", "given_name", "family_name", "native_name", "preferred_address"],
        "contact": ["participants", "repeat_reason", "changed_reason", "void_reason"],
        "action": ["about", "reason"],
        "fact": ["value"],
        "dated_fact": ["person"],
        "relation": ["person"],
        "household": ["name"],
        "introduction": ["note"],
        "agreement": ["how"],
        "appointment": ["place"],
        "courtesy": ["what", "reason"],
        "promise": ["text", "withdrawn_reason"],
        "opportunity": ["next_step", "note", "suitability_reason", "lost_reason"],
        "service_case": ["text"],
        "referral": ["reason", "outcome"],
        "client_message": ["subject", "body", "suitability_reason", "repeat_reason"],
        "movement": ["counterparty_bank"],
        "movement_reason": ["competitor", "note"],
        "maturity": ["brought_from", "note"],
    }
    for row in rows.values():
        for key, fields in texts.items():
            type(row[key]).objects.filter(pk=row[key].pk).update(**dict.fromkeys(fields, MARK))
    # An event of consent is never changed: a further one carries the word.
    ConsentFactory(client=carla, note=MARK)
    ContactPoint.objects.filter(client=carla, kind="email").update(value=f"x@{MARK.lower()}.example")
    ActionFactory(client=carla, about=MARK, source="promise", reason=MARK)


def addresses(rows) -> list[str]:
    """Every list, every row of carla's, and what else is asked of her."""
    lists = [f"/api/v1/{collection}/" for collection in COLLECTIONS]
    own = [
        f"/api/v1/{collection}/{getattr(rows['N-1'][key], by)}/"
        for collection, (key, by) in COLLECTIONS.items()
    ]
    product = rows["N-1"]["purchase"].product.code
    return [*lists, *own, f"/api/v1/clients/N-1/suitability/?product={product}"]


def test_head_office_without_the_right_reads_no_name_and_no_free_word_anywhere(person, dora, bob, rows):
    marked(rows)
    said = {}
    for address in addresses(rows):
        answer = person(dora).get(address)
        if "contact_points/" not in address:
            assert answer.status_code == 200, address
        said[address] = answer.content.decode().lower()
    assert [address for address, text in said.items() if MARK.lower() in text] == []
    # The same words are there for those who look after the client: the mark marks.
    told = [a for a in addresses(rows) if MARK.lower() in person(bob).get(a).content.decode().lower()]
    silent = ("occurrences", "holdings", "suitability")
    assert {a for a in addresses(rows) if not any(word in a for word in silent)} - set(told) == set()


def endpoints() -> list[tuple[str, str]]:
    """Every method of every address of the API, with numbers and ids that nothing has."""
    found = []
    for pattern in _patterns(urlpatterns):
        if not pattern[0].startswith("api/v1/") or "rest" in pattern[0]:
            continue
        address = "/" + re.sub(r"\(\?P<\w+>[^)]*\)|<[\w:]+>", "7", pattern[0])
        found += [(method, address) for method in pattern[1]]
    return found


def _patterns(patterns, before: str = ""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            route = before + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
            methods = getattr(pattern.callback, "actions", None) or {"get": "get"}
            yield route, list(methods)


def test_the_walk_below_meets_every_registered_collection():
    walked = {address.split("/")[3] for _method, address in endpoints()}
    assert walked >= {prefix for prefix, _viewset, _name in router.registry} | {"me"}
    assert not [address for _method, address in endpoints() if set(address) & set("<>()[]{}")]


@pytest.mark.parametrize(("method", "address"), endpoints())
def test_nobody_gets_in_without_a_session_a_role_or_the_scope(person, machine, gus, bob, method, address):
    stranger = getattr(APIClient(), method)(address, {})
    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert getattr(person(gus), method)(address, {}).status_code == 403
    if address != "/api/v1/me/":
        refused = getattr(machine(bob), method)(address, {})
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:bankcrm:problem:missing-scope"


def test_a_read_scope_does_not_let_write(machine, alice, rows):
    caller = machine(alice, "clients:read", "contacts:read")
    assert caller.patch("/api/v1/clients/N-1/", {"city": "Vigo"}).status_code == 403
    assert caller.post(f"/api/v1/actions/{rows['N-1']['action'].pk}/done/", {}).status_code == 403


def test_a_person_who_was_deactivated_is_out_at_once(person, alice, carla):
    caller = person(alice)
    assert caller.get("/api/v1/clients/").status_code == 200
    alice.is_active = False
    alice.save()
    assert caller.get("/api/v1/clients/").status_code == 401


def test_session_writes_need_the_csrf_token(alice, carla):
    caller = APIClient(enforce_csrf_checks=True)
    caller.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    response = caller.patch("/api/v1/clients/N-1/", {"city": "Vigo"})
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"


def test_me_says_who_asks_and_with_what(person, machine, alice):
    body = person(alice).get("/api/v1/me/").json()
    assert (body["staff_number"], body["role"], body["branch"]) == ("alice", "account_manager", "NORTH")
    assert (body["application"], body["scopes"]) == (None, [])
    body = machine(alice, "contacts:read", "clients:read").get("/api/v1/me/").json()
    assert (body["application"], body["scopes"]) == ("core", ["clients:read", "contacts:read"])


def test_staff_list_holds_only_those_whom_the_asker_may_name(person, cast):
    def seen(name):
        return {row["staff_number"] for row in person(cast[name]).get("/api/v1/staff/").json()["results"]}

    assert seen("alice") == {"alice", "anna", "bob", "gus", "hana"}
    assert seen("charlie") == {"charlie"}
    assert seen("erin") == set(cast)


def test_holding_shows_only_the_parties_in_sight(person, alice, rows):
    from portfolio.models import HoldingParty

    held = rows["N-1"]["holding"]
    for number in ("N-1", "S-1"):
        HoldingParty.objects.create(holding=held, client=rows[number]["client"], role="joint")
    body = person(alice).get(f"/api/v1/holdings/{held.number}/").json()
    assert [party["client_number"] for party in body["parties"]] == ["N-1"]


def test_own_notifications_only_are_read_and_marked(person, alice, anna):
    from messaging.services import notify

    notify(user=alice, kind="book", subject="a")
    notify(user=alice, kind="book", subject="b")
    notify(user=anna, kind="book", subject="c")
    address = "/api/v1/notifications/"
    listed = person(alice).get(address, {"unread": "true"}).json()["results"]
    assert [row["subject"] for row in listed] == ["b", "a"]
    theirs = person(anna).get(address).json()["results"][0]["id"]
    assert person(alice).post(f"{address}{theirs}/read/", {}).status_code == 404
    assert person(alice).post(f"{address}{listed[0]['id']}/read/", {}).json()["read_at"] is not None
    assert person(alice).post(f"{address}read/", {}).json() == {"marked": 1}
    assert person(anna).get(address, {"unread": "true"}).json()["results"] != []


def test_new_colleagues_without_a_branch_see_nobody(person, rows):
    lost = UserFactory(role="supervisor", branch=None)
    assert person(lost).get("/api/v1/clients/").json()["results"] == []
