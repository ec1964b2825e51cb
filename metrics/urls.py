from django.urls import path

from metrics.views import campaigns, dashboard

urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/month/", dashboard.dashboard_month, name="dashboard-month"),
    path("dashboard/clients/", dashboard.dashboard_clients, name="dashboard-clients"),
    path("dashboard/export/", dashboard.dashboard_export, name="dashboard-export"),
    path("dashboard/own/", dashboard.dashboard_own, name="dashboard-own"),
    path("campaigns/<str:code>/review/", campaigns.campaign_review, name="campaign-review"),
    path(
        "campaigns/<str:code>/review/export/", campaigns.campaign_review_export, name="campaign-review-export"
    ),
]
