from django.urls import path

from clients import views

urlpatterns = [
    path("clients/", views.client_list, name="client-list"),
    path("clients/export/", views.client_export, name="client-export"),
    path("clients/find/", views.client_find, name="client-find"),
    path("clients/open/", views.client_open, name="client-open"),
    path("points/<int:pk>/reveal/", views.point_reveal, name="point-reveal"),
    path("points/<int:pk>/", views.point_masked, name="point-masked"),
]
