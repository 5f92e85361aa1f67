//! What is left to do after a defect: say where, and stop.

use crate::board;
use core::panic::PanicInfo;

/// Says the place only: formatting the message would take more flash than the kernels.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(place) = info.location() {
        defmt::println!(
            "error: stopped at {=str}:{=u32}",
            place.file(),
            place.line()
        );
    }
    board::exit(board::Exit::Failure)
}
