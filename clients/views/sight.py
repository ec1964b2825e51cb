"""Who may look beside book and branch: files opened with a reason, their review, restricted files."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import services
from clients.forms.lists import OpenFileForm
from clients.forms.sight import EmergencyForm, ReaderForm, RestrictForm, ReviewForm
from clients.models import SightGrant
from clients.services.sight import IN_AN_EMERGENCY
from clients.sight import shown_name
from clients.views.panels import about, editable_client, saved
from common.pages import go, panel, tell, way_back
from common.paging import keyset
from common.text import is_id
from staff.models import Role

REVIEWED = 25


def client_open(request: HttpRequest) -> HttpResponse:
    """One file for an hour, with a reason; for those who look after clients, in an emergency.

    Absent, restricted and mistyped numbers answer alike.
    """
    user = request.user
    if not services.may_open(user):
        raise Http404
    is_emergency = user.role in IN_AN_EMERGENCY
    form = (EmergencyForm if is_emergency else OpenFileForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            client = services.open_with_reason(actor=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if client is not None:
                return go(request, reverse("client-detail", args=[client.number]))
            form.add_error("number", _("No client has this number."))
    recent = (
        user.sight_grants.exclude(kind=SightGrant.Kind.NAMED).select_related("client").order_by("-from_at")
    )
    context = {
        "form": form,
        "is_emergency": is_emergency,
        "recent": recent[:20],
        "now": timezone.now(),
        "today": user.today(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "clients/open.html", context, status=status)


def opened_list(request: HttpRequest) -> HttpResponse:
    """Emergencies in the supervisor's branches: those to review first, then those reviewed."""
    if request.user.role != Role.SUPERVISOR:
        raise Http404
    return _opened(request, None, None)


def _opened(request: HttpRequest, grant: SightGrant | None, form: ReviewForm | None) -> HttpResponse:
    openings = services.openings_of(request.user)
    waiting = list(openings.filter(reviewed_at=None))
    page = keyset(
        openings.filter(reviewed_at__isnull=False),
        keys=("-reviewed_at", "-id"),
        size=REVIEWED,
        cursor=request.GET.get("cursor", ""),
    )
    for row in (*waiting, *page.rows):
        row.shown = shown_name(request.user, row.client)
        row.form = form if form is not None and row == grant else ReviewForm(auto_id=f"id_{row.pk}_%s")
    context = {"waiting": waiting, "page": page, "today": request.user.today()}
    status = 422 if form is not None else 200
    return render(request, "clients/known/opened.html", context, status=status)


@require_POST
def opened_review(request: HttpRequest, pk: int) -> HttpResponse:
    if request.user.role != Role.SUPERVISOR:
        raise Http404
    grant = get_object_or_404(services.openings_of(request.user), pk=pk)
    form = ReviewForm(request.POST, auto_id=f"id_{grant.pk}_%s")
    if form.is_valid():
        try:
            services.review_opening(actor=request.user, grant=grant, review=form.cleaned_data["review"])
        except ValidationError as error:
            if grant.reviewed_at is not None:  # somebody was faster, and that is no slip of this form
                tell(request, " ".join(error.messages))
                return go(request, reverse("opened-list"))
            form.add_service_errors(error)
        else:
            tell(request, _("Reviewed."))
            return go(request, reverse("opened-list"))
    return _opened(request, grant, form)


def file_restrict(request: HttpRequest, number: str) -> HttpResponse:
    """Close a file to all but named people, name them, and open it again. Only a supervisor's page."""
    client = editable_client(request, number)
    if request.user.role != Role.SUPERVISOR:
        raise PermissionDenied
    back = way_back(request, reverse("client-detail", args=[client.number]))
    act = request.POST.get("act", "restrict") if request.method == "POST" else ""
    # The button says which of the two is wanted: a second click must not turn the first one round.
    closes = act in ("restrict", "open")
    form = RestrictForm(request.POST if closes else None)
    reader = ReaderForm(request.POST if act == "name" else None, user=request.user, client=client)
    text, problems = "", []
    try:
        if closes and form.is_valid():
            is_restricted = act == "restrict"
            services.restrict_file(
                actor=request.user,
                client=client,
                is_restricted=is_restricted,
                reason=form.cleaned_data["reason"],
            )
            text = (
                _("Only named people see this file now.")
                if is_restricted
                else _("The file is open to the branch again.")
            )
        elif act == "name" and reader.is_valid():
            services.name_reader(actor=request.user, client=client, **reader.cleaned_data)
            text = _("%(name)s may see this file.") % {"name": reader.cleaned_data["user"].name}
        elif act.startswith("unname-"):
            grant = _named(client, act.removeprefix("unname-"))
            services.unname_reader(actor=request.user, grant=grant)
            text = _("%(name)s sees this file no more.") % {"name": grant.user.name}
    except ValidationError as error:
        if closes or act == "name":
            (form if closes else reader).add_service_errors(error)
        else:
            problems = error.messages
    if text:
        # Whoever takes the own name off sees the file no more, and goes where there is something to see.
        sees = type(client).objects.visible_to(request.user).filter(pk=client.pk).exists()
        return saved(request, text, back if sees else reverse("client-list"))
    context = {
        **about(request, client),
        "form": form,
        "reader": reader,
        "problems": problems,
        "named": client.sight_grants.filter(kind="named", until_at=None).select_related("user", "granted_by"),
        "title": _("Restricted file"),
        "save": _("Open it to the branch again") if client.is_restricted else _("Restrict this file"),
        "back": back,
        "today": request.user.today(),
    }
    return panel(request, "clients/known/restrict.html", context)


def _named(client, text: str) -> SightGrant:
    """The grant whose name is to go; another file's is absent."""
    if not is_id(text):
        raise Http404
    rows = SightGrant.objects.filter(client=client, kind="named", until_at=None)
    return get_object_or_404(rows.select_related("user", "client"), pk=int(text))
