"""Small helpers for pages: a safe way back, one line said after a change, fragments or whole pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from common.text import has_nul


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where to go after a form: the `next` it carries if it stays on this host, else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return otherwise


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_number(at: datetime) -> int:
    """A moment as a part of an address, to the microsecond."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def as_moment(number: int) -> datetime:
    """The moment that a part of an address names. Raises: Http404."""
    try:
        return _EPOCH + timedelta(microseconds=number)
    except OverflowError:
        raise Http404 from None


def tell(request: HttpRequest, text: str, *, undo_url: str = "") -> None:
    """Say one line on the next page, with a way back where there is one."""
    request.session["told"] = {"text": text, "undo_url": undo_url}


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Go to a page after a change, from a form as from htmx."""
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = iri_to_uri(url)  # as `redirect` does: a header holds plain characters only
        return response
    return redirect(url)


def addresses(name: str, *more: str) -> Callable[[object], str]:
    """Addresses of one page that differ in their first part only: a long list would look each up anew."""
    mark = "7777777"
    before, _mark, after = reverse(name, args=[mark, *more]).partition(mark)
    return lambda part: f"{before}{quote(str(part))}{after}"


def editable(request: HttpRequest, rows: QuerySet, *, mine: QuerySet | None = None, **which) -> Model:
    """The one row that the person may change. Raises: Http404 where hidden, PermissionDenied where only seen.

    `mine` is what the person may change of these rows, where a page has asked for it already.
    """
    if any(has_nul(value) for value in which.values() if isinstance(value, str)):
        raise Http404  # no key holds a character that cannot be stored
    row = (rows.editable_by(request.user) if mine is None else mine).filter(**which).first()
    if row is None:
        if rows.visible_to(request.user).filter(**which).exists():
            raise PermissionDenied
        raise Http404
    return row


def shown_status(request: HttpRequest) -> int:
    """The status of a page with a form: sent and shown again, the form was not accepted."""
    return 422 if request.method == "POST" else 200


def panel(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    """A side panel: alone for htmx, on a page of its own otherwise. `title` names it, `back` is left for."""
    context |= {"panel_template": template, "url": request.get_full_path()}
    whole = template if request.htmx else "common/panel_page.html"
    return render(request, whole, context, status=shown_status(request))


def panel_form(
    request: HttpRequest, *, form, title: str, save: str, back: str, template: str = "", **more
) -> HttpResponse:
    """A form in a side panel, with its title, the words of its button, and what it is about (`sub`)."""
    context = {"form": form, "title": title, "save": save, "back": back, **more}
    return panel(request, template or "common/panel_form.html", context)
