"""Facts on the Keras model of a graph beyond the graph's integers; Keras itself is not needed."""
