"""Files of clients, and a way to load one."""

import pytest

from corebanking.services import import_path

HEAD = "client_number,kind,name,birth_date,document_number,phone,email,branch_code,manager_staff_number,tier,status\n"
GOOD = (
    "K1,person,Chen Meilin,1972-05-20,AB12345,+34600111222,m@kiln.example,NORTH,alice,private,active\n"
    "K2,person,Þórdís Guðmundsdóttir,--02-29,,,,NORTH,alice,gold,active\n"
    "K3,organisation,Maderas del Paraná S.A.,,,,,NORTH,,,\n"
)


@pytest.fixture
def load(tmp_path, erin, north, alice):
    def _load(text, kind="clients", name="file.csv", **more):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_path(actor=erin, kind=kind, path=path, **more)

    return _load
