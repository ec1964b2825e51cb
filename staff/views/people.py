"""People and their cover: ended, and access given or taken."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.pages import go, tell
from staff import services
from staff.models import Cover, User

TEAM_ROLES = ("supervisor", "administrator")


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
    try:
        services.deactivate(actor=request.user, user=user)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(
            request,
            _("%(name)s has no access any more.") % {"name": user.name},
            undo_url=reverse("user-reactivate", args=[pk]),
        )
    return go(request, reverse("team"))


@require_POST
def user_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User.objects.editable_by(request.user), pk=pk)
    services.reactivate(actor=request.user, user=user)
    tell(request, _("%(name)s may sign in again.") % {"name": user.name})
    return go(request, reverse("team"))
