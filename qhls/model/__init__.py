"""Facts on a graph's Keras model that the graph does not contain, such as layers on the host; needs no Keras."""
