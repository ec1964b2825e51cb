"""Rules that holdings, maturities and assets must obey."""

from django.db.models import Exists, F, OuterRef

from common.checks import found
from portfolio.models import (
    BalanceSnapshot,
    ClientAssets,
    Holding,
    HoldingParty,
    MaturityCase,
    MaturityPart,
)

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
        *found(
            MaturityCase.objects.unsettled().filter(Exists(MaturityPart.objects.filter(case=OuterRef("pk")))),
            "maturities that have parts though nobody settled them",
        ),
        *found(
            ClientAssets.objects.filter(
                ~Exists(BalanceSnapshot.objects.filter(client=OuterRef("client"), as_of=OuterRef("as_of")))
            ),
            "assets of a client computed from a balance that is not there",
        ),
    ]
