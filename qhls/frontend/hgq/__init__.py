"""Files of HGQ2: its models become models of qhls' and Keras' layers with the same numbers; HGQ2 is not needed."""
