"""Questions about segments, campaigns and events: who may see and who may change which."""

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet

from clients.querysets import OfClientQuerySet
from staff.models import Branch

PLANNERS = ("supervisor", "head_office")


def _is_active(user) -> bool:
    return bool(getattr(user, "is_active", False) and getattr(user, "role", ""))


def _model(name: str):
    return apps.get_model("campaigns", name)


class SegmentQuerySet(QuerySet):
    def visible_to(self, user) -> "SegmentQuerySet":
        """Head office sees every segment; a supervisor their own and those of head office."""
        if not _is_active(user) or user.role not in PLANNERS:
            return self.none()
        standing = self.filter(dropped_at=None)
        return (
            standing
            if user.role == "head_office"
            else standing.filter(Q(owner=user) | Q(owner__role="head_office"))
        )

    def editable_by(self, user) -> "SegmentQuerySet":
        return self.visible_to(user).filter(owner=user)


class CampaignQuerySet(QuerySet):
    def visible_to(self, user) -> "CampaignQuerySet":
        """Head office sees all. A supervisor: their own, those of their branches, of branches above and of the bank.

        An account manager: those launched that have a client of theirs, and those they are responsible for.
        What a campaign says of clients is asked of its targets, each seen with the client.
        """
        if not _is_active(user):
            return self.none()
        if user.role == "head_office":
            return self.all()
        if user.role == "supervisor" and user.branch_id:
            below = Branch.objects.below(user.branch_id).values("pk")
            near = Q(branch=None) | Q(branch__in=user.branch.path) | Q(branch__in=below)
            return self.filter(near | Q(planned_by=user))
        if user.role == "account_manager":
            launched = Q(state__in=("running", "paused", "ended"))
            theirs = _model("Target").objects.worked_by(user).filter(campaign=OuterRef("pk"), arm="treatment")
            charged = self.model.responsible.through.objects.filter(campaign=OuterRef("pk"), user=user)
            return self.filter(launched & Exists(theirs) | Exists(charged))
        return self.none()

    def editable_by(self, user) -> "CampaignQuerySet":
        """Whoever planned it; head office too, and a supervisor of the branch it is for, or of one above."""
        if not _is_active(user) or user.role not in PLANNERS:
            return self.none()
        if user.role == "head_office":
            return self.all()
        below = Branch.objects.below(user.branch_id).values("pk") if user.branch_id else []
        return self.filter(Q(branch__in=below) | Q(planned_by=user))

    def standing(self) -> "CampaignQuerySet":
        return self.exclude(state="dropped")

    def launched(self) -> "CampaignQuerySet":
        return self.filter(state__in=("running", "paused", "ended"))


class PartQuerySet(QuerySet):
    """A part of a campaign: seen and changed with it."""

    def visible_to(self, user) -> "PartQuerySet":
        return self.filter(campaign__in=_model("Campaign").objects.visible_to(user))

    def editable_by(self, user) -> "PartQuerySet":
        return self.filter(campaign__in=_model("Campaign").objects.editable_by(user))


class TargetQuerySet(OfClientQuerySet):
    def treated(self) -> "TargetQuerySet":
        return self.filter(arm="treatment")


class EventQuerySet(QuerySet):
    def visible_to(self, user) -> "EventQuerySet":
        """Head office sees all. A supervisor: those of their branches, of branches above, and their own.

        An account manager: those to which a client of theirs is invited, that their branch is host of, or that they
        prepare something for. The front desk: those of their branch.
        """
        if not _is_active(user):
            return self.none()
        if user.role == "head_office":
            return self.all()
        if user.role == "supervisor" and user.branch_id:
            below = Branch.objects.below(user.branch_id).values("pk")
            near = Q(branch__in=user.branch.path) | Q(branch__in=below)
            invited = _model("Invitation").objects.worked_by(user).filter(event=OuterRef("pk"))
            return self.filter(near | Q(planned_by=user) | Exists(invited))
        if user.role == "account_manager":
            invited = _model("Invitation").objects.worked_by(user).filter(event=OuterRef("pk"))
            prepares = _model("Preparation").objects.filter(event=OuterRef("pk"), owner=user)
            return self.filter(Exists(invited) | Exists(prepares) | Q(branch=user.branch_id))
        if user.role == "front_desk":
            return self.filter(branch=user.branch_id)
        return self.none()

    def editable_by(self, user) -> "EventQuerySet":
        """Whoever planned it; head office too, and a supervisor of the host branch, or of one above."""
        if not _is_active(user) or user.role not in PLANNERS:
            return self.none()
        if user.role == "head_office":
            return self.all()
        below = Branch.objects.below(user.branch_id).values("pk") if user.branch_id else []
        return self.filter(Q(branch__in=below) | Q(planned_by=user))


class EventPartQuerySet(QuerySet):
    """A part of an event: seen and changed with it."""

    def visible_to(self, user) -> "EventPartQuerySet":
        return self.filter(event__in=_model("Event").objects.visible_to(user))

    def editable_by(self, user) -> "EventPartQuerySet":
        return self.filter(event__in=_model("Event").objects.editable_by(user))


class PieceQuerySet(QuerySet):
    def visible_to(self, user) -> "PieceQuerySet":
        """Planners see all; account managers what is published."""
        if not _is_active(user):
            return self.none()
        if user.role in PLANNERS:
            return self.all()
        if user.role == "account_manager":
            return self.filter(published_at__isnull=False)
        return self.none()

    def editable_by(self, user) -> "PieceQuerySet":
        if not _is_active(user) or user.role not in PLANNERS:
            return self.none()
        return self.all() if user.role == "head_office" else self.filter(written_by=user)
