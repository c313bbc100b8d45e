"""TPC-H on a rented cluster, its 22 answers checked against DuckDB's."""
