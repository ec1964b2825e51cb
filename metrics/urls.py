from django.urls import path

from metrics import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/month/", views.dashboard_month, name="dashboard-month"),
    path("dashboard/clients/", views.dashboard_clients, name="dashboard-clients"),
    path("dashboard/export/", views.dashboard_export, name="dashboard-export"),
    path("dashboard/own/", views.dashboard_own, name="dashboard-own"),
]
