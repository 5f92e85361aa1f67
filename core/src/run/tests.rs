mod exact;
mod refused;
