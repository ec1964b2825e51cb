"""Every address. Each app brings its own pages; the API has one router."""

from django.urls import include, path

from bankcrm import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.me, name="me"),
    path("", include("staff.urls")),
    path("", include("messaging.urls")),
    path("", include("clients.urls")),
    path("", include("interactions.urls")),
    path("", include("campaigns.urls")),
    path("", include("metrics.urls")),
    path("", include("corebanking.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sso/", include("allauth.socialaccount.urls")),
    path("accounts/sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("", include("bankcrm.api")),
    path("health/", health.live, name="health"),
    path("health/ready/", health.ready, name="health-ready"),
]

handler404 = "bankcrm.views.not_found"
handler403 = "bankcrm.views.forbidden"
handler500 = "bankcrm.views.failed"
