from django.urls import path

from clients.views import add, consents, known, lists, people, sight

urlpatterns = [
    path("clients/", lists.client_list, name="client-list"),
    path("clients/export/", lists.client_export, name="client-export"),
    path("clients/find/", lists.client_find, name="client-find"),
    path("clients/open/", sight.client_open, name="client-open"),
    path("clients/add/", add.client_add, name="client-add"),
    path("points/<int:pk>/reveal/", lists.point_reveal, name="point-reveal"),
    path("points/<int:pk>/", lists.point_masked, name="point-masked"),
    # what is known
    path("client/<str:number>/known/", known.client_known, name="client-known"),
    path("client/<str:number>/known/<slug:what>/<int:pk>/undo/", known.known_undo, name="known-undo"),
    path("client/<str:number>/facts/add/", known.fact_add, name="fact-add"),
    path("facts/<int:pk>/", known.fact_change, name="fact-change"),
    path("facts/<int:pk>/forget/", known.fact_forget, name="fact-forget"),
    path("client/<str:number>/points/add/", known.point_add, name="point-add"),
    path("points/<int:pk>/change/", known.point_change, name="point-change"),
    path("points/<int:pk>/remove/", known.point_remove, name="point-remove"),
    path("client/<str:number>/dates/add/", known.date_add, name="date-add"),
    path("dates/<int:pk>/", known.date_change, name="date-change"),
    path("dates/<int:pk>/forget/", known.date_forget, name="date-forget"),
    path("core-says/<int:pk>/accept/", known.core_settle, {"what": "accept"}, name="core-accept"),
    path("core-says/<int:pk>/ignore/", known.core_settle, {"what": "ignore"}, name="core-ignore"),
    path("core-says/<int:pk>/heed/", known.core_settle, {"what": "heed"}, name="core-heed"),
    # people who belong together
    path("client/<str:number>/relations/add/", people.relation_add, name="relation-add"),
    path("client/<str:number>/relations/<int:pk>/remove/", people.relation_remove, name="relation-remove"),
    path("client/<str:number>/household/join/", people.household_join, name="household-join"),
    path("client/<str:number>/household/name/", people.household_name, name="household-name"),
    path("client/<str:number>/household/<int:pk>/leave/", people.household_leave, name="household-leave"),
    path("client/<str:number>/introducer/", people.introduction_change, name="introduction-change"),
    path("client/<str:number>/introducer/remove/", people.introduction_remove, name="introduction-remove"),
    # what is allowed and agreed
    path("client/<str:number>/consents/", consents.consent_list, name="consent-list"),
    path("client/<str:number>/consents/record/", consents.consent_record, name="consent-record"),
    path("client/<str:number>/agreement/", consents.agreement_change, name="agreement-change"),
    path("client/<str:number>/agreement/end/", consents.agreement_end, name="agreement-end"),
    path("unsubscribe/<str:token>/", consents.unsubscribe, name="unsubscribe"),
    # who may look
    path("client/<str:number>/restricted/", sight.file_restrict, name="file-restrict"),
    path("team/opened/", sight.opened_list, name="opened-list"),
    path("team/opened/<int:pk>/", sight.opened_review, name="opened-review"),
]
