"""The machine: processes, locks, limits, terminals and optional packages."""
