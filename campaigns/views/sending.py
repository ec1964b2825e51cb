"""The page on which the invitations of an event are sent in writing, and what became of it."""

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from campaigns.links import is_answerable
from campaigns.models import Event, Invitation
from campaigns.services.sending import AT_ONCE, Sent, invitations_to_send, send_invitations
from clients.sight import shown_name
from common import saying
from common.pages import editable
from common.text import is_id


@require_http_methods(["GET", "HEAD", "POST"])
def event_send(request: HttpRequest, pk: int) -> HttpResponse:
    """How many wait to be sent, by channel; the button; and after it whom it left out, with the reason.

    The button sends those that the page has counted, so that sending the form again sends nobody else's.
    """
    rows = Event.objects.select_related("branch").prefetch_related("wordings")
    event = editable(request, rows, pk=pk)
    sent, error, status = None, "", 200
    if request.method == "POST":
        try:
            shown = invitations_to_send(request.user, event).filter(number__in=_numbers(request))
            sent = send_invitations(actor=request.user, event=event, invitations=shown[:AT_ONCE])
        except ValidationError as refused:
            error, status = " ".join(refused.messages), 422
    waiting = invitations_to_send(request.user, event)
    ways = dict(
        waiting.order_by().values("channel").annotate(count=Count("pk")).values_list("channel", "count")
    )
    context = {
        "event": event,
        "ways": [(label, ways[way]) for way, label in Invitation.Way.choices if way in ways],
        "count": sum(ways.values()),
        "most": AT_ONCE,
        "numbers": ",".join(str(row.number) for row in waiting.only("number")[:AT_ONCE]),
        "may_send": is_answerable(event),
        "error": error,
        "sent": sent,
        "said": _said(sent) if sent is not None else "",
        "left": [(shown_name(request.user, client), client, why) for client, why in sent.left]
        if sent
        else [],
    }
    return render(request, "campaigns/door_send.html", context, status=status)


def _numbers(request: HttpRequest) -> list[int]:
    """The numbers that the page has shown, as many as go at once."""
    typed = request.POST.get("numbers", "").split(",")[:AT_ONCE]
    return [int(text) for text in typed if is_id(text) and int(text) < 2**31]


def _said(sent: Sent) -> str:
    said = ngettext(
        "%(count)s invitation is on its way.", "%(count)s invitations are on their way.", len(sent.through)
    )
    return said % {"count": saying.number(len(sent.through))}
