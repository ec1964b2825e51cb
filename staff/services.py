"""Changes to people, branches and cover."""

from datetime import date

from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from staff.models import Cover, Role, User


def rebuild_branch_paths() -> int:
    """Recompute `Branch.path` from the parents and return how many changed. Repeatable.

    Called after any change of the tree; a loop of parents is refused (ValidationError).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE tree AS (
                SELECT id, ARRAY[id] AS path FROM staff_branch WHERE parent_id IS NULL
                UNION ALL
                SELECT b.id, tree.path || b.id FROM staff_branch b JOIN tree ON b.parent_id = tree.id
            )
            UPDATE staff_branch b SET path = tree.path FROM tree
            WHERE tree.id = b.id AND b.path IS DISTINCT FROM tree.path
            """
        )
        changed = cursor.rowcount
        cursor.execute(
            """
            WITH RECURSIVE tree AS (
                SELECT id FROM staff_branch WHERE parent_id IS NULL
                UNION ALL
                SELECT b.id FROM staff_branch b JOIN tree ON b.parent_id = tree.id
            )
            SELECT count(*) FROM staff_branch WHERE id NOT IN (SELECT id FROM tree)
            """
        )
        if cursor.fetchone()[0]:
            raise ValidationError(_("A branch cannot stand below itself."))
    return changed


@transaction.atomic
def arrange_cover(*, actor: User, covered: User, stand_in: User, from_on: date, to_on: date) -> Cover:
    """Let one account manager stand in for another from a day to a day.

    Rule: both manage clients and are active; a supervisor arranges it for people of their branches.
    Raises: ValidationError naming the field, PermissionDenied.
    """
    if User.objects.visible_to(actor).filter(pk__in=[covered.pk, stand_in.pk]).count() < len(
        {covered.pk, stand_in.pk}
    ):
        raise PermissionDenied
    if actor.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise PermissionDenied
    for field, person in (("covered", covered), ("stand_in", stand_in)):
        if person.role != Role.ACCOUNT_MANAGER or not person.is_active:
            raise ValidationError({field: _("Choose an active account manager.")})
    cover = Cover(covered=covered, stand_in=stand_in, from_on=from_on, to_on=to_on)
    cover.full_clean()
    cover.save()
    return cover


@transaction.atomic
def end_cover(*, actor: User, cover: Cover) -> None:
    """End cover at once: from this moment the stand-in sees the book no more. It stays in history."""
    if actor.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise PermissionDenied
    cover.delete()


@transaction.atomic
def deactivate(*, actor: User, user: User) -> User:
    """Someone leaves: access ends at once, on every device. Their open work stays listed, not lost.

    Repeatable. Effects: is_active false, cover by them ends, their sessions are deleted.
    """
    if actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    return user


def end_sessions(user: User) -> None:
    """Delete the person's sessions. Inactive people are refused on every request in any case."""
    for session in Session.objects.all().iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
