//! What C can do wrong is refused with a status.
