"""Several homes, routers, relays and a chain on one Linux machine, for breaking things between them."""
