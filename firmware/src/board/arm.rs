//! What a program on a Cortex-M needs before any board: its entry, and what a fault does.

pub use cortex_m::singleton;
pub use cortex_m_rt::entry;

// SAFETY: only the processor calls it, and it uses nothing that was interrupted but the log.
#[cortex_m_rt::exception(trampoline = false)]
unsafe fn HardFault() -> ! {
    super::stop_after_fault()
}
