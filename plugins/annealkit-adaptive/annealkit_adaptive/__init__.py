"""Optimizers that adapt: from Adam to SGD, without a rate to choose, without a schedule, or by the loss.

`annealkit_adaptive.optimizers` has the Keras classes, for any Keras program; `annealkit_adaptive.plugin` offers them to
annealkit. Nothing is imported here, because annealkit imports its plugins at every start.
"""
