"""Machines: their applications, what each may ask for, and the two addresses where tokens come and go."""

import hashlib

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import get_scopes_backend
from oauth2_provider.views import RevokeTokenView, TokenView
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2 import BackendApplicationServer

from common.api.access import over_limit
from common.models import MachineScopes

TRIES = "60/min"  # by one address at one application


class MachineValidator(OAuth2Validator):
    """Confidential applications with client credentials, of an active person, within their granted scopes."""

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs) -> bool:
        person = request.client.user
        is_machine = (
            grant_type == "client_credentials"
            and request.client.client_type == Application.CLIENT_CONFIDENTIAL
            and person is not None
            and person.is_active
            and bool(person.role)
        )
        return is_machine and super().validate_grant_type(
            client_id, grant_type, client, request, *args, **kwargs
        )

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs) -> bool:
        return set(scopes) <= set(_granted(client))

    def get_default_scopes(self, client_id, request, *args, **kwargs) -> list[str]:
        """Who names no scope gets all that is granted."""
        return _granted(request.client)


class _Machines(OAuthLibMixin, View):
    """Only client credentials are known here; and nobody tries secrets without end."""

    server_class = BackendApplicationServer
    validator_class = MachineValidator

    def dispatch(self, request, *args, **kwargs) -> HttpResponseBase:
        said = request.headers.get("Authorization", "") + request.POST.get("client_id", "")[:300]
        who = hashlib.sha256(f"{request.META.get('REMOTE_ADDR')} {said}".encode()).hexdigest()[:32]
        wait = over_limit("token", TRIES, who)
        if wait is not None:
            return JsonResponse({"error": "slow_down"}, status=429, headers={"Retry-After": str(wait)})
        response = super().dispatch(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


@method_decorator(login_not_required, name="dispatch")
class MachineTokenView(_Machines, TokenView):
    """POST: client id and secret for an access token."""


@method_decorator(login_not_required, name="dispatch")
class MachineRevokeView(_Machines, RevokeTokenView):
    """POST: a token that is not needed any more."""


@transaction.atomic
def create_application(*, actor, name: str, scopes: list[str]) -> tuple[Application, str]:
    """An application that acts with a person's sight; returns it and its secret, which is kept only hashed.

    Raises: ValidationError for an unknown scope, or a person who is not active or has no role.
    """
    known = get_scopes_backend().get_all_scopes()
    unknown = sorted(set(scopes) - set(known))
    if unknown or not scopes:
        raise ValidationError(
            {"scopes": _("Choose among: %(scopes)s.") % {"scopes": ", ".join(known)}}, code="unknown"
        )
    if not actor.is_active or not actor.role:
        raise ValidationError({"user": _("Choose somebody who is active and has a role.")})
    secret = generate_client_secret()
    application = Application.objects.create(
        name=name,
        user=actor,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    MachineScopes.objects.create(application=application, scopes=sorted(set(scopes)))
    return application, secret


def _granted(application: Application) -> list[str]:
    row = MachineScopes.objects.filter(application=application).first()
    return row.scopes if row else []
