"""Whether it may go out: the checks, and the bundle that a service loads."""
