"""How people get in: no self sign-up; single sign-on only for staff who are already known."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from staff.models import User


class StaffAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        return False


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request, sociallogin) -> bool:
        return False

    def pre_social_login(self, request, sociallogin) -> None:
        """Match the bank's identity provider to known, active staff by verified email; refuse others."""
        if sociallogin.is_existing:
            return
        emails = [address.email for address in sociallogin.email_addresses if address.verified]
        user = User.objects.active().filter(email__in=emails).first() if emails else None
        if user is None:
            messages.error(request, _("This sign-on belongs to nobody on the staff list."))
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, user)
