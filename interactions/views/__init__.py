"""Pages: Today, contacts, the client file. One module a page."""
