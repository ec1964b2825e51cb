"""Whether a product suits a client: its risk level against the client's risk profile (1 to 5)."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from clients.models import Client
from portfolio.models import Product


@dataclass(frozen=True)
class Suitability:
    """`code`: fits, above (riskier than the profile), expired or unknown (no valid profile)."""

    code: str
    level: int | None
    profile: int | None

    @property
    def fits(self) -> bool:
        return self.code == "fits"

    @property
    def words(self) -> str:
        """Why it does not suit, in a sentence; empty where it does."""
        if self.code == "above":
            return _("Risk level %(level)s is above the client's profile, %(profile)s of 5.") % {
                "level": self.level,
                "profile": self.profile,
            }
        if self.code == "expired":
            return _("The client's risk profile has expired: assess it first.")
        if self.code == "unknown":
            return _("The client's risk profile is not known: assess it first.")
        return ""


def suitability(client: Client, product: Product, *, today: date) -> Suitability:
    """Rule: a product above the client's risk profile is unsuitable (domain.md, portfolio).

    Without a valid profile only products without a risk level (accounts, deposits) or of the lowest fit.
    """
    level, profile = product.risk_level, client.risk_profile
    if level is None or level <= 1:
        return Suitability("fits", level, profile)
    if profile is None:
        return Suitability("unknown", level, profile)
    if client.risk_valid_until is not None and client.risk_valid_until < today:
        return Suitability("expired", level, profile)
    return Suitability("above" if level > profile else "fits", level, profile)
