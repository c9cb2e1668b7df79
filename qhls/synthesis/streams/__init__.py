"""Area models of designs with streams: of memories, of FIFOs and of the logic that moves tokens."""
