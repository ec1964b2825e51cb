"""The team: who works where, who is away, who stands in."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.pages import go, tell
from common.paging import keyset
from staff import services
from staff.forms import CoverForm
from staff.models import Cover, User

TEAM_ROLES = ("supervisor", "administrator")


def team(request: HttpRequest) -> HttpResponse:
    """People of one's branches, and their cover. Supervisors and administrators arrange cover here."""
    if request.user.role not in TEAM_ROLES:
        raise Http404
    form = CoverForm(request.POST or None, user=request.user)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                cover = services.arrange_cover(actor=request.user, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                tell(request, _("%(name)s stands in.") % {"name": cover.stand_in.name})
                return go(request, reverse("team"))
        status = 422
    people = User.objects.visible_to(request.user)
    page = keyset(people, keys=("name", "id"), size=100, cursor=request.GET.get("cursor", ""))
    covers = Cover.objects.visible_to(request.user).filter(to_on__gte=request.user.today())
    context = {"page": page, "form": form, "covers": covers.select_related("covered", "stand_in")[:100]}
    return render(request, "common/team.html", context, status=status)


@require_POST
def cover_end(request: HttpRequest, pk: int) -> HttpResponse:
    if request.user.role not in TEAM_ROLES:
        raise Http404
    cover = get_object_or_404(Cover.objects.visible_to(request.user), pk=pk)
    services.end_cover(actor=request.user, cover=cover)
    tell(request, _("The cover has ended."))
    return go(request, reverse("team"))


@require_POST
def user_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User.objects.editable_by(request.user), pk=pk)
    services.deactivate(actor=request.user, user=user)
    tell(request, _("%(name)s has no access any more.") % {"name": user.name})
    return go(request, reverse("team"))
