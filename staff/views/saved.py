"""Saved views: a list as one person wants to find it again. Everybody has only their own."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.pages import go, tell
from staff import services
from staff.forms import ViewForm
from staff.models import SavedView


def _address(view: SavedView) -> str:
    return f"{reverse(view.page)}?{view.query}"


@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is now."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    if page not in services.LISTS or not request.user.role:
        raise Http404
    form = ViewForm(request.POST)
    if form.is_valid():
        try:
            view = services.save_view(
                actor=request.user, page=page, query=query, name=form.cleaned_data["name"]
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            tell(request, _("Saved as “%(name)s”.") % {"name": view.name})
            return go(request, _address(view))
    context = {
        "form": form,
        "title": _("Save this view"),
        "kept": {"page": page, "query": query},
        "back": f"{reverse(page)}?{query}",
    }
    return render(request, "common/view.html", context, status=422)


def view_rename(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.editable_by(request.user), pk=pk)
    form = ViewForm(request.POST or None, initial={"name": view.name})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                view = services.rename_view(actor=request.user, view=view, name=form.cleaned_data["name"])
            except ValidationError as error:
                form.add_error(None, error)
            else:
                tell(request, _("The view is now called “%(name)s”.") % {"name": view.name})
                return go(request, _address(view))
    context = {"form": form, "title": _("Rename the view"), "back": _address(view)}
    return render(request, "common/view.html", context, status=status)


@require_POST
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.editable_by(request.user), pk=pk)
    services.remove_view(actor=request.user, view=view)
    # Kept for the one line with Undo.
    request.session["removed_view"] = {"page": view.page, "name": view.name, "query": view.query}
    tell(request, _("Removed: “%(name)s”.") % {"name": view.name}, undo_url=reverse("view-restore"))
    return go(request, reverse(view.page))


@require_POST
def view_restore(request: HttpRequest) -> HttpResponse:
    """Take back a removal, once."""
    kept = request.session.pop("removed_view", None)
    if kept is None:
        raise Http404
    try:
        view = services.save_view(actor=request.user, **kept)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
        return go(request, reverse(kept["page"]))
    tell(request, _("Back again: “%(name)s”.") % {"name": view.name})
    return go(request, _address(view))
