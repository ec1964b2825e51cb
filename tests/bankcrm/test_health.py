"""What a load balancer is told."""

import pytest
from django.db import DatabaseError
from redis.exceptions import ConnectionError as RedisDown

from bankcrm import health


def test_live_answers_without_login_and_without_a_server(client):
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_says_that_all_parts_work(client, db):
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "redis": "ok", "migrations": "ok"}


@pytest.mark.parametrize(
    ("target", "error", "part"),
    [("connection", DatabaseError("secret host"), "database"), ("cache", RedisDown("secret host"), "redis")],
)
def test_ready_names_the_part_that_fails_and_nothing_else(client, db, monkeypatch, target, error, part):
    class Broken:
        def __getattr__(self, name):
            raise error

    monkeypatch.setattr(health, target, Broken())
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json()[part] == "failed"
    assert "secret" not in answer.content.decode()
