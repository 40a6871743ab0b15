"""Networks built from layers, and the model file."""
