"""Whether it still holds: live batches against the release."""
