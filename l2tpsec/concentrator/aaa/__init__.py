"""Authentication, authorization and accounting over the `radius` package."""
