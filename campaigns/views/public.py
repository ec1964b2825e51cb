"""The page that is for the client: read what an event is, and say whether one comes. No login, no session, no name."""

from collections.abc import Callable
from functools import wraps

import pghistory
import segno
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.calendars import invitation_calendar
from campaigns.links import door_url, invitation_of_token, is_answerable, is_shown
from campaigns.models import Answer, Invitation
from campaigns.services.invitations import answer_invitation
from common import saying
from common.rates import too_many
from interactions.calendars import CONTENT_TYPE
from interactions.writing import language_of

A_MINUTE = 30  # requests from one address
View = Callable[[HttpRequest, str], HttpResponse]


def _public(view: View) -> View:
    """What holds for each of these addresses: no more than so often, kept nowhere, told to nobody.

    The limit is asked before the token, and the token before the database. The secret stands in the path, which
    history would keep with whatever this request writes.
    """

    @wraps(view)
    def _answer(request: HttpRequest, token: str) -> HttpResponse:
        with pghistory.context(url="/invitation/"):
            response = _wait() if too_many(request, "invitation", A_MINUTE) else view(request, token)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return _answer


def _wait() -> HttpResponse:
    """As little as can be said, for it may be said ten thousand times."""
    words = _("Please try again in a minute.")
    return HttpResponse(
        words, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": "60"}
    )


def _gone(request: HttpRequest) -> HttpResponse:
    """Tampered with, unknown, withdrawn, called off, too late: one answer for all of them."""
    return render(request, "campaigns/public_gone.html", status=404)


# Exempt, for a forged form needs what only the link says: no cookie lends anybody a right here, and without one no
# mail program or shared computer keeps a trace of the client.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@_public
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The event in the client's language, and the answer. Opening writes nothing, for mail programs open links."""
    found = invitation_of_token(token)
    if found is None or not is_shown(found):
        return _gone(request)
    errors: list[str] = []
    with translation.override(language_of(found.client)), timezone.override(found.event.branch.zone):
        if request.method == "POST":
            if not is_answerable(found.event):
                found = None
            else:
                try:
                    _take_down(request, found)
                except ValidationError as error:
                    errors = error.messages
                else:
                    return redirect(request.path)
        if found is not None:
            return _page(request, found, token, errors)
    return _gone(request)


def _take_down(request: HttpRequest, found: Invitation) -> None:
    brings = request.POST.get("companions") or "0"
    if not (brings.isascii() and brings.isdigit() and len(brings) <= 3):
        raise ValidationError(_("Write how many come with you."))
    answer_invitation(
        invitation=found,
        answer=request.POST.get("answer", ""),
        companions=int(brings),
        through=Invitation.Through.LINK,
    )


def _page(request: HttpRequest, found: Invitation, token: str, errors: list[str]) -> HttpResponse:
    language, event = translation.get_language(), found.event
    comes = found.answer == Answer.ACCEPTED
    first, last, until = (
        saying.day(timezone.localdate(moment), "yMMMMEEEEd")
        for moment in (event.starts_at, event.ends_at, event.answer_until)
    )
    context = {
        "invitation": found,
        "event": event,
        "words": event.words(language),
        "language": language,
        "token": token,
        "errors": errors,
        "may_answer": is_answerable(event),
        "comes": comes,
        "brings": [(count, count == found.companions) for count in range(event.companions_most + 1)],
        "first": first,
        "last": last,
        "until": until,
        "code": _code(door_url(found)) if comes else "",
    }
    response = render(request, "campaigns/public.html", context, status=422 if errors else 200)
    response["Content-Language"] = str(language)
    return response


def _code(text: str) -> SafeString:
    """A QR code as a drawing: dark on light in every theme, with the margin that a reader needs."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff"
    )
    return mark_safe(drawn)  # noqa: S308 - drawn here, from our own address


@csrf_exempt
@login_not_required
@require_safe
@_public
def invitation_date(request: HttpRequest, token: str) -> HttpResponse:
    """The date for the client's calendar."""
    found = invitation_of_token(token)
    if found is None or not is_shown(found):
        return _gone(request)
    response = HttpResponse(invitation_calendar(found, language_of(found.client)), content_type=CONTENT_TYPE)
    response["Content-Disposition"] = 'attachment; filename="invite.ics"'
    return response
