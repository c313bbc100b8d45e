"""The sensors of a donor's machine: core.ports.Sensors, by a chain of providers for each thing that is sensed."""
