"""The API's word on indicators: the same report as the page and the command."""

from datetime import date

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from common.api.views import ApiView
from metrics.periods import Period, PeriodError
from metrics.reports import BY, NotInScope, report, scope_for

DAYS = ("from", "to")
PARAMETERS = ("from", "to", "branch", "manager", "campaign", "by")


class MetricsView(ApiView):
    """Figures of a scope and period; of a campaign, where no day is named, its own. Outside one's scope: 404."""

    scopes = {"read": "metrics:read"}

    @extend_schema(
        operation_id="metrics",
        parameters=[
            OpenApiParameter(
                name,
                str,
                description="Without it, the days of the campaign that is named." if name in DAYS else "",
            )
            for name in PARAMETERS
        ],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request) -> Response:
        asked = request.query_params
        unknown = sorted(set(asked) - set(PARAMETERS))
        if unknown:
            raise ValidationError({name: [_("This parameter is not known.")] for name in unknown})
        if asked.get("by", "") not in ("", *BY):
            raise ValidationError({"by": [_("Choose one of: %(names)s.") % {"names": ", ".join(BY)}]})
        is_own = bool(asked.get("campaign")) and not any(asked.get(name) for name in DAYS)
        days = {} if is_own else {name: _day(name, asked.get(name, "")) for name in DAYS}
        try:
            scope = scope_for(
                request.user,
                branch=asked.get("branch", ""),
                manager=asked.get("manager", ""),
                campaign=asked.get("campaign", ""),
            )
            own = scope.own_period() if is_own else None
            period = own or Period.asked(days["from"], days["to"], today=scope.today())
        except NotInScope as error:
            raise Http404 from error
        except PeriodError as error:
            raise ValidationError({"to": [str(error)]}) from error
        return Response(report(scope, period, by=asked.get("by", "")).as_dict())


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError({name: [_("Write the date like 2026-03-01.")]}) from None
