"""Pages: what one was told, and the outbox's messages that wait for a person."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from common.paging import PAGE_SIZES, keyset
from messaging import services, words
from messaging.models import Message, Notification
from staff.models import Role


@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    """Everything one was told, the latest first."""
    mine = Notification.objects.visible_to(request.user)
    page = keyset(mine, keys=("-at", "-id"), size=PAGE_SIZES[0], cursor=request.GET.get("cursor", ""))
    for notification in page.rows:
        notification.text = words.text(notification)
    context = {"page": page, "today": request.user.today()}
    return render(request, "messaging/notification_list.html", context)


@require_safe
def notification_bell(request: HttpRequest) -> HttpResponse:
    """The bell, for a page that stays open: nothing while all is as `seen`, and aloud only what is new."""
    bell = Notification.objects.visible_to(request.user).bell()
    seen = request.GET.get("seen", "")
    if seen == bell.mark:
        return HttpResponse(status=204)
    response = render(request, "common/bell.html", {"bell": bell})
    if bell.unread and bell.mark.partition("-")[0] > seen.partition("-")[0]:
        said = ngettext("Notifications, %(counter)s unread", "Notifications, %(counter)s unread", bell.unread)
        trigger_client_event(response, "crm:say", {"value": said % {"counter": bell.unread}})
    return trigger_client_event(response, "crm:told")


@require_POST
def notification_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read and go where it points."""
    notification = get_object_or_404(Notification.objects.editable_by(request.user), pk=pk)
    services.mark_read(actor=request.user, notifications=[notification])
    if url_has_allowed_host_and_scheme(notification.url, allowed_hosts=None):
        return redirect(notification.url)
    return redirect("notification-list")


@require_POST
def notification_read_all(request: HttpRequest) -> HttpResponse:
    """Mark all of one's own as read."""
    services.mark_read(actor=request.user)
    return redirect("notification-list")


@require_safe
def outbox_list(request: HttpRequest) -> HttpResponse:
    """Messages to staff that may have been sent, for an administrator to decide."""
    _only_administrators(request)
    undecided = Message.objects.visible_to(request.user).undecided()
    page = keyset(undecided, keys=("id",), size=PAGE_SIZES[0], cursor=request.GET.get("cursor", ""))
    return render(request, "messaging/outbox_list.html", {"page": page, "today": request.user.today()})


@require_POST
def outbox_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """The administrator's decision about one message."""
    _only_administrators(request)
    message = get_object_or_404(Message.objects.editable_by(request.user), pk=pk)
    was_sent = request.POST.get("decision")
    if was_sent not in ("sent", "again"):
        messages.error(request, _("Choose whether it was sent."))
        return redirect("outbox-list")
    try:
        services.settle_unknown(actor=request.user, message=message, was_sent=was_sent == "sent")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("outbox-list")


def _only_administrators(request: HttpRequest) -> None:
    if request.user.role != Role.ADMINISTRATOR:
        raise PermissionDenied
