"""Access to the machine: files, processes, locks, limits, terminals and optional packages."""
