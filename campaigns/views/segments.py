"""Segments: the list, the rule while it is written with its live count, and who is in one."""

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Segment, SegmentVersion
from campaigns.rules import Known
from campaigns.services import MAY_WRITE, look, members
from campaigns.services import segments as services
from campaigns.services.segments import version_words
from campaigns.views.builder import changed, drawn, rule_of
from clients.sight import shown_name, shown_native
from common import audit
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import editable, go, shown_status, tell
from common.paging import keyset, read_through

A_PAGE = 25


def _only_those_who_write(request: HttpRequest) -> None:
    if request.user.role not in MAY_WRITE:
        raise Http404


def segment_list(request: HttpRequest) -> HttpResponse:
    """One's own and those of head office, the latest first, each in words."""
    _only_those_who_write(request)
    latest = SegmentVersion.objects.order_by("segment", "-number").distinct("segment")
    page = keyset(
        Segment.objects.visible_to(request.user)
        .select_related("owner")
        .prefetch_related(Prefetch("versions", queryset=latest, to_attr="latest")),
        keys=("-created_at", "-id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    rows, known = [], {}
    for segment in page.rows:
        version = segment.latest[0]
        rows.append({"segment": segment, "version": version, "said": version_words(version, known)})
    return render(request, "campaigns/segments.html", {"page": page, "rows": rows})


def segment_add(request: HttpRequest) -> HttpResponse:
    _only_those_who_write(request)
    return _write(request, None)


def segment_change(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_write(request)
    return _write(request, editable(request, Segment.objects.select_related("owner"), pk=pk))


def _write(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    """The form: each button but Save only draws it anew."""
    version = segment.current if segment is not None else None
    is_list = (
        request.POST.get("is_list") == "yes"
        if request.method == "POST"
        else version is not None and version.numbers is not None
    )
    name = request.POST.get("name", segment.name if segment else "")
    pasted = request.POST.get("numbers", "\n".join(version.numbers) if version and version.numbers else "")
    rule = version.rule if version is not None and version.rule else {"all": True, "groups": []}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        do = request.POST.get("do", "save")
        rule = rule_of(request.POST)
        if do == "save":
            try:
                saved = services.save_segment(
                    actor=request.user,
                    name=name,
                    rule=None if is_list else rule,
                    numbers=pasted.replace(",", "\n").split() if is_list else None,
                    segment=segment,
                )
            except ValidationError as error:
                errors = error.message_dict
            else:
                tell(request, _("Saved: %(name)s.") % {"name": saved.segment.name})
                return go(request, reverse("segment-detail", args=[saved.segment_id]))
        else:
            rule = changed(rule, do)
    context = {
        "segment": segment,
        "name": name,
        "is_list": is_list,
        "pasted": pasted,
        "builder": drawn(rule),
        "errors": errors,
    }
    template = "campaigns/builder.html" if request.htmx and not errors else "campaigns/segment_form.html"
    return render(request, template, context, status=422 if errors and not request.htmx else 200)


@require_POST
def segment_look(request: HttpRequest) -> HttpResponse:
    """Count and sample of the rule as it stands in the form, while it is written."""
    _only_those_who_write(request)
    user = request.user
    try:
        found = look(user, rule_of(request.POST))
    except ValidationError as error:
        return render(request, "campaigns/look.html", {"why": " ".join(error.messages)})
    rows = [
        {"client": client, "name": shown_name(user, client), "native": shown_native(user, client)}
        for client in found.sample
    ]
    return render(request, "campaigns/look.html", {"count": found.count, "rows": rows})


def segment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is in it today, of the clients in one's sight; its versions. The look is recorded."""
    _only_those_who_write(request)
    user = request.user
    segment = get_object_or_404(Segment.objects.visible_to(user).select_related("owner"), pk=pk)
    known: Known = {}
    versions = list(segment.versions.select_related("saved_by").order_by("-number")[:20])
    found = members(versions[0], user)
    page = keyset(
        found.select_related("tier", "branch").defer("search", "document_number"),
        keys=("sort_name", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    audit.record(actor=user, act=AuditEntry.Act.SEARCH, subject=f"segment/{segment.pk}", detail="members")
    context = {
        "segment": segment,
        "said": version_words(versions[0], known),
        "versions": [{"version": version, "said": version_words(version, known)} for version in versions],
        "count": found.count(),
        "page": page,
        "rows": [
            {"client": client, "name": shown_name(user, client), "native": shown_native(user, client)}
            for client in page.rows
        ],
        "may_change": segment.owner_id == user.pk,
        "today": user.today(),
    }
    return render(request, "campaigns/segment.html", context, status=shown_status(request))


def segment_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is in it today, as a file: what the page shows, of the clients in one's sight. Recorded."""
    _only_those_who_write(request)
    user = request.user
    segment = get_object_or_404(Segment.objects.visible_to(user), pk=pk)
    found = members(segment.current, user).select_related("tier", "branch").with_manager()
    found = found.defer("search", "document_number")
    audit.record(
        actor=user,
        act=AuditEntry.Act.EXPORT,
        subject=f"segment/{segment.pk}",
        detail="members",
        count=min(members(segment.current, user).count(), EXPORT_LIMIT),
    )
    head = [_("Client number"), _("Client"), _("Tier"), _("Branch"), _("Account manager")]
    lines = (
        [
            client.number,
            shown_name(user, client),
            client.tier.name if client.tier else "",
            client.branch.name,
            client.manager_name or "",
        ]
        for client in read_through(found, keys=("sort_name", "id"), most=EXPORT_LIMIT)
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(f"segment-{segment.pk}", head, lines)


@require_POST
def segment_drop(request: HttpRequest, pk: int) -> HttpResponse:
    segment = editable(request, Segment.objects.all(), pk=pk)
    services.drop_segment(actor=request.user, segment=segment)
    tell(
        request,
        _("Put aside: %(name)s.") % {"name": segment.name},
        undo_url=reverse("segment-restore", args=[pk]),
    )
    return go(request, reverse("segment-list"))


@require_POST
def segment_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of putting aside: of one's own."""
    _only_those_who_write(request)
    segment = get_object_or_404(Segment, pk=pk, owner=request.user)
    try:
        services.restore_segment(actor=request.user, segment=segment)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Back on the list: %(name)s.") % {"name": segment.name})
    return go(request, reverse("segment-list"))
