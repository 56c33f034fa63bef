//! Table tests follow in their own step.
