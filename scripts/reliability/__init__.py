"""What the page docs/reliability.md says, made by programs."""
