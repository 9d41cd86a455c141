"""A sweep: many runs by one command. Nothing here imports TensorFlow until a run must be trained."""
