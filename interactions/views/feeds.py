"""One's own plan in another calendar program: the address, and what stands at it."""

from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from icalendar import Event

from common.pages import go, tell
from common.rates import too_many
from interactions.calendars import CONTENT_TYPE, appointment_event, calendar_of, day_event
from interactions.models import Action, Appointment, CalendarFeed
from interactions.services import feeds
from staff.models import User

BACK, AHEAD = timedelta(days=31), timedelta(days=92)  # of today
MOST = 500
READINGS = 60  # a minute from one address


@require_http_methods(["GET", "HEAD", "POST"])
def feed(request: HttpRequest) -> HttpResponse:
    """Whether there is an address, when it was read; a new one is shown once, in the answer that makes it."""
    user = request.user
    if user.role not in feeds.ROLES:
        raise Http404
    token = feeds.make_feed(actor=user) if request.method == "POST" else ""
    context = {
        "feed": CalendarFeed.objects.filter(user=user, revoked_at=None).first(),
        "address": f"{settings.PUBLIC_URL}{reverse('feed-read', args=[token])}" if token else "",
        "today": user.today(),
        "with_names": settings.FEED_NAMES,
    }
    return render(request, "interactions/feed.html", context)


@require_POST
def feed_revoke(request: HttpRequest) -> HttpResponse:
    feeds.revoke_feed(actor=request.user)
    tell(request, _("The address answers nobody any more."))
    return go(request, reverse("feed"))


@login_not_required
@require_safe
def feed_read(request: HttpRequest, token: str) -> HttpResponse:
    """The plan of whoever made the address. Unknown, revoked, left, without a role: absent, all alike."""
    # The secret stands in the path, which history would keep with whatever this request writes.
    with pghistory.context(url="/calendar/"):
        if too_many(request, "feed", READINGS):
            return HttpResponse(status=429)
        found = feeds.feed_of(token)
        if found is None:
            raise Http404
        user = found.user
        with translation.override(_language(user)), timezone.override(user.zone):
            body = calendar_of(_events(user), name=_("%(bank)s: plan") % {"bank": settings.BANK_NAME})
        feeds.note_reading(found)
    response = HttpResponse(body, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _language(user: User) -> str:
    known = {code for code, _name in settings.LANGUAGES}
    return user.language if user.language in known else settings.LANGUAGE_CODE


def _events(user: User) -> list[Event]:
    """Appointments by time, and how many contacts each day holds. Sight is asked now, not when it was made."""
    now, today = timezone.now(), user.today()
    rows = Appointment.objects.visible_to(user).in_hand_of(user).standing()
    rows = rows.filter(starts_at__range=(now - BACK, now + AHEAD)).order_by("starts_at", "pk")
    rows = rows.select_related("action__client__branch").defer(
        "action__client__search", "action__client__document_number"
    )
    # Where it takes place may be the client's home.
    events = [
        appointment_event(row, who=_who(row), place=row.place if settings.FEED_NAMES else "")
        for row in rows[:MOST]
    ]
    days = Action.objects.visible_to(user).in_hand_of(user).with_day()
    days = days.filter(stands_on__range=(today, today + AHEAD)).values("stands_on").order_by("stands_on")
    for day in days.annotate(count=Count("pk")):
        events.append(day_event(user.pk, day["stands_on"], day["count"], now))
    return events


def _who(row: Appointment) -> str:
    """The client as a calendar outside the bank may say it: initials and the branch, unless the bank wants names."""
    client = row.action.client
    if settings.FEED_NAMES:
        return client.name
    return _("%(initials)s, %(branch)s") % {"initials": initials(client.name), "branch": client.branch.name}


def initials(name: str) -> str:
    """ "Carla Núñez" → "C. N."; of a name in one word, its first character."""
    return " ".join(f"{part[0].upper()}." for part in name.split()[:3])
