"""`sparecloud relay`: a message bus for the market, and a meeting point for the private network of each open lease."""
