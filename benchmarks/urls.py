"""The project's addresses and, beside them, the bare view that every page is measured against."""

from django.urls import include, path

from benchmarks.bare import bare

urlpatterns = [
    path("bare/<int:rows>/", bare, name="bare"),
    path("", include("bankcrm.urls")),
]

handler404 = "bankcrm.views.not_found"
handler403 = "bankcrm.views.forbidden"
handler500 = "bankcrm.views.failed"
