//! See the library.

fn main() -> std::process::ExitCode {
    fuzz::run(std::env::args().skip(1))
}
