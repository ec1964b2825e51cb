"""Machines: how an application is made, and how it gets, uses and gives back a token."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application
from rest_framework.test import APIClient

from common.models import MachineScopes

pytestmark = pytest.mark.django_db

TOKEN = "/o/token/"


@pytest.fixture
def made(alice, capsys) -> dict:
    """What create_application prints."""
    call_command(
        "create_application",
        "core banking",
        "--as=alice",
        "--scope=clients:read",
        "--scope=contacts:read",
        "--json",
    )
    return json.loads(capsys.readouterr().out)


def ask(made: dict, **more):
    return Browser().post(TOKEN, {"grant_type": "client_credentials", **made, **more})


def bearer(token: str) -> APIClient:
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return caller


def test_a_machine_gets_a_token_and_reads_with_its_persons_sight(made, carla, nina):
    answer = ask(made, scope="clients:read")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["scope"], body["expires_in"]) == ("Bearer", "clients:read", 3600)
    listed = bearer(body["access_token"]).get("/api/v1/clients/").json()["results"]
    assert [row["number"] for row in listed] == ["N-1"]


def test_neither_secret_nor_token_is_stored_in_clear(made):
    token = ask(made).json()["access_token"]
    application = Application.objects.get()
    assert made["client_secret"] not in application.client_secret
    assert identify_hasher(application.client_secret).algorithm == "argon2"
    assert AccessToken.objects.get().token == ""
    assert token not in str(AccessToken.objects.values())


def test_without_naming_scopes_a_machine_gets_all_it_was_granted_and_never_more(made):
    assert set(ask(made).json()["scope"].split()) == {"clients:read", "contacts:read"}
    refused = ask(made, scope="clients:read clients:write")
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_scope"


def test_without_a_row_of_granted_scopes_nothing_is_given(made):
    MachineScopes.objects.all().delete()
    assert ask(made, scope="clients:read").status_code == 400


def test_a_wrong_secret_or_an_unknown_application_gets_401(made):
    for wrong in ({"client_secret": "guess"}, {"client_id": "nobody"}):
        answer = ask(made | wrong)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "implicit", ""])
def test_no_other_grant_is_known(made, grant):
    answer = ask(made, grant_type=grant, username="alice", password="x", code="x", refresh_token="x")
    assert answer.status_code == 400
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("kind", ["public", "authorization-code"])
def test_applications_of_another_kind_get_no_token(made, kind):
    if kind == "public":
        Application.objects.update(client_type=Application.CLIENT_PUBLIC)
    else:
        Application.objects.update(authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE)
    assert ask(made).status_code in (400, 401)


@pytest.mark.parametrize("lost", [{"is_active": False}, {"role": ""}])
def test_when_the_person_leaves_the_machine_is_out_at_once(made, alice, carla, lost):
    token = ask(made).json()["access_token"]
    assert bearer(token).get("/api/v1/clients/").status_code == 200
    type(alice).objects.filter(pk=alice.pk).update(**lost)
    assert bearer(token).get("/api/v1/clients/").status_code == 401
    assert ask(made).status_code == 400


def test_an_application_of_nobody_gets_nothing(made):
    token = ask(made).json()["access_token"]
    Application.objects.update(user=None)
    assert bearer(token).get("/api/v1/clients/").status_code == 401
    assert ask(made).status_code == 400


def test_an_expired_token_is_refused(made):
    token = ask(made).json()["access_token"]
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert bearer(token).get("/api/v1/me/").status_code == 401


def test_a_bad_token_does_not_fall_back_to_a_session(alice):
    caller = APIClient()
    caller.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert caller.get("/api/v1/me/", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_tokens_in_the_address_or_in_the_body_are_not_read(made):
    token = ask(made).json()["access_token"]
    assert APIClient().get("/api/v1/me/", {"access_token": token}).status_code == 401
    assert APIClient().post("/api/v1/contacts/", {"access_token": token}).status_code == 401


def test_a_revoked_token_is_refused(made):
    token = ask(made).json()["access_token"]
    assert Browser().post("/o/revoke_token/", {**made, "token": token}).status_code == 200
    assert bearer(token).get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    "page",
    ["authorize/", "applications/", "applications/register/", "authorized_tokens/", "introspect/", "device/"],
)
def test_the_toolkits_own_pages_do_not_exist(client, erin, page):
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/o/{page}").status_code == 404


def test_tries_at_a_secret_are_limited(monkeypatch):
    monkeypatch.setattr("common.api.machines.TRIES", "2/day")
    guess = {"grant_type": "client_credentials", "client_id": "core", "client_secret": "x"}
    codes = [Browser().post(TOKEN, guess).status_code for _turn in range(3)]
    assert codes == [401, 401, 429]
    assert Browser().post(TOKEN, guess | {"client_id": "other"}).status_code == 401


def test_the_command_says_that_the_secret_is_shown_once(alice, capsys):
    call_command("create_application", "core banking", "--as=alice", "--scope=clients:read")
    told = capsys.readouterr().out
    application = Application.objects.get()
    assert application.client_id in told
    assert "not kept" in told
    assert (application.user, application.name) == (alice, "core banking")
    assert (application.client_type, application.authorization_grant_type) == (
        "confidential",
        "client-credentials",
    )


def test_the_command_refuses_unknown_scopes_and_people_who_cannot_act(alice, gus):
    with pytest.raises(CommandError, match="clients:read"):
        call_command("create_application", "core", "--as=alice", "--scope=everything")
    with pytest.raises(CommandError, match="nobody"):
        call_command("create_application", "core", "--as=nobody", "--scope=clients:read")
    with pytest.raises(CommandError, match="role"):
        call_command("create_application", "core", "--as=gus", "--scope=clients:read")
    assert not Application.objects.exists()
