"""Views and simulation of the C++ of stream designs, whose processes exchange tokens through FIFOs."""
