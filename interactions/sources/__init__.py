"""What comes due: one small class a source, in one plain list. See docs/reminder-sources.md."""

from interactions.sources.base import Asked, Due, Places, Rules, Source, cause_of
from interactions.sources.dates import AnniversarySource, BirthdaySource
from interactions.sources.holidays import HolidaySource
from interactions.sources.limits import LimitSource
from interactions.sources.maturities import MaturitySource
from interactions.sources.money import OutflowSource, TierUpgradeSource
from interactions.sources.promised import NextStepSource, PromiseSource
from interactions.sources.purchases import PurchaseReviewSource
from interactions.sources.states import (
    DocumentExpirySource,
    NotReachedSource,
    RelationshipSource,
    RiskExpirySource,
)

SOURCES: list[Source] = [
    BirthdaySource(),
    AnniversarySource(),
    MaturitySource(),
    LimitSource(),
    OutflowSource(),
    TierUpgradeSource(),
    HolidaySource(),
    RiskExpirySource(),
    DocumentExpirySource(),
    RelationshipSource(),
    PurchaseReviewSource(),
    PromiseSource(),
    NextStepSource(),
    NotReachedSource(),  # last: the planned contacts answer it
]

__all__ = ["SOURCES", "Asked", "Due", "MaturitySource", "Places", "Rules", "Source", "cause_of"]
