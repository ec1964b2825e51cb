"""The shared ground of every api.py. Read this first.

How to write an endpoint (the views are in `common.api.views`, the inputs in `common.api.serializers`;
this package's own names below are what settings.py points at, and may import no view: the framework reads
its settings while its views are still loading):

* A view is `ApiView` (one thing) or `ApiViewSet` (a collection; add `Listed`, `Retrieved`). Never the bare
  framework classes: these carry the transaction, Idempotency-Key, ETag, paging and the problem answers.
* `scopes = {"read": "clients:read", "write": "clients:write"}` on the view. An action may have its own
  entry by name: `{"reveal": "clients:reveal"}`. Machines need the scope, and without an entry they are
  refused; people need none. Whose clients are seen is never a matter of scopes: querysets start from
  `visible_to(request.user)`, and `request.user` of a machine is the person its application acts for.
* Hidden and absent are one answer: `self.get_object()` looks in `visible_to` (404); `self.get_editable()`
  looks in `editable_by` after that (403). In bodies use `VisibleField`, which says the same for both (400).
* Bodies go through `self.read(SomeInput)`: a `StrictSerializer`, which refuses unknown fields by name. One
  service does the work. Raise for every refusal, never return one: only what is raised is rolled back.
  Services' ValidationError, PermissionDenied, DoesNotExist and IntegrityError become problems by themselves;
  `field_names = {"client": "client_number"}` on the view renames fields of a service to those of the body.
* POST, PUT, PATCH and DELETE run in one transaction, so that nothing is half saved.
* Lists: `filterset_class`, `orderings = {"name": ("sort_name", "id")}` (columns that are never null, the last
  one unique, all the same way), `ordering = "name"`. Unknown query parameters are refused by name.
  `updated_since` comes from `history = (("clients.ClientEvent", "pgh_obj_id"), …)`.
* A single resource answers through `self.answer(instance)`, which sets its ETag; `self.get_editable()`
  compares If-Match (412), locking the row first.
* Everything raised is a problem (RFC 9457) in `application/problem+json`; `Problem(…)` is for what the
  framework has no exception for.
"""

from common.api.access import ApplicationAuthentication, PersonThrottle, ScopePermission
from common.api.pages import CursorPages
from common.api.problems import Problem, problem_details

__all__ = [
    "ApplicationAuthentication",
    "CursorPages",
    "PersonThrottle",
    "Problem",
    "ScopePermission",
    "problem_details",
]
