"""From overrides to a plan: Hydra composes, the parts are built, every learning rate is computed."""
