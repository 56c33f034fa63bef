//! The axum glue that every service shares: client address, caller, bounded bodies, rate limits, the one outgoing client.
