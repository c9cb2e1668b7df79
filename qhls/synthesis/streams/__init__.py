"""Area of designs of streams: memories, FIFOs and the logic that moves tokens."""
