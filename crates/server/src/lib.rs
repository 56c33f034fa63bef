//! Composes the services behind one listener and owns the order of start and stop.
