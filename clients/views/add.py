"""A client added by hand, after a look at who is on file already."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from clients import services, words
from clients.forms.add import ClientAddForm
from clients.models import Client
from clients.sight import shown_name, shown_native
from common import audit
from common.models import AuditEntry
from common.pages import go, panel_form, tell, way_back
from common.text import mask_digits

ROLES = ("account_manager", "supervisor")


def client_add(request: HttpRequest) -> HttpResponse:
    """Quick add. Who looks the same is shown first; the second submit says that it is somebody else."""
    user = request.user
    if user.role not in ROLES or user.branch_id is None:
        raise Http404
    form = ClientAddForm(request.POST or None, user=user, proposed=services.next_number())
    similar: list[tuple[Client, list[str]]] = []
    if request.method == "POST" and form.is_valid():
        data, born_on = form.client_fields(), form.cleaned_data["born_on"]
        similar = services.similar_clients(actor=user, data=data | {"born_on": born_on})
        # What was confirmed is who was seen: a client found only now is shown first.
        confirmed = set(request.POST.get("somebody_else", "").split(","))
        if {client.number for client, _reasons in similar} <= confirmed:
            try:
                client = services.quick_add(actor=user, data=data, born_on=born_on)
            except ValidationError as error:
                form.add_service_errors(error)
                similar = []
            else:
                tell(request, _("%(name)s is on file now.") % {"name": client.name})
                return go(request, reverse("client-detail", args=[client.number]))
        else:
            audit.record(
                actor=user,
                act=AuditEntry.Act.SEARCH,
                detail=mask_digits(data["name"]),
                count=len(similar),
            )
    return panel_form(
        request,
        form=form,
        title=_("Add a client"),
        save=_("Add the client"),
        back=way_back(request, reverse("client-list")),
        similar=[
            {
                "client": client,
                "name": shown_name(user, client),
                "native_name": shown_native(user, client),
                "reasons": [words.LIKENESS[reason] for reason in reasons],
            }
            for client, reasons in similar
        ],
        seen=",".join(client.number for client, _reasons in similar),
        template="clients/known/add.html",
    )
