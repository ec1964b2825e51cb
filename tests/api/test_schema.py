"""The API's description: valid, complete, and readable under the site's Content-Security-Policy."""

import io
import re

import pytest
import yaml
from django.core.management import call_command

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict:
    out = io.StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return yaml.safe_load(out.getvalue())


def operations(schema: dict):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_description_is_valid_and_free_of_warnings(schema):
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/clients/{number}/" in schema["paths"]
    assert not [path for path in schema["paths"] if not path.startswith("/api/v1/")]


def test_every_operation_says_its_problems_and_who_may_call_it(schema):
    for path, method, operation in operations(schema):
        answers = operation["responses"]
        for code in ("401", "403", "429", "default"):
            assert list(answers[code]["content"]) == ["application/problem+json"], (path, method, code)
        assert "404" in answers or "{" not in path
        assert "409" in answers or method == "get"
        assert {name for part in operation["security"] for name in part} == {"oauth2", "cookieAuth"}, (
            path,
            method,
        )
        assert operation.get("description"), (path, method)


def test_scopes_of_the_description_are_those_that_are_asked(schema):
    asked = {
        operation["operationId"]: next(part["oauth2"] for part in operation["security"] if "oauth2" in part)
        for _path, _method, operation in operations(schema)
    }
    assert asked["clients_list"] == ["clients:read"]
    assert asked["clients_update"] == ["clients:write"]
    assert asked["clients_reveal_create"] == ["clients:reveal"]
    assert asked["contacts_void_create"] == ["contacts:write"]


def test_every_write_names_its_headers(schema):
    for path, method, operation in operations(schema):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotency-Key" in names) == (method in ("post", "put", "patch")), (path, method)
        assert "If-Match" in names or method not in ("put", "patch"), (path, method)


def test_lists_name_paging_and_their_filters(schema):
    names = {p["name"] for p in schema["paths"]["/api/v1/contacts/"]["get"]["parameters"]}
    assert {"cursor", "page_size", "ordering", "updated_since", "from", "to", "client", "staff"} <= names


def test_description_and_its_page_are_for_those_who_are_signed_in(client, alice):
    assert client.get("/api/schema/").status_code == 401
    sent = client.get("/api/docs/")
    assert sent.status_code == 302
    assert "/accounts/login/" in sent.headers["Location"]
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/schema/").status_code == 200


def test_the_page_needs_no_inline_script_or_style(client, alice):
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/api/docs/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    html = page.content.decode()
    assert "<style" not in html
    assert not re.search(r"\sstyle=|\son\w+=", html)
    sources = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.S)
    assert len(sources) == 3
    assert all("src=" in attributes and not body.strip() for attributes, body in sources)
    script = client.get(re.findall(r'src="([^"]*script[^"]*)"', html)[-1].replace("&amp;", "&"))
    assert script.status_code == 200
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in script.content.decode()
