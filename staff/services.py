"""Changes to people, branches, cover and what a person keeps for the own work."""

from datetime import date, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from oauth2_provider.models import get_access_token_model

from common.text import clean_line
from staff.models import Cover, Role, SavedView, User

LISTS = ("client-list",)  # lists whose views can be saved, by the names of their addresses
MOST_VIEWS = 20
LONGEST_QUERY, LONGEST_NAME = 1_000, 60  # characters, as the table holds them


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
    # One arrangement at a time for a person: the same one sent twice is one.
    User.objects.select_for_update(of=("self",)).get(pk=covered.pk)
    there = Cover.objects.filter(
        covered=covered, stand_in=stand_in, from_on__lte=to_on, to_on__gte=from_on
    ).first()
    if there is not None and (there.from_on, there.to_on) == (from_on, to_on):
        return there
    if there is not None:
        raise ValidationError(
            {"stand_in": _("%(name)s stands in already on some of these days.") % {"name": stand_in.name}}
        )
    cover.save()
    return cover


@transaction.atomic
def end_cover(*, actor: User, cover: Cover) -> None:
    """End cover at once: from this moment the stand-in sees the book no more.

    The days that have passed stay; a cover that has not begun leaves only its history. Repeatable.
    Visibility: the cover must be visible to the actor.
    """
    if actor.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise PermissionDenied
    if not Cover.objects.visible_to(actor).filter(pk=cover.pk).exists():
        raise PermissionDenied
    _end(Cover.objects.filter(pk=cover.pk))


def _end(covers) -> None:
    for cover in covers.select_related("stand_in__branch").select_for_update(of=("self",)):
        today = cover.stand_in.today()  # the day by which the stand-in's sight is decided
        if cover.from_on >= today:
            cover.delete()
        elif cover.to_on >= today:
            cover.to_on = today - timedelta(days=1)
            cover.save(update_fields=["to_on"])


@transaction.atomic
def deactivate(*, actor: User, user: User) -> User:
    """Someone leaves: access ends at once, on every device. Their open work stays listed, not lost.

    Repeatable. Effects: is_active false, cover by them ends, their sessions and the tokens of machines
    that act with their sight are deleted. Raises: ValidationError for one's own access.
    """
    if actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied
    if actor.pk == user.pk:
        raise ValidationError(_("Somebody else has to end your access."))
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    user.is_active = False
    user.save(update_fields=["is_active"])
    _end(Cover.objects.filter(stand_in=user))
    get_access_token_model().objects.filter(application__user=user).delete()
    end_sessions(user)
    return user


@transaction.atomic
def reactivate(*, actor: User, user: User) -> User:
    """Someone comes back, or was taken for somebody else. They sign in anew; cover is arranged anew. Repeatable."""
    if actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user


def end_sessions(user: User) -> None:
    """Delete the person's sessions, in the database and in the cache before it.

    Inactive people are refused on every request in any case; this keeps an old cookie from coming back.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in Session.objects.all().iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            store(session.session_key).delete()


@transaction.atomic
def save_view(*, actor: User, page: str, name: str, query: str) -> SavedView:
    """Keep a list's filters, columns and order under a name, for oneself.

    Rule: at most 20 a person, a name once a list. Repeatable: the same name with the same query is one view.
    Raises: ValidationError on `name` or as a whole, PermissionDenied for a list that cannot be saved.
    """
    if not actor.is_active or not actor.role or page not in LISTS:
        raise PermissionDenied
    if len(query) > LONGEST_QUERY:
        raise ValidationError(_("These filters are too many to be saved; take some away."))
    name = _view_name(name)
    own = _own_views(actor)
    there = own.filter(page=page, name=name).first()
    if there is not None:
        if there.query == query:
            return there
        raise ValidationError({"name": _("You have a view of this name; choose another name.")})
    if own.count() >= MOST_VIEWS:
        raise ValidationError(
            _("You have %(most)s saved views, which is the most; remove one first.") % {"most": MOST_VIEWS}
        )
    return SavedView.objects.create(user=actor, page=page, name=name, query=query)


@transaction.atomic
def rename_view(*, actor: User, view: SavedView, name: str) -> SavedView:
    """Give a view of one's own another name. Raises: ValidationError on `name`, PermissionDenied."""
    name = _view_name(name)
    own = _own_views(actor)
    if not own.filter(pk=view.pk).exists():
        raise PermissionDenied
    if own.filter(page=view.page, name=name).exclude(pk=view.pk).exists():
        raise ValidationError({"name": _("You have a view of this name; choose another name.")})
    view.name = name
    view.save(update_fields=["name"])
    return view


@transaction.atomic
def remove_view(*, actor: User, view: SavedView) -> None:
    """Forget a view of one's own. Raises: PermissionDenied."""
    if not _own_views(actor).filter(pk=view.pk).exists():
        raise PermissionDenied
    view.delete()


def _own_views(actor: User):
    """The person's views; nobody else changes their number until the transaction ends."""
    User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    return SavedView.objects.editable_by(actor)


def _view_name(name: str) -> str:
    name = clean_line(name)
    if not name:
        raise ValidationError({"name": _("Write a name for the view.")})
    if len(name) > LONGEST_NAME:
        raise ValidationError({"name": _("This name is too long; write at most 60 characters.")})
    return name
