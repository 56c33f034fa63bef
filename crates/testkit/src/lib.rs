//! A running server for tests.
