"""The import of clients and of everything that the bank's export says of them."""

from corebanking.kinds.clients.kind import Clients

__all__ = ["Clients"]
