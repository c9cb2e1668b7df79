"""Loading of HGQ2's models as models of qhls' and Keras' layers with the same numbers; HGQ2 need not be installed."""
