"""Rules that holdings must obey."""

from django.db.models import Exists, F, OuterRef

from common.checks import found
from portfolio.models import Holding, HoldingParty

Role = HoldingParty.Role


def checks() -> list[str]:
    owner = HoldingParty.objects.filter(holding=OuterRef("pk"), role=Role.OWNER)
    return [
        *found(
            HoldingParty.objects.filter(role=Role.OWNER).exclude(client=F("holding__client")),
            "owners of a holding who are not the client it is counted for",
        ),
        *found(
            Holding.objects.filter(Exists(HoldingParty.objects.filter(holding=OuterRef("pk")))).exclude(
                Exists(owner)
            ),
            "holdings that name people but no owner",
        ),
        *found(
            HoldingParty.objects.filter(client=F("holding__client")).exclude(role=Role.OWNER),
            "owners of a holding who stand beside it in another role",
        ),
    ]
