"""What the client allows and what was agreed; and the one page that is for the client: no more emails."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from clients import services, words
from clients.forms.consents import AgreementForm, ConsentForm
from clients.models import Channel, Client, Consent, ContactAgreement, Purpose, Theme
from clients.sight import shown_name, shown_native
from clients.views.panels import back_to_known, client_form, editable_client, saved
from common import audit
from common.models import AuditEntry
from common.pages import way_back
from common.paging import keyset
from common.rates import too_many

LEDGER = 25
UNSUBSCRIBES = 20  # a minute from one address


def _client_of(request: HttpRequest, number: str) -> Client:
    """Consents are also the data officer's, on a file opened with a reason."""
    if request.user.role == "data_officer":
        rows = Client.objects.visible_to(request.user).select_related("tier", "branch")
        return get_object_or_404(rows.defer("search", "document_number"), number=number)
    return editable_client(request, number)


def consent_list(request: HttpRequest, number: str) -> HttpResponse:
    """Channels by purposes as they stand today, and every event beneath, latest first."""
    client = _client_of(request, number)
    audit.record(
        actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail="consents"
    )
    known = services.consents_of(client)
    events = Consent.objects.filter(client=client).select_related("by")
    context = {
        "client": client,
        "name": shown_name(request.user, client),
        "native_name": shown_native(request.user, client),
        "today": request.user.today(),
        "purposes": Purpose.choices,
        "rows": [
            (name, [(purpose, known.get((channel, purpose))) for purpose in Purpose.values])
            for channel, name in Channel.choices
        ],
        "page": keyset(events, keys=("-at", "-id"), size=LEDGER, cursor=request.GET.get("cursor", "")),
    }
    return render(request, "clients/known/consents.html", context)


def consent_record(request: HttpRequest, number: str) -> HttpResponse:
    client = _client_of(request, number)
    back = way_back(request, reverse("consent-list", args=[client.number]))
    form = ConsentForm(request.POST or None, known=services.consents_of(client))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.record_consents(
                actor=request.user,
                client=client,
                answers=form.answers(),
                source=data["source"],
                at=data["at"],
                note=data["note"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return saved(request, _("Written down what the client allows."), back)
    return client_form(
        request,
        client,
        form=form,
        purposes=Purpose.labels,
        title=_("What the client allows"),
        save=_("Save"),
        back=back,
        template="clients/known/consent_record.html",
    )


# -- the contact agreement -------------------------------------------------------------------------


def agreement_change(request: HttpRequest, number: str) -> HttpResponse:
    """The version in force, prefilled: what is saved is the next version. The former ones beneath."""
    client = editable_client(request, number)
    back = back_to_known(request, client)
    versions = list(
        ContactAgreement.objects.filter(client=client)
        .select_related("recorded_by")
        .order_by("-approved_on", "-pk")
    )
    in_force = next((row for row in versions if row.to_on is None), None)
    last = versions[0] if versions else None
    form = AgreementForm(request.POST or None, last=in_force or last, today=client.branch.today())
    if request.method == "POST" and form.is_valid():
        try:
            services.approve_agreement(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return saved(request, _("Agreement written down."), back)
    themes = {theme.code: str(theme) for theme in Theme.objects.all()}
    return client_form(
        request,
        client,
        form=form,
        title=_("Contact agreement"),
        save=_("Save"),
        back=back,
        in_force=in_force,
        former=[(row, words.agreed(row, themes, dict(Channel.choices))) for row in versions if row.to_on],
        remove=_("End the agreement"),
        remove_url=reverse("agreement-end", args=[client.number]) if in_force else "",
        template="clients/known/agreement.html",
    )


@require_POST
def agreement_end(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    agreement = get_object_or_404(
        ContactAgreement.objects.select_related("client__branch"), client=client, to_on=None
    )
    services.end_agreement(actor=request.user, agreement=agreement)
    return saved(
        request, _("The agreement has ended; the tier's rhythm holds."), back_to_known(request, client)
    )


# -- for the client --------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an email: one button, no login, and no word about whom it is for.

    Opening writes nothing, for mail programs open links by themselves.
    """
    client = services.client_of_token(token)
    if client is None:
        raise Http404
    if request.method != "POST":
        return render(request, "clients/known/unsubscribe.html", {"state": "ask"})
    if too_many(request, "unsubscribe", UNSUBSCRIBES):
        return render(request, "clients/known/unsubscribe.html", {"state": "wait"}, status=429)
    services.unsubscribe(client=client)
    return render(request, "clients/known/unsubscribe.html", {"state": "done"})
