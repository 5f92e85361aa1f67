//! What happens where something is wrong that no status tells: a defect of this library.

use core::panic::PanicInfo;

/// Stays here, so that a debugger or a watchdog finds it. Says nothing: words for it take flash.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
