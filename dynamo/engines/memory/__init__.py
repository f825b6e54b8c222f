"""How much memory an engine will take: arithmetic that all engines share, without any engine."""
