"""May we, and when? What consent and agreement say of a contact, in words for whoever is about to make it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import Channel, Consent, ContactAgreement, Purpose, Theme
from clients.models.consent import purpose_of
from common import saying

Consents = Mapping[tuple[str, str], Consent]


@dataclass(frozen=True)
class Line:
    """One sentence under the client's name: permits (`ok`) or warns."""

    ok: bool
    words: str


def is_allowed(consents: Consents, channel: str, purpose: str) -> bool | None:
    """True where granted, False where withdrawn, None where nothing was ever said. Service needs no consent."""
    if purpose == Purpose.SERVICE:
        return True
    said = consents.get((channel, purpose))
    return said.granted if said else None


def consent_line(consents: Consents, channel: str, theme: Theme | None) -> Line:
    """Whether the client allows this channel for what the contact is about; without a theme, for what at all."""
    if theme is None:
        return _for_what(consents, channel)
    purpose = purpose_of(theme)
    names = {"channel": str(Channel(channel).label), "purpose": str(Purpose(purpose).label)}
    if purpose == Purpose.SERVICE:
        return Line(True, _("A duty or service: no consent is needed."))
    allowed = is_allowed(consents, channel, purpose)
    if allowed:
        return Line(True, _("%(channel)s, %(purpose)s: allowed.") % names)
    if allowed is None:
        return Line(False, _("%(channel)s, %(purpose)s: never asked. Ask for consent.") % names)
    said = consents[channel, purpose]
    names["date"] = saying.day(timezone.localtime(said.at).date())
    return Line(False, _("%(channel)s, %(purpose)s: withdrawn on %(date)s.") % names)


def _for_what(consents: Consents, channel: str) -> Line:
    said = [consent for (code, _purpose), consent in consents.items() if code == channel]
    allowed = [str(Purpose(one.purpose).label) for one in said if one.granted]
    names = {"channel": str(Channel(channel).label), "purposes": ", ".join(sorted(allowed))}
    if allowed:
        return Line(True, _("%(channel)s: allowed for %(purposes)s.") % names)
    if said:
        return Line(False, _("%(channel)s: withdrawn but for duties and service.") % names)
    return Line(False, _("%(channel)s: never asked. Without consent for duties and service only.") % names)


def agreement_words(agreement: ContactAgreement) -> str:
    """What was agreed, in one line: "Call, Visit · Tue–Fri · 10:00–12:00 · every 30 days"."""
    parts = []
    if agreement.channels and set(agreement.channels) != set(Channel.values):
        parts.append(", ".join(str(Channel(code).label) for code in agreement.channels))
    if agreement.weekdays:
        parts.append(saying.weekdays(agreement.weekdays))
    if agreement.from_time and agreement.to_time:
        parts.append(f"{saying.clock(agreement.from_time)}–{saying.clock(agreement.to_time)}")
    if agreement.interval_days:
        often = ngettext("every day", "every %(days)s days", agreement.interval_days)
        parts.append(often % {"days": agreement.interval_days})
    if agreement.minutes:
        long = ngettext("at most %(n)s minute", "at most %(n)s minutes", agreement.minutes)
        parts.append(long % {"n": agreement.minutes})
    return " · ".join(parts)


def agreement_line(
    agreement: ContactAgreement | None, channel: str, theme: Theme | None, at: datetime
) -> Line | None:
    """Whether a contact at a local moment keeps to the agreement in force; None without one."""
    if agreement is None:
        return None
    said = {"terms": agreement_words(agreement)}
    broken = agreement.breaches(channel=channel, theme_code=theme.code if theme else "", at=at)
    if not broken:
        return Line(True, _("Agreed: %(terms)s. This keeps to it.") % said)
    return Line(False, _("Agreed: %(terms)s. This is outside it.") % said)
