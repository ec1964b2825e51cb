"""The least that a page with a session can do: one indexed query and a table of so many rows."""

from django.http import HttpRequest, HttpResponse
from django.template import engines

from clients.models import Client

PAGE = engines["django"].from_string(
    "<!doctype html><title>Clients</title><table>{% for row in rows %}<tr><th>{{ row.name }}</th>"
    "<td>{{ row.number }}</td><td>{{ row.status }}</td><td>{{ row.last_reached_at }}</td>"
    "<td>{{ row.next_due_on }}</td></tr>{% endfor %}</table>"
)


def bare(request: HttpRequest, rows: int) -> HttpResponse:
    """Clients of the person's branch by name, through the whole middleware like any page."""
    clients = Client.objects.filter(branch=request.user.branch_id).order_by("sort_name", "pk")
    clients = clients.only("name", "number", "status", "last_reached_at", "next_due_on")[:rows]
    return HttpResponse(PAGE.render({"rows": clients}, request))
