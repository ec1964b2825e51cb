"""Questions about people and branches. Who is below whom and who stands in for whom is answered here."""

from datetime import date

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import QuerySet


class BranchQuerySet(QuerySet):
    def below(self, branch_id: int | None) -> "BranchQuerySet":
        """The branch and every branch under it; nothing without a branch."""
        if branch_id is None:
            return self.none()
        return self.filter(path__contains=[branch_id])

    def branches_of(self, user) -> "BranchQuerySet":
        """Branches whose clients a supervisor answers for, or whose figures a role may open.

        Fails closed: no branch, no role, inactive or anonymous gives none.
        """
        if not getattr(user, "is_active", False):
            return self.none()
        if user.role == "head_office":
            return self.all()
        if user.role == "supervisor":
            return self.below(user.branch_id)
        return self.none()


class UserQuerySet(QuerySet):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def visible_to(self, user) -> "UserQuerySet":
        """Colleagues a person may name in a form: administrators and head office all, others their branches."""
        if not getattr(user, "is_active", False) or not user.role:
            return self.none()
        if user.role in ("administrator", "head_office", "auditor"):
            return self.all()
        if user.role == "supervisor":
            return self.filter(branch__path__contains=[user.branch_id or 0])
        return self.filter(branch_id=user.branch_id)

    def editable_by(self, user) -> "UserQuerySet":
        if getattr(user, "is_active", False) and user.role == "administrator":
            return self.all()
        return self.none()

    def nearest_supervisors(self, branch) -> list:
        """The active supervisors of a branch; where it has none, of the nearest branch above that has."""
        nearest: dict[int, list] = {}
        for person in self.active().filter(role="supervisor", branch__in=branch.path).order_by("name"):
            nearest.setdefault(len(person.branch.path), []).append(person)
        return nearest[max(nearest)] if nearest else []

    def covered_by(self, user, on: date) -> "UserQuerySet":
        """People whose book `user` works on a day, because they are away."""
        return self.filter(covers_of__stand_in=user, covers_of__from_on__lte=on, covers_of__to_on__gte=on)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def get_queryset(self) -> UserQuerySet:
        return super().get_queryset().select_related("branch")

    def create_user(self, staff_number: str, name: str, email: str, password: str | None = None, **extra):
        user = self.model(staff_number=staff_number, name=name, email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, staff_number: str, name: str, email: str, password: str | None = None, **extra
    ):
        extra.setdefault("role", "administrator")
        return self.create_user(staff_number, name, email, password, **extra)


class CoverQuerySet(QuerySet):
    def on(self, day: date) -> "CoverQuerySet":
        return self.filter(from_on__lte=day, to_on__gte=day)

    def visible_to(self, user) -> "CoverQuerySet":
        if not getattr(user, "is_active", False) or not user.role:
            return self.none()
        if user.role == "administrator":
            return self.all()
        if user.role == "supervisor":
            return self.filter(covered__branch__path__contains=[user.branch_id or 0])
        return self.filter(models.Q(covered=user) | models.Q(stand_in=user))


class OwnQuerySet(QuerySet):
    """Rows that belong to one person and are nobody else's business."""

    def visible_to(self, user) -> "OwnQuerySet":
        if not getattr(user, "is_active", False) or not user.role:
            return self.none()
        return self.filter(user=user)

    def editable_by(self, user) -> "OwnQuerySet":
        return self.visible_to(user)
