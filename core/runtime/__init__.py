"""Containers: images, the sandbox, Spark's masters, workers and drivers, the hardware probe.

The only place that imports docker. See docs/runtime.md.
"""
