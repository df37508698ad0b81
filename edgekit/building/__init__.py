"""A recipe's way from training to a report: plan, steps, run folder, evaluation."""
