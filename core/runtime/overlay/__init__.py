"""The encrypted network of a cluster: Nebula's certificates, settings and rules, and the containers that run it."""
