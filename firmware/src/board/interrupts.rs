//! The interrupts of a Cortex-M whose chip has no crate here that names them.

/// Interrupts in the table, none of which is ever enabled.
const INTERRUPTS: usize = 32;

// SAFETY: cortex-m-rt defines it, without arguments.
unsafe extern "C" {
    /// The start-up code's: stops.
    fn DefaultHandler();
}

// SAFETY: the section is the start-up code's place for exactly this table, behind the exceptions,
// and no other symbol has the name. A shorter table than its own saves 832 bytes of flash.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); INTERRUPTS] = [DefaultHandler; INTERRUPTS];
