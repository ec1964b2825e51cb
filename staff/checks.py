"""Rules that people and branches must obey."""

from django.db.models import Exists, OuterRef, Q

from common.checks import found, found_by_sql
from staff.models import Cover, Role, User

AT_A_BRANCH = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.FRONT_DESK)


def checks() -> list[str]:
    return _paths() + _homeless() + _covers()


def _paths() -> list[str]:
    """Sight of whole branches rests on `Branch.path`: the ids from the root to the branch itself."""
    return found_by_sql(
        """
        WITH RECURSIVE tree AS (
            SELECT id, ARRAY[id] AS path FROM staff_branch WHERE parent_id IS NULL
            UNION ALL
            SELECT b.id, tree.path || b.id FROM staff_branch b JOIN tree ON b.parent_id = tree.id
        )
        SELECT b.id FROM staff_branch b LEFT JOIN tree ON tree.id = b.id WHERE b.path IS DISTINCT FROM tree.path
        """,
        "branches whose path is not that of the tree",
    )


def _homeless() -> list[str]:
    return found(
        User.objects.active().filter(role__in=AT_A_BRANCH, branch=None),
        "people whose role works at a branch have none",
    )


def _covers() -> list[str]:
    """The same stand-in twice on one day shows a cover that was changed by a second row."""
    other = Cover.objects.filter(
        ~Q(pk=OuterRef("pk")),
        covered=OuterRef("covered"),
        from_on__lte=OuterRef("to_on"),
        to_on__gte=OuterRef("from_on"),
        stand_in=OuterRef("stand_in"),
    )
    return found(Cover.objects.filter(Exists(other)), "covers repeat another one of the same two people")
