"""The people of the client file: household with what it has, relations, introductions, whom to invite together."""

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from clients import words as client_words
from clients.introduced import introductions_of
from clients.knowing import Known, in_sight
from clients.models import Client, Fact, HouseholdMember, Relation, Theme
from clients.sight import shown_name
from interactions.introduced import FOLD, IntroductionTree
from interactions.views.file_parts import household_assets, people_of
from portfolio.assets import assets_of
from staff.models import User

# What is known of somebody close that makes an occasion for both, and what the invitation would be about.
INVITING = {"interest": "education", "preference": "product", "need": "product", "goal": "product"}
MOST_INVITATIONS = 12


def people_part(request: HttpRequest, client: Client, known: Known) -> dict:
    """Everything about the people around a client: four queries beside what is known, however many they are."""
    user = request.user
    found = introductions_of(client)
    seen = in_sight(user, known.others() | found.ids())
    people = people_of(request, known, seen)
    assets = assets_of({client.pk} | set(seen), client.branch.today())
    tree = IntroductionTree(user, client, found, seen=seen, assets=assets)
    return people | {
        "household_assets": household_assets(known, seen, assets),
        "introducer": tree.introducer(),
        "branches": tree.branches(most=FOLD),
        "total": tree.total(),
        "invitations": _invitations(user, people),
    }


def _invitations(user: User, people: dict) -> list[dict]:
    """Interests of the people close whom the viewer sees; a client whose file is closed is not invited."""
    if not user.may_see_identities:
        return []
    rows = {row["client"].pk: row for row in (*people["household"], *people["relations"]) if row["client"]}
    rows = {
        pk: row for pk, row in rows.items() if row["client"].status not in ("closed", "deceased", "blocked")
    }
    if not rows:
        return []
    facts = Fact.objects.filter(client__in=rows, type__code__in=INVITING).select_related("type")
    return [
        {"fact": fact, "who": rows[fact.client_id], "kind": client_words.fact_name(fact.type)}
        for fact in facts.order_by("-type__weight", "-learnt_on", "pk")[:MOST_INVITATIONS]
    ]


def joint_invitation(user: User, client: Client, fact_id: str) -> dict:
    """What the form to plan an action begins with: both named, and why. Empty where the fact is not for this.

    The address carries the fact's id alone, so that no name and no interest stands in it; sight is asked again.
    """
    if not (fact_id.isascii() and fact_id.isdigit() and len(fact_id) <= 18):
        return {}
    facts = Fact.objects.visible_to(user).filter(pk=int(fact_id), type__code__in=INVITING)
    fact = facts.exclude(client=client).select_related("client", "type").first()
    if fact is None or not user.may_see_identities or not _are_close(client, fact.client_id):
        return {}
    said = {
        "client": shown_name(user, client),
        "other": shown_name(user, fact.client),
        "kind": client_words.fact_name(fact.type),
        "value": fact.value,
    }
    about = _("Invite %(client)s and %(other)s together. %(other)s: %(kind)s, %(value)s") % said
    return {"about": about[:300], "theme": Theme.objects.filter(code=INVITING[fact.type.code]).first()}


def _are_close(client: Client, other_id: int) -> bool:
    if Relation.objects.of(client).filter(Q(client=other_id) | Q(other=other_id)).exists():
        return True
    return HouseholdMember.objects.filter(client=other_id, household__members__client=client).exists()
