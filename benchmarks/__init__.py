"""What is measured and simulated, beside what is tested."""
