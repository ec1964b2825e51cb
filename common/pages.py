"""Small helpers for pages: a safe way back, one line said after a change, fragments or whole pages."""

from collections.abc import Callable
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where to go after a form: the `next` it carries if it stays on this host, else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return otherwise


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


def panel(request: HttpRequest, template: str, context: dict, status: int = 200) -> HttpResponse:
    """A side panel: alone for htmx, on a page of its own otherwise. `title` names it."""
    context["panel_template"] = template
    return render(request, template if request.htmx else "common/panel_page.html", context, status=status)


def panel_form(request: HttpRequest, *, form, title: str, save: str, back: str, status: int = 200, **more):
    """A form in a side panel, with its title, what it is about (`sub`) and the words of its one button."""
    context = {
        "form": form,
        "title": title,
        "save": save,
        "back": back,
        "url": request.get_full_path(),
        **more,
    }
    return panel(request, more.get("template", "common/panel_form.html"), context, status)
