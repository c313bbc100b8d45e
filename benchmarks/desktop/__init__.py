"""The donor's application beside BOINC's manager and client: memory, processor, wakeups, first window."""
