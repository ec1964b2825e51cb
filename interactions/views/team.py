"""The team: who works where and with how much, who is away, whose book waits for somebody."""

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import saying
from common.pages import go, shown_status, tell
from common.paging import keyset
from interactions.forms.bulk import HandOverBookForm, account_managers
from interactions.models import Action
from interactions.services import bulk
from interactions.team import leavers, loads
from staff.forms import CoverForm
from staff.models import Cover, User
from staff.services import arrange_cover
from staff.views.people import TEAM_ROLES

MOST_COVERS = 100
MOST_NAMED = 50  # actions by name that are listed; all of them change hands


def team(request: HttpRequest) -> HttpResponse:
    """People of one's branches, what they have on their hands, and their cover.

    Administrators see people and their access, nothing that is counted over clients.
    """
    user = request.user
    if user.role not in TEAM_ROLES:
        raise Http404
    form = CoverForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            cover = arrange_cover(actor=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            tell(request, _("%(name)s stands in.") % {"name": cover.stand_in.name})
            return go(request, reverse("team"))
    today = user.today()
    people = User.objects.visible_to(user)
    page = keyset(people, keys=("name", "id"), size=100, cursor=request.GET.get("cursor", ""))
    waiting = []
    if user.role == "supervisor":
        waiting = leavers(user)
        found = loads(user, [person.pk for person in [*page.rows, *waiting]], today)
        for person in [*page.rows, *waiting]:
            person.load = found[person.pk]
    covers = Cover.objects.visible_to(user).filter(to_on__gte=today).select_related("covered", "stand_in")
    covers = list(covers[:MOST_COVERS])
    context = {
        "page": page,
        "form": form,
        "waiting": waiting,
        "now": [cover for cover in covers if cover.from_on <= today],
        "coming": [cover for cover in covers if cover.from_on > today],
        "with_loads": user.role == "supervisor",
        "away": {cover.covered_id for cover in covers if cover.from_on <= today},
    }
    return render(request, "common/team.html", context, status=shown_status(request))


def book_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand one person's whole book to one colleague or several. Absent where nothing of it may be seen."""
    user = request.user
    if user.role != "supervisor":
        raise Http404
    owner = get_object_or_404(User, pk=pk)
    book = bulk.book_of(user, owner)
    named = Action.objects.visible_to(user).open().filter(owner=owner)
    listed = list(
        named.select_related("client", "theme").defer("client__search").order_by("due_on", "pk")[:MOST_NAMED]
    )
    clients = book.count()
    if not clients and not listed and not User.objects.visible_to(user).filter(pk=pk).exists():
        raise Http404
    people = account_managers(user)
    held = {
        key: load.clients
        for key, load in loads(user, people.values_list("pk", flat=True), user.today()).items()
    }
    form = HandOverBookForm(
        request.POST or None,
        user=user,
        owner=owner,
        clients=held,
        named=len(listed),
        initial={"by": bulk.BY_NAME},
    )
    if request.method == "POST" and form.is_valid():
        try:
            done = bulk.hand_over_book(actor=user, owner=owner, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _said(owner, done))
            return go(request, reverse("team"))
    context = {
        "form": form,
        "owner": owner,
        "clients": clients,
        "tiers": _tiers(book),
        "named": listed,
        "more_named": max(0, named.count() - len(listed)) if len(listed) == MOST_NAMED else 0,
        "today": user.today(),
    }
    return render(request, "interactions/book.html", context, status=shown_status(request))


def _tiers(book) -> list[dict]:
    """How many clients of each tier, highest first, those without a tier last."""
    rows = book.order_by().values("tier__name", "tier__rank").annotate(clients=Count("pk"))
    return sorted(rows, key=lambda row: (row["tier__rank"] is None, -(row["tier__rank"] or 0)))


def _said(owner: User, done: bulk.BookHandedOver) -> str:
    moved = sum(done.clients.values())
    actions = done.actions.taken + done.actions.freed
    said = [
        ngettext(
            "%(count)s client of %(name)s changed hands.",
            "%(count)s clients of %(name)s changed hands.",
            moved,
        )
        % {"count": saying.number(moved), "name": owner.name}
    ]
    if actions:
        said.append(
            ngettext("%(count)s action went along.", "%(count)s actions went along.", actions)
            % {"count": saying.number(actions)}
        )
    return " ".join(said)
