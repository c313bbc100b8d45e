"""The message bus: offers on a public board, sealed letters between peers. The only place that imports nats."""
