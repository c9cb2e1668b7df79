"""The choices of a search: which quantizers and sizes each layer may have."""
