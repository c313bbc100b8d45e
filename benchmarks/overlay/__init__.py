"""The lease network beside what else could have been shipped: bytes, processor time, delay, and Spark."""
