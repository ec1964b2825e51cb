"""Who may see whom, stated once; and the many-row questions about clients."""

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from clients.search import search_condition


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
        grants = _model("SightGrant").objects.filter(
            Q(until_at=None) | Q(until_at__gt=timezone.now()), user=user
        )
        if user.role == "account_manager":
            # One set of ids: an "or" of two subqueries would make the database look at every client.
            return self.filter(pk__in=self._in_books_of(user).union(grants.values("client_id"), all=True))
        # Asked first, because it is rare: an "or" would keep the database from the indexes of the others.
        lent = list(grants.values_list("client_id", flat=True))
        granted = Q(pk__in=lent)
        if user.role == "supervisor" and user.branch_id:
            named = Exists(
                _model("Assignment").objects.filter(client=OuterRef("pk"), manager=user, to_on=None)
            )
            mine = Q(branch__in=apps.get_model("staff", "Branch").objects.below(user.branch_id).values("pk"))
            return self.filter((mine & (Q(is_restricted=False) | Q(named))) | granted)
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

    def _in_books_of(self, user):
        """Client ids with an open assignment to the person, or to someone whose cover the person is today."""
        today = user.today()
        covered = apps.get_model("staff", "User").objects.covered_by(user, today).values("pk")
        assignments = _model("Assignment").objects.filter(
            Q(to_on=None) | Q(to_on__gt=today), Q(from_on=None) | Q(from_on__lte=today)
        )
        own = assignments.filter(manager=user)
        theirs = assignments.filter(manager__in=covered, client__is_restricted=False)
        return own.values("client_id").union(theirs.values("client_id"), all=True)

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
        primary = _model("Assignment").objects.filter(client=OuterRef("pk"), role="primary", to_on=None)
        return self.annotate(
            manager_id=primary.values("manager_id")[:1], manager_name=primary.values("manager__name")[:1]
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
