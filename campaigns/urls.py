from django.urls import path

from campaigns import door_urls
from campaigns.views import segments

urlpatterns = [
    path("segments/", segments.segment_list, name="segment-list"),
    path("segments/add/", segments.segment_add, name="segment-add"),
    path("segments/look/", segments.segment_look, name="segment-look"),
    path("segments/<int:pk>/", segments.segment_detail, name="segment-detail"),
    path("segments/<int:pk>/export/", segments.segment_export, name="segment-export"),
    path("segments/<int:pk>/change/", segments.segment_change, name="segment-change"),
    path("segments/<int:pk>/drop/", segments.segment_drop, name="segment-drop"),
    path("segments/<int:pk>/restore/", segments.segment_restore, name="segment-restore"),
]

urlpatterns += door_urls.urlpatterns
