"""People who belong together: relations, the household, and who brought whom."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import services
from clients.forms.people import HouseholdForm, HouseholdNameForm, IntroducerForm, RelationForm, WhoForm
from clients.models import Client, HouseholdMember, Introduction, Relation
from clients.views.panels import back_to_known, client_form, editable_client, saved, undo_url
from common import audit
from common.models import AuditEntry
from common.pages import way_back
from common.text import mask_digits


def relation_add(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = back_to_known(request, client)
    form = RelationForm(request.POST or None, user=request.user, of=client)
    if request.method == "POST" and _is_clear(request, form):
        try:
            relation = services.relate(
                actor=request.user,
                client=client,
                kind=form.cleaned_data["kind"],
                other=form.client(),
                person=form.person(),
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = undo_url(client, "relation", relation, back)
            return saved(request, _("Relation written down."), back, undo_url=undo)
    return client_form(
        request,
        client,
        form=form,
        title=_("Somebody close"),
        save=_("Save"),
        back=back,
        template="clients/known/who.html",
    )


def _is_clear(request: HttpRequest, form: WhoForm) -> bool:
    """Whether it is clear who is meant; a look among the clients is recorded like any search."""
    is_valid = form.is_valid()
    if form.found:
        audit.record(
            actor=request.user,
            act=AuditEntry.Act.SEARCH,
            detail=mask_digits(form.cleaned_data.get("who", form.data.get("who", ""))),
            count=len(form.found),
        )
    return is_valid


@require_POST
def relation_remove(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    client = editable_client(request, number)
    relation = get_object_or_404(Relation.objects.of(client).select_related("client", "other"), pk=pk)
    other = relation.other if relation.client_id == client.pk else relation.client
    if other is not None:
        get_object_or_404(Client.objects.editable_by(request.user), pk=other.pk)
    back = back_to_known(request, client)
    undo = undo_url(client, "relation", relation, back)
    services.unrelate(actor=request.user, client=client, relation=relation)
    return saved(request, _("Relation taken off the file."), back, undo_url=undo)


def household_join(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = back_to_known(request, client)
    form = HouseholdForm(request.POST or None, user=request.user, of=client)
    if request.method == "POST" and _is_clear(request, form):
        try:
            services.join_household(
                actor=request.user,
                client=client,
                member=form.client(),
                person=form.person(),
                role=form.cleaned_data["role"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return saved(request, _("Added to the household."), back)
    return client_form(
        request,
        client,
        form=form,
        title=_("Somebody of the household"),
        save=_("Add"),
        back=back,
        template="clients/known/who.html",
    )


@require_POST
def household_leave(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    client = editable_client(request, number)
    member = get_object_or_404(HouseholdMember.objects.filter(household__members__client=client), pk=pk)
    if member.client_id is not None:
        get_object_or_404(Client.objects.editable_by(request.user), pk=member.client_id)
    services.leave_household(actor=request.user, client=client, member=member)
    return saved(request, _("Taken out of the household."), back_to_known(request, client))


def household_name(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    member = get_object_or_404(HouseholdMember.objects.select_related("household"), client=client)
    back = back_to_known(request, client)
    others = Client.objects.filter(household_member__household=member.household)
    hidden = others.exclude(pk__in=Client.objects.editable_by(request.user).values("pk"))
    # It may be called after somebody who is hidden.
    form = HouseholdNameForm(
        request.POST or None, initial={} if hidden.exists() else {"name": member.household.name}
    )
    if request.method == "POST" and form.is_valid():
        services.name_household(actor=request.user, client=client, name=form.cleaned_data["name"])
        return saved(request, _("Household renamed."), back)
    return client_form(
        request,
        client,
        form=form,
        title=_("Household"),
        save=_("Rename"),
        back=back,
    )


def introduction_change(request: HttpRequest, number: str) -> HttpResponse:
    """Who brought the client: written down, or another one in the place of the first."""
    client = editable_client(request, number)
    back = _back_to_people(request, client)
    standing = _standing_introduction(request, client)
    initial = {}
    if standing is not None:
        initial = {
            "who": standing.introducer.number,
            "introduced_on": standing.introduced_on,
            "note": standing.note,
        }
    form = IntroducerForm(request.POST or None, initial=initial, user=request.user, of=client)
    if request.method == "POST" and _is_clear(request, form):
        try:
            row = services.introduce(
                actor=request.user,
                client=client,
                by=form.chosen,
                on=form.cleaned_data["introduced_on"],
                note=form.cleaned_data["note"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = undo_url(client, "introduction", row, back)
            return saved(request, _("Written down who brought the client."), back, undo_url=undo)
    return client_form(
        request,
        client,
        form=form,
        title=_("Who brought this client"),
        save=_("Save"),
        back=back,
        template="clients/known/who.html",
    )


@require_POST
def introduction_remove(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = _back_to_people(request, client)
    standing = _standing_introduction(request, client)
    if standing is None:
        return saved(request, _("Nobody is written down any more."), back)
    undo = undo_url(client, "introduction", standing, back)
    services.unintroduce(actor=request.user, client=client)
    return saved(request, _("Taken off the file who brought the client."), back, undo_url=undo)


def _standing_introduction(request: HttpRequest, client: Client) -> Introduction | None:
    """The client's introduction; absent where the introducer is out of the person's sight."""
    standing = Introduction.objects.filter(client=client).select_related("introducer").first()
    if standing is not None:
        get_object_or_404(Client.objects.editable_by(request.user), pk=standing.introducer_id)
    return standing


def _back_to_people(request: HttpRequest, client: Client) -> str:
    return way_back(request, reverse("client-tab", args=[client.number, "people"]))
