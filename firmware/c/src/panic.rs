//! What happens where something is wrong that no status tells: a defect of this library.

use core::panic::PanicInfo;

/// Stays here, so that a debugger or a watchdog finds it. Says nothing: words for it take flash.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Ends a desktop's program, so that a test finds it.
#[cfg(not(target_os = "none"))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: the function of C's library.
    unsafe extern "C" {
        safe fn abort() -> !;
    }
    abort()
}
