"""The part that trains. Everything below imports TensorFlow, so nothing outside imports this until a run begins."""
