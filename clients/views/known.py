"""Everything known about a client: contact points, facts, dates, what core banking says, what to ask next."""

from django.core.exceptions import ValidationError
from django.db.models import Case, F, FilteredRelation, OuterRef, Q, Subquery, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import services, words
from clients.forms.known import DateForm, FactForm, PointChangeForm, PointForm
from clients.models import (
    Channel,
    Client,
    ContactAgreement,
    ContactPoint,
    CoreValue,
    DatedFact,
    Fact,
    FactChange,
    FactType,
    HouseholdMember,
    Relation,
    Tier,
)
from clients.models.people import inverse_of
from clients.services import core_says
from clients.services.consents import terms_of
from clients.services.known import DATE_CODES
from clients.services.undoing import MODELS
from clients.sight import may_reveal, shown_name, shown_native
from clients.views.panels import back_to_known, client_form, editable_client, saved, undo_url, write_down_url
from common import audit
from common.models import AuditEntry
from common.pages import editable, go, tell
from staff.models import User

ASKED_NEXT = 5
POINT_ORDER = list(ContactPoint.Kind.values)


def client_known(request: HttpRequest, number: str) -> HttpResponse:
    """All of it on one page, at most twelve queries however much is known; the look is recorded."""
    sight = Client.objects.editable_by(request.user)
    client = editable_client(request, number, sight)
    audit.record(actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail="known")
    changes = services.provenance_of(client)
    types = _types_with_facts(client)
    share, unknown = services.completeness_of(client, changes, types)
    points = sorted(
        ContactPoint.objects.filter(client=client), key=lambda point: POINT_ORDER.index(point.kind)
    )
    dates = DatedFact.objects.filter(client=client).order_by("person", "kind", "pk")
    named = Case(
        When(field="tier", then=Subquery(Tier.objects.filter(code=OuterRef("value")).values("name")[:1])),
        When(
            field="manager",
            then=Subquery(User.objects.filter(staff_number=OuterRef("value")).values("name")[:1]),
        ),
    )
    core_values = CoreValue.objects.filter(client=client).annotate(named=named).order_by("field")
    context = {
        "client": client,
        "name": shown_name(request.user, client),
        "native_name": shown_native(request.user, client),
        "today": request.user.today(),
        "may_reveal": may_reveal(request.user),
        "points": [(point, changes.get(f"contact_point/{point.pk}")) for point in points],
        "facts": [(row, changes.get(f"fact/{row.fact_id}")) for row in types if row.fact_id],
        "dates": [
            {"fact": row, "words": words.dated(row), "change": changes.get(f"dated_fact/{row.pk}")}
            for row in dates
        ],
        "core": [_core_row(request, row) for row in core_values],
        "share": share,
        "ask": [
            {"question": words.question(one), "url": write_down_url(client, one)}
            for one in unknown[:ASKED_NEXT]
        ],
        "more_unknown": max(0, len(unknown) - ASKED_NEXT),
        **_people(request, client, sight, changes),
    }
    return render(request, "clients/known/known.html", context)


def _types_with_facts(client: Client) -> list[FactType]:
    """Every fact type, heaviest first, once for each fact of the client: known and unknown in one query."""
    mine = FilteredRelation("facts", condition=Q(facts__client=client))
    parts = {part: F(f"mine__{part}") for part in ("value", "amount", "currency", "learnt_on")}
    rows = FactType.objects.annotate(mine=mine).annotate(fact_id=F("mine__pk"), **parts)
    return list(rows.order_by("-weight", "name", "mine__pk"))


def _core_row(request: HttpRequest, row: CoreValue) -> dict:
    value = row.named or row.value
    if row.field in core_says.POINTS:
        value = ContactPoint(kind=row.field, value=row.value).masked
    elif row.field == core_says.AGREEMENT:
        agreement = ContactAgreement(**terms_of(row.value))
        rows = words.agreed(agreement, {}, dict(Channel.choices))
        value = "; ".join(f"{label}: {said}" for label, said in rows)
    elif row.field.startswith(core_says.DATE):
        value = words.dated(DatedFact(**core_says.date_of(row.value)))
    return {
        "row": row,
        "label": _core_label(row),
        "value": value,
        "may_settle": row.field not in core_says.OF_SUPERVISORS or request.user.role == "supervisor",
    }


def _core_label(row: CoreValue) -> str:
    """What core banking's word is about: a field of the client, a kind of fact, or a date."""
    dated = core_says.dated_fact_of(row)
    if dated is not None:
        kind = words.FACTS.get(DATE_CODES[dated.kind], dated.get_kind_display())
        return f"{kind}, {dated.person}" if dated.person else str(kind)
    return str(words.CORE_FIELDS.get(row.field) or words.FACTS.get(row.field, row.field))


def _people(request: HttpRequest, client: Client, sight, changes: dict[str, FactChange]) -> dict:
    """Relations and household; a client outside one's sight is counted, not named."""
    seen = Case(When(other__in=sight, client__in=sight, then=Value(True)), default=Value(False))
    relations, hidden = [], 0
    for row in (
        Relation.objects.of(client).select_related("client", "other").annotate(seen=seen).order_by("pk")
    ):
        if row.other_id is None:
            kind, other, text = row.get_kind_display(), None, row.person
        elif not row.seen:
            hidden += 1
            continue
        else:
            is_first = row.client_id == client.pk
            other = row.other if is_first else row.client
            kind = (
                row.get_kind_display() if is_first else Relation(kind=inverse_of(row.kind)).get_kind_display()
            )
            text = shown_name(request.user, other)
        relations.append(
            {
                "row": row,
                "kind": kind,
                "other": other,
                "name": text,
                "change": changes.get(f"relation/{row.pk}"),
            }
        )
    members = list(
        HouseholdMember.objects.filter(household__members__client=client)
        .select_related("household", "client")
        .annotate(
            seen=Case(When(Q(client=None) | Q(client__in=sight), then=Value(True)), default=Value(False))
        )
        .order_by("pk")
    )
    hidden_members = sum(not row.seen for row in members)
    return {
        "relations": relations,
        "hidden_relations": hidden,
        "is_in_household": bool(members),
        # A household is often called after one of its people, who may be hidden.
        "household_name": members[0].household.name if members and not hidden_members else "",
        "members": [row for row in members if row.seen],
        "hidden_members": hidden_members,
    }


# -- facts -----------------------------------------------------------------------------------------


def fact_add(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = back_to_known(request, client)
    wanted = request.GET.get("type", "")
    form = FactForm(request.POST or None, initial={"type": wanted} if wanted else None)
    if request.method == "POST" and form.is_valid():
        learnt = form.learnt()
        had_one = not learnt.type.is_many and Fact.objects.filter(client=client, type=learnt.type).exists()
        try:
            (fact,) = services.learn(actor=request.user, client=client, learnt=[learnt])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            text = _("%(type)s corrected.") if had_one else _("%(type)s written down.")
            return saved(
                request, text % {"type": fact.type}, back, undo_url=undo_url(client, "fact", fact, back)
            )
    so_far = Fact.objects.filter(client=client, type__code=wanted).select_related("type") if wanted else []
    return client_form(
        request,
        client,
        form=form,
        title=_("Write down a fact"),
        save=_("Save"),
        back=back,
        question=_question(wanted),
        so_far=list(so_far),
        template="clients/known/fact.html",
    )


def _question(code: str) -> str:
    """What to ask for a fact type, where the address names one that there is."""
    asked = words.QUESTIONS.get(code)
    return str(asked) if asked else ""


def fact_change(request: HttpRequest, pk: int) -> HttpResponse:
    fact = editable(request, Fact.objects.select_related("client__branch", "type"), pk=pk)
    back = back_to_known(request, fact.client)
    form = FactForm(request.POST or None, fact=fact)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.change_fact(actor=request.user, fact=fact, **data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            text = _("%(type)s corrected.") % {"type": fact.type}
            return saved(request, text, back, undo_url=undo_url(fact.client, "fact", fact, back))
    return client_form(
        request,
        fact.client,
        form=form,
        title=str(fact.type),
        save=_("Save"),
        back=back,
        remove=_("Take it off the file"),
        remove_url=reverse("fact-forget", args=[fact.pk]),
    )


@require_POST
def fact_forget(request: HttpRequest, pk: int) -> HttpResponse:
    fact = editable(request, Fact.objects.select_related("client", "type"), pk=pk)
    back = back_to_known(request, fact.client)
    undo = undo_url(fact.client, "fact", fact, back)
    services.forget_fact(actor=request.user, fact=fact)
    return saved(request, _("%(type)s taken off the file.") % {"type": fact.type}, back, undo_url=undo)


# -- contact points --------------------------------------------------------------------------------


def point_add(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = back_to_known(request, client)
    wanted = request.GET.get("type", "")
    form = PointForm(request.POST or None, initial={"kind": wanted} if wanted in POINT_ORDER else None)
    if request.method == "POST" and form.is_valid():
        try:
            point = services.add_contact_point(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            text = _("%(kind)s written down.") % {"kind": point.get_kind_display()}
            return saved(request, text, back, undo_url=undo_url(client, "point", point, back))
    return client_form(
        request,
        client,
        form=form,
        title=_("A way to reach the client"),
        save=_("Save"),
        back=back,
    )


def point_change(request: HttpRequest, pk: int) -> HttpResponse:
    point = editable(request, ContactPoint.objects.select_related("client__branch"), pk=pk)
    back = back_to_known(request, point.client)
    form = PointChangeForm(request.POST or None, point=point)
    if request.method == "POST" and form.is_valid():
        changes = form.changes()
        try:
            services.change_contact_point(actor=request.user, point=point, **changes)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            # Which one was the first before is another row's change: choosing it again is the way back.
            undo = "" if "is_primary" in changes else undo_url(point.client, "point", point, back)
            text = _("%(kind)s changed.") % {"kind": point.get_kind_display()}
            return saved(request, text, back, undo_url=undo if changes else "")
    return client_form(
        request,
        point.client,
        form=form,
        title=point.get_kind_display(),
        save=_("Save"),
        back=back,
        remove=_("Take it off the file"),
        remove_url=reverse("point-remove", args=[point.pk]),
    )


@require_POST
def point_remove(request: HttpRequest, pk: int) -> HttpResponse:
    point = editable(request, ContactPoint.objects.select_related("client"), pk=pk)
    back = back_to_known(request, point.client)
    undo = undo_url(point.client, "point", point, back)
    services.remove_contact_point(actor=request.user, point=point)
    text = _("%(kind)s taken off the file.") % {"kind": point.get_kind_display()}
    return saved(request, text, back, undo_url=undo)


# -- dates -----------------------------------------------------------------------------------------


def date_add(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    back = back_to_known(request, client)
    kinds = {code: kind for kind, code in DATE_CODES.items()}
    form = DateForm(
        request.POST or None, initial={"kind": kinds.get(request.GET.get("type", ""), "birthday")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            dated = services.write_dated_fact(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return _date_saved(request, client, dated, back)
    return client_form(
        request,
        client,
        form=form,
        title=_("A date that comes back"),
        save=_("Save"),
        back=back,
        question=_question(request.GET.get("type", "")),
        template="clients/known/fact.html",
    )


def _date_saved(request: HttpRequest, client: Client, dated: DatedFact, back: str) -> HttpResponse:
    """The date as it was understood, so that a slip is seen at once."""
    said = {"kind": dated.get_kind_display(), "date": words.dated(dated), "person": dated.person}
    text = _("%(kind)s of %(person)s: %(date)s.") if dated.person else _("%(kind)s: %(date)s.")
    return saved(request, text % said, back, undo_url=undo_url(client, "date", dated, back))


def date_change(request: HttpRequest, pk: int) -> HttpResponse:
    dated = editable(request, DatedFact.objects.select_related("client__branch"), pk=pk)
    client = dated.client
    back = back_to_known(request, client)
    form = DateForm(request.POST or None, dated=dated)
    if request.method == "POST" and form.is_valid():
        try:
            dated = services.write_dated_fact(
                actor=request.user, client=client, kind=dated.kind, person=dated.person, **form.cleaned_data
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return _date_saved(request, client, dated, back)
    return client_form(
        request,
        client,
        form=form,
        title=dated.get_kind_display(),
        person=dated.person,
        understood=words.dated(dated),
        save=_("Save"),
        back=back,
        remove=_("Take it off the file"),
        remove_url=reverse("date-forget", args=[dated.pk]),
        template="clients/known/date.html",
    )


@require_POST
def date_forget(request: HttpRequest, pk: int) -> HttpResponse:
    dated = editable(request, DatedFact.objects.select_related("client"), pk=pk)
    back = back_to_known(request, dated.client)
    undo = undo_url(dated.client, "date", dated, back)
    services.forget_dated_fact(actor=request.user, dated=dated)
    text = _("%(kind)s taken off the file.") % {"kind": dated.get_kind_display()}
    return saved(request, text, back, undo_url=undo)


# -- core banking, and the way back ----------------------------------------------------------------


@require_POST
def core_settle(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Accept what core banking says, ignore it, or heed it again."""
    row = editable(request, CoreValue.objects.select_related("client__branch"), pk=pk)
    back = back_to_known(request, row.client)
    said = {"field": _core_label(row)}
    undo = ""
    try:
        if what == "accept":
            services.accept_core_value(actor=request.user, core_value=row)
            text = _("%(field)s is now as core banking says.") % said
        elif what == "ignore":
            services.ignore_core_value(actor=request.user, core_value=row)
            text = _("%(field)s stays as it is here.") % said
            undo = reverse("core-heed", args=[row.pk])
        else:
            services.heed_core_value(actor=request.user, core_value=row)
            text = _("Core banking's word is shown again.")
    except ValidationError as error:
        text = " ".join(error.messages)
    return saved(request, text, back, undo_url=undo)


@require_POST
def known_undo(request: HttpRequest, number: str, what: str, pk: int) -> HttpResponse:
    """Take the last change of one fact, contact point, date, relation or introduction back."""
    if what not in MODELS:
        raise Http404
    client = editable_client(request, number)
    try:
        act = request.GET.get("act", "")
        services.take_back(actor=request.user, client=client, what=what, pk=pk, act=act)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Taken back."))
    return go(request, back_to_known(request, client))
