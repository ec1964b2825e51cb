"""Imports: send a file, see what it would do, decide, fetch what was set aside. Administrators only."""

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.pages import go, tell
from common.paging import keyset
from corebanking import services
from corebanking.forms import UploadForm
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused


def _job(request: HttpRequest, pk: int) -> ImportJob:
    return get_object_or_404(ImportJob.objects.visible_to(request.user).select_related("uploaded_by"), pk=pk)


def import_list(request: HttpRequest) -> HttpResponse:
    if request.user.role != "administrator":
        raise Http404
    form = UploadForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                job = services.receive_upload(actor=request.user, **form.cleaned_data)
            except ImportRefused as error:
                form.add_error("file", str(error))
            else:
                return go(request, reverse("import-detail", args=[job.pk]))
    jobs = ImportJob.objects.visible_to(request.user).select_related("uploaded_by")
    page = keyset(jobs, keys=("-created_at", "-id"), size=25, cursor=request.GET.get("cursor", ""))
    context = {"page": page, "form": form, "today": request.user.today()}
    return render(request, "corebanking/imports.html", context, status=status)


def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    shows = job.shows_values_to(request.user)
    context = {
        "job": job,
        "today": request.user.today(),
        "shows": shows,
        "preview": job.preview if shows else [],
    }
    return render(request, "corebanking/import.html", context)


def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the page; it stops asking when the work has stopped."""
    job = _job(request, pk)
    if not request.htmx or not job.is_under_way:
        return go(request, reverse("import-detail", args=[pk]))
    return render(request, "corebanking/progress.html", {"job": job})


@require_POST
def import_commit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the rows of a checked import: all, or the good ones where that was chosen."""
    job = _job(request, pk)
    try:
        services.order_commit(actor=request.user, job=job, allow_rejected="good" in request.POST)
    except ImportRefused as error:
        tell(request, str(error))
    return go(request, reverse("import-detail", args=[pk]))


@require_POST
def import_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        services.refuse_import(actor=request.user, job=job)
    except ImportRefused as error:
        tell(request, str(error))
    else:
        tell(request, _("Nothing was written."))
    return go(request, reverse("import-detail", args=[pk]))


@require_POST
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        services.undo_import(actor=request.user, job=job)
    except ImportRefused as error:
        tell(request, str(error))
    else:
        tell(request, _("Undone. The same file can be sent again."))
    return go(request, reverse("import-detail", args=[pk]))


def import_errors(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    if not job.shows_values_to(request.user) or not job.errors_path or not Path(job.errors_path).is_file():
        raise Http404
    return FileResponse(Path(job.errors_path).open("rb"), as_attachment=True, filename=job.errors_name)
