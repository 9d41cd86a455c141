"""The learning-rate curve: lengths of training, the rate of every weight update, a run that left another."""
