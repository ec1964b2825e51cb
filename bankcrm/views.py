"""The front door's own pages: where one lands, one's own settings."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from bankcrm.places import home_of, places_of
from common.pages import go, tell
from staff.forms import PreferencesForm


def home(request: HttpRequest) -> HttpResponse:
    return redirect(home_of(request.user))


def me(request: HttpRequest) -> HttpResponse:
    """One's own settings: language, time zone, sign-in."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        tell(request, _("Saved."))
        return go(request, request.path)
    return render(
        request, "common/me.html", {"form": form, "all_places": places_of(request.user, request.path)}
    )


@login_not_required
def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    return render(request, "common/plain.html", {"status": 404}, status=404)


@login_not_required
def forbidden(request: HttpRequest, exception=None) -> HttpResponse:
    return render(request, "common/plain.html", {"status": 403}, status=403)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    return render(request, "common/failed.html", status=500)
