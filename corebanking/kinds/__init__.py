"""The kinds of import, in the order in which a bank loads them. See docs/imports.md for adding one."""

from corebanking.kinds.allowed import Agreements, Consents
from corebanking.kinds.base import Kind
from corebanking.kinds.calendar import Holidays
from corebanking.kinds.clients import Clients
from corebanking.kinds.contacts import Contacts
from corebanking.kinds.known import DatedFacts, Facts
from corebanking.kinds.money import Balances, ChannelUses, Movements, Prices, Rates
from corebanking.kinds.people import Relations
from corebanking.kinds.portfolio import HoldingParties, Holdings, Products
from corebanking.kinds.purchases import Purchases
from corebanking.kinds.staff import Branches, Staff
from corebanking.kinds.targets import Targets
from corebanking.refusals import ImportRefused

KINDS: dict[str, type[Kind]] = {
    kind.code: kind
    for kind in (
        Branches,
        Staff,
        Holidays,
        Clients,
        Facts,
        DatedFacts,
        Consents,
        Agreements,
        Relations,
        Products,
        Prices,
        Rates,
        Holdings,
        HoldingParties,
        Purchases,
        Balances,
        Movements,
        ChannelUses,
        Contacts,
        Targets,
    )
}


def kind_of(code: str) -> type[Kind]:
    """The kind with a code. Raises ImportRefused naming the known ones."""
    from django.utils.translation import gettext as _

    try:
        return KINDS[code]
    except KeyError:
        raise ImportRefused(
            _("There is no kind of import “%(kind)s”. Known are: %(known)s.")
            % {"kind": code, "known": ", ".join(KINDS)}
        ) from None


__all__ = ["KINDS", "Kind", "kind_of"]
