"""Who may see whom, stated once; and the many-row questions about clients."""

from django.apps import apps
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from clients.search import search_condition

# One set of ids: an "or" of subqueries would make the database look at every client. Written as SQL because
# every page asks it, and the ORM would take longer to put it together than the database to answer.
_IN_SIGHT = """
    SELECT client_id FROM clients_assignment
     WHERE manager_id = %s AND (to_on IS NULL OR to_on > %s) AND (from_on IS NULL OR from_on <= %s)
    UNION ALL
    SELECT a.client_id
      FROM staff_cover v
      JOIN clients_assignment a ON a.manager_id = v.covered_id
       AND (a.to_on IS NULL OR a.to_on > %s) AND (a.from_on IS NULL OR a.from_on <= %s)
      JOIN clients_client k ON k.id = a.client_id AND NOT k.is_restricted
     WHERE v.stand_in_id = %s AND v.from_on <= %s AND v.to_on >= %s
    UNION ALL
    SELECT client_id FROM clients_sightgrant WHERE user_id = %s AND (until_at IS NULL OR until_at > %s)
"""
_MANAGER = """
    SELECT {column} FROM clients_assignment a JOIN staff_user u ON u.id = a.manager_id
     WHERE a.client_id = clients_client.id AND a.role = 'primary' AND a.to_on IS NULL
"""
_EMERGENCIES = (
    "SELECT client_id FROM clients_sightgrant WHERE user_id = %s AND kind = 'break_glass' AND until_at > %s"
)
_BELOW = "SELECT id FROM staff_branch WHERE path @> ARRAY[%s]::bigint[]"
_NAMED = "SELECT client_id FROM clients_assignment WHERE manager_id = %s AND to_on IS NULL"


def _model(name: str):
    return apps.get_model("clients", name)


class ClientQuerySet(QuerySet):
    def visible_to(self, user) -> "ClientQuerySet":
        """The clients a person may see today. Fails closed.

        account manager → clients with an open assignment to them, and those they cover today
        supervisor → clients whose branch is theirs or below it (the client's branch, not the manager's)
        head office → all (names are masked unless the right is given: `User.may_see_identities`)
        everyone → files opened with a reason, for their hour
        front desk, auditor, administrator, data officer → no lists
        Restricted files: only people named on the file (an open assignment or a grant).
        """
        if not getattr(user, "is_active", False) or not getattr(user, "role", ""):
            return self.none()
        now = timezone.now()
        if user.role == "account_manager":
            on = user.today()
            asked = [user.pk, on, on, on, on, user.pk, on, on, user.pk, now]
            return self.filter(pk__in=RawSQL(_IN_SIGHT, asked))
        # Asked first, because it is rare: an "or" would keep the database from the indexes of the others.
        grants = _model("SightGrant").objects.filter(Q(until_at=None) | Q(until_at__gt=now), user=user)
        granted = Q(pk__in=list(grants.values_list("client_id", flat=True)))
        if user.role == "supervisor" and user.branch_id:
            mine = Q(branch__in=RawSQL(_BELOW, [user.branch_id]))
            named = Q(pk__in=RawSQL(_NAMED, [user.pk]))
            return self.filter((mine & (Q(is_restricted=False) | named)) | granted)
        if user.role == "head_office":
            return self.filter(Q(is_restricted=False) | granted)
        if user.role in ("auditor", "data_officer"):
            return self.filter(granted)
        return self.none()

    def editable_by(self, user) -> "ClientQuerySet":
        """The clients whose file a person may change: those seen by account managers and supervisors."""
        if getattr(user, "role", "") in ("account_manager", "supervisor"):
            return self.visible_to(user)
        return self.none()

    def worked_by(self, user) -> "ClientQuerySet":
        """The clients a person sees, but for files opened in an emergency: reading one is not looking after it."""
        return self.visible_to(user).exclude(pk__in=RawSQL(_EMERGENCIES, [user.pk, timezone.now()]))

    def key_clients(self) -> "ClientQuerySet":
        return self.filter(tier__is_key=True)

    def served(self) -> "ClientQuerySet":
        """Clients with whom contact may be planned at all."""
        return self.exclude(status__in=("closed", "deceased"))

    def matching(self, text: str) -> "ClientQuerySet":
        """Clients found by the one search box (see clients.search for what it finds)."""
        condition = search_condition(text)
        return self.none() if condition is None else self.filter(condition)

    def with_manager(self) -> "ClientQuerySet":
        """Annotates the name and id of the primary account manager."""
        return self.annotate(
            manager_id=RawSQL(_MANAGER.format(column="u.id"), []),
            manager_name=RawSQL(_MANAGER.format(column="u.name"), []),
        )

    def late(self) -> "ClientQuerySet":
        return self.filter(next_due_on__lt=timezone.localdate())

    def never_reached(self) -> "ClientQuerySet":
        return self.filter(last_reached_at=None)

    def by_name(self) -> "ClientQuerySet":
        return self.order_by(F("sort_name"), "pk")


class OfClientQuerySet(QuerySet):
    """For every table that belongs to a client: seen with the client, never without."""

    client_path = "client"

    def visible_to(self, user) -> "OfClientQuerySet":
        return self.filter(**{f"{self.client_path}__in": _model("Client").objects.visible_to(user)})

    def editable_by(self, user) -> "OfClientQuerySet":
        return self.filter(**{f"{self.client_path}__in": _model("Client").objects.editable_by(user)})

    def worked_by(self, user) -> "OfClientQuerySet":
        """Of clients a person works with: reading a file in an emergency is not looking after it."""
        return self.filter(**{f"{self.client_path}__in": _model("Client").objects.worked_by(user)})


class RelationQuerySet(OfClientQuerySet):
    """A relation is seen from either end; what of the other end may be read is asked of that client."""

    def visible_to(self, user) -> "RelationQuerySet":
        visible = _model("Client").objects.visible_to(user)
        return self.filter(Q(client__in=visible) | Q(other__in=visible))

    def editable_by(self, user) -> "RelationQuerySet":
        editable = _model("Client").objects.editable_by(user)
        return self.filter(Q(client__in=editable) | Q(other__in=editable))

    def of(self, client) -> "RelationQuerySet":
        """The client's relations, from whichever end."""
        return self.filter(Q(client=client) | Q(other=client))


class ConsentQuerySet(OfClientQuerySet):
    def current(self) -> "ConsentQuerySet":
        """The event that holds today for each client, channel and purpose."""
        return self.order_by("client", "channel", "purpose", "-at", "-pk").distinct(
            "client", "channel", "purpose"
        )


class AgreementQuerySet(OfClientQuerySet):
    def in_force(self, on) -> "AgreementQuerySet":
        """The version in force on a day."""
        return self.filter(approved_on__lte=on).filter(Q(to_on=None) | Q(to_on__gt=on))


class ContactPointQuerySet(OfClientQuerySet):
    def usable(self) -> "ContactPointQuerySet":
        return self.filter(do_not_use=False)
