"""What the client allows and what was agreed: events of consent, versions of the contact agreement."""

from datetime import date, datetime, time, timedelta

from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.followers import rhythm_changed
from clients.models import Channel, Client, Consent, ContactAgreement, Purpose, Theme
from clients.services.ground import clean, may_edit
from clients.services.known import record_fact_change
from staff.models import Role, User

AGREEMENT_SLOT = "agreement"  # one slot a client: a new version is another value of it
FIRST_YEAR = 1950  # before it, a day is a slip of the keyboard
UNSUBSCRIBE_SALT = "clients.unsubscribe"


@transaction.atomic
def record_consent(
    *,
    actor: User,
    client: Client,
    channel: str,
    purpose: str,
    granted: bool,
    source: str = Consent.Source.SPOKEN,
    at: datetime | None = None,
    note: str = "",
) -> Consent:
    """Append one event: the client allowed or withdrew a channel for a purpose.

    Visibility: those who may change the file, and the data officer for a file opened with a reason.
    Raises: ValidationError by field; PermissionDenied.
    """
    if actor.role == Role.DATA_OFFICER:
        if not Client.objects.visible_to(actor).filter(pk=client.pk).exists():
            raise PermissionDenied
    else:
        may_edit(actor, client)
    now = timezone.now()
    if at is not None and at > now + timedelta(minutes=1):
        raise ValidationError({"at": _("Consent cannot be given in the future.")})
    if at is not None and at.year < FIRST_YEAR:
        raise ValidationError({"at": _("Give the day on which the client said so.")})
    if source in (Consent.Source.UNSUBSCRIBE, Consent.Source.IMPORT):
        raise ValidationError({"source": _("Choose how the client said so.")})
    return _append(client, channel, purpose, granted, source, at or now, actor, clean({"note": note})["note"])


@transaction.atomic
def record_consents(
    *,
    actor: User,
    client: Client,
    answers: dict[tuple[str, str], bool],
    source: str = Consent.Source.SPOKEN,
    at: datetime | None = None,
    note: str = "",
) -> list[Consent]:
    """Append what the client said about several channels and purposes at once, all or nothing.

    Raises: as `record_consent`, and ValidationError where nothing was said.
    """
    if not answers:
        raise ValidationError(_("Choose what the client allows or withdraws."))
    return [
        record_consent(
            actor=actor,
            client=client,
            channel=channel,
            purpose=purpose,
            granted=granted,
            source=source,
            at=at,
            note=note,
        )
        for (channel, purpose), granted in answers.items()
    ]


def _append(client, channel, purpose, granted, source, at, actor, note="") -> Consent:
    consent = Consent(
        client=client,
        channel=channel,
        purpose=purpose,
        granted=granted,
        source=source,
        at=at,
        by=actor,
        note=note[:200],
    )
    consent.full_clean(exclude=["client", "by"], validate_constraints=False)
    consent.save()
    return consent


def consents_of(client: Client) -> dict[tuple[str, str], Consent]:
    """Today's state by channel and purpose: the last event of each; absent where nothing was ever said."""
    rows = Consent.objects.filter(client=client).current()
    return {(row.channel, row.purpose): row for row in rows}


def unsubscribe_token(client: Client) -> str:
    """What the link in an email carries: whom it is about, signed, and nothing else."""
    return signing.dumps(client.pk, salt=UNSUBSCRIBE_SALT, compress=True)


def client_of_token(token: str) -> Client | None:
    """The client a link is about; None for a link that was tampered with."""
    try:
        pk = signing.loads(token, salt=UNSUBSCRIBE_SALT)
    except signing.BadSignature:
        return None
    return Client.objects.filter(pk=pk).first() if isinstance(pk, int) else None


@transaction.atomic
def unsubscribe(*, client: Client) -> int:
    """The client followed the link in an email: no more emails but those of service; how many events.

    Rule: every client email carries such a link (domain.md, Consent). Repeatable: what is withdrawn stays so.
    """
    Client.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=client.pk)
    known = consents_of(client)
    written = 0
    for purpose in (Purpose.CARE, Purpose.MARKETING, Purpose.EDUCATION):
        last = known.get((Channel.EMAIL, purpose))
        if last is None or last.granted:
            _append(client, Channel.EMAIL, purpose, False, Consent.Source.UNSUBSCRIBE, timezone.now(), None)
            written += 1
    return written


@transaction.atomic
def approve_agreement(
    *,
    actor: User,
    client: Client,
    approved_on: date | None = None,
    interval_days: int | None = None,
    channels: list[str] | tuple[str, ...] = (),
    themes: list[str] | tuple[str, ...] = (),
    weekdays: list[int] | tuple[int, ...] = (),
    from_time: time | None = None,
    to_time: time | None = None,
    minutes: int | None = None,
    how: str = "",
) -> ContactAgreement:
    """Write down what the client approved; the version in force until then ends.

    Effects: one fact change (slot `agreement`), the client's next due day follows the new interval.
    Repeatable: a second version of the same day replaces the first.
    Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    today = client.branch.today()
    approved_on = approved_on or today
    if approved_on > today:
        raise ValidationError({"approved_on": _("An agreement cannot be approved in the future.")})
    unknown = sorted(set(channels) - set(Channel.values))
    if unknown:
        raise ValidationError({"channels": _("Choose channels from the list.")})
    if set(themes) - set(Theme.objects.values_list("code", flat=True)):
        raise ValidationError({"themes": _("Choose themes from the list.")})
    if set(weekdays) - set(range(7)):
        raise ValidationError({"weekdays": _("Choose days of the week.")})
    if (from_time is None) != (to_time is None) or (from_time and to_time and from_time >= to_time):
        raise ValidationError({"to_time": _("Give both hours, the later one last.")})
    if interval_days is not None and not 1 <= interval_days <= 1100:
        raise ValidationError({"interval_days": _("Give between 1 and 1,100 days.")})
    Client.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=client.pk)
    last = ContactAgreement.objects.filter(client=client).order_by("-approved_on", "-pk").first()
    if last is not None and (last.to_on or last.approved_on) > approved_on:
        raise ValidationError({"approved_on": _("A later agreement is on the file already.")})
    old = agreement_text(last) if last and last.to_on is None else ""
    agreement = ContactAgreement(client=client)
    if last is not None and last.approved_on == approved_on:
        agreement = last
        agreement.to_on = None
    elif last is not None and last.to_on is None:
        last.to_on = approved_on
        last.save(update_fields=["to_on"])
    agreement.approved_on, agreement.interval_days = approved_on, interval_days
    agreement.channels, agreement.themes = sorted(set(channels)), sorted(set(themes))
    agreement.weekdays = sorted(set(weekdays))
    agreement.from_time, agreement.to_time, agreement.minutes = from_time, to_time, minutes
    agreement.how, agreement.recorded_by = clean({"how": how})["how"][:120], actor
    agreement.full_clean(exclude=["client", "recorded_by", "to_on"], validate_constraints=False)
    agreement.save()
    record_fact_change(
        actor=actor,
        client=client,
        code="agreement",
        slot=AGREEMENT_SLOT,
        old=old,
        new=agreement_text(agreement),
    )
    rhythm_changed([client.pk])
    return agreement


@transaction.atomic
def end_agreement(*, actor: User, agreement: ContactAgreement) -> ContactAgreement:
    """The agreement holds no longer; the tier's rhythm takes over. A second call changes nothing."""
    client = agreement.client
    may_edit(actor, client)
    agreement = ContactAgreement.objects.select_for_update(of=("self",)).get(pk=agreement.pk)
    if agreement.to_on is None:
        agreement.to_on = max(client.branch.today(), agreement.approved_on)
        agreement.save(update_fields=["to_on"])
        record_fact_change(
            actor=actor,
            client=client,
            code="agreement",
            slot=AGREEMENT_SLOT,
            old=agreement_text(agreement),
            new="",
        )
        rhythm_changed([client.pk])
    return agreement


def agreement_text(agreement: ContactAgreement) -> str:
    """The agreed terms as one text, by which the ledger tells one version from another."""
    hours = f"{agreement.from_time:%H:%M}-{agreement.to_time:%H:%M}" if agreement.from_time else ""
    parts = (
        str(agreement.interval_days or ""),
        ",".join(agreement.channels),
        ",".join(agreement.themes),
        ",".join(map(str, agreement.weekdays)),
        hours,
        str(agreement.minutes or ""),
    )
    return "|".join(parts)


def terms_of(text: str) -> dict:
    """The agreed terms that `agreement_text` wrote down."""
    interval, channels, themes, weekdays, hours, minutes = text.split("|")
    start, _dash, end = hours.partition("-")
    return {
        "interval_days": int(interval) if interval else None,
        "channels": [code for code in channels.split(",") if code],
        "themes": [code for code in themes.split(",") if code],
        "weekdays": [int(day) for day in weekdays.split(",") if day],
        "from_time": time.fromisoformat(start) if start else None,
        "to_time": time.fromisoformat(end) if end else None,
        "minutes": int(minutes) if minutes else None,
    }
